//! `--system`: the store and the config of the installed service.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;

use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Home, Run, Sandbox, set_mode, start};

/// A home in which the service is installed below the folder `root`.
fn installed() -> (Sandbox, Home, PathBuf) {
    let (sandbox, home) = start();
    let root = home.path().join("root");
    let config = fs::read_to_string(home.config_path()).unwrap();
    home.write("root/etc/aimharder/config.toml", &config);
    fs::remove_file(home.config_path()).unwrap();
    let state = root.join("var/lib/aimharder");
    fs::create_dir_all(&state).unwrap();
    set_mode(&state, 0o700);
    (sandbox, home, state)
}

fn run(home: &Home, args: &str) -> Run {
    let root = home.path().join("root");
    home.run(args).env("AIMHARDER_TEST_ROOT", root)
}

#[test]
fn commands_use_the_store_and_the_config_of_the_service() {
    let (_sandbox, home, state) = installed();
    let printed = run(&home, "classes --system").fails_with(3, &["login --system"]);
    printed.done();
    let login = run(&home, "--system login ana@example.org --password-stdin").stdin(ANA_PASSWORD);
    assert_eq!(login.json()["account"], ANA);
    assert!(state.join("aimharder.db").exists());
    assert!(!home.store_path().exists());
    // the variables name the person's own files
    let sessions = run(&home, "sessions --system").env("AIMHARDER_STORE", "/nowhere/x.db");
    let sessions = sessions.env("AIMHARDER_CONFIG", "/nowhere/x.toml").json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2);
    run(&home, "bookings --system")
        .stdout("nothing booked\n")
        .done();
    let shown = run(&home, "config show --system").json();
    assert_eq!(
        shown["values"][1]["value"],
        json!(state.join("aimharder.db"))
    );
    assert_eq!(shown["values"][1]["source"], "flag --system");
    // without a config the defaults apply
    fs::remove_file(home.path().join("root/etc/aimharder/config.toml")).unwrap();
    run(&home, "sessions --system").succeeds();
}

#[test]
fn a_service_that_is_not_installed_is_an_error() {
    let (_sandbox, home) = start();
    let words = ["there is no folder", "root/var/lib/aimharder", "install.sh"];
    for args in ["sessions", "classes", "refresh", "status", "config show"] {
        run(&home, args).arg("--system").fails(2, &words);
    }
    run(&home, "completions bash --system").succeeds();
    for flag in ["--store x.db", "--config x.toml"] {
        let both = run(&home, &format!("{flag} sessions --system"));
        both.usage(&["--system names the config and the store"]);
    }
}

#[test]
fn the_user_of_the_service_acts() {
    let (_sandbox, home, state) = installed();
    if chown(&state, Some(65534), Some(65533)).is_ok() {
        home.tool("setpriv", "printf '%s\\n' \"$HOME\" \"$@\" > $STUB");
        let stub = home.path().join("stub");
        let path = format!("{}:/usr/bin:/bin", home.path().join("tools").display());
        let run = run(&home, "sessions --system --json").env("PATH", path);
        run.env("STUB", &stub).done();
        let words = fs::read_to_string(stub).unwrap();
        let binary = env!("CARGO_BIN_EXE_aimharder");
        let expected = format!(
            "{}\n--reuid=65534\n--regid=65533\n--clear-groups\n--\n{binary}\nsessions\n--system\n--json\n",
            state.display()
        );
        assert_eq!(words, expected);
        let run = self::run(&home, "sessions --system").env("PATH", "/nowhere");
        run.fails(1, &["cannot run setpriv"]);
    } else {
        // not root: a folder that belongs to it
        fs::remove_dir(&state).unwrap();
        symlink("/usr", &state).unwrap();
        let run = run(&home, "sessions --system");
        run.fails(1, &["belongs to another user (uid 0)", "sudo"]);
    }
}

#[test]
fn the_key_of_an_encrypted_store_needs_systemd() {
    let (_sandbox, home, _state) = installed();
    let path = home.path().join("root/etc/aimharder/config.toml");
    let config = fs::read_to_string(&path).unwrap();
    let key = "0123456789abcdef".repeat(4);
    fs::write(
        &path,
        format!("{config}\n[store]\nkey_command = \"echo {key}\"\n"),
    )
    .unwrap();
    let login = run(&home, "login ana@example.org --system --password-stdin").stdin(ANA_PASSWORD);
    login.json();
    run(&home, "store encrypt --system").json();
    run(&home, "bookings --system")
        .stdout("nothing booked\n")
        .done();
    fs::write(&path, config).unwrap();
    let words = [
        "the key of the service's store is a systemd credential; run: sudo systemd-run --pipe --wait",
        "-p User=aimharder",
        "aimharder-key:/etc/aimharder/store.key",
        "classes --class 'open box'",
    ];
    run(&home, "classes --system --class")
        .arg("open box")
        .fails(2, &words);
    let printed = run(&home, "bookings --system")
        .fails_with(2, &words[..3])
        .json();
    assert_eq!(printed["error"]["kind"], "usage");
    // what needs no key works
    run(&home, "sessions --system").succeeds();
    run(&home, "store decrypt --forget-logins --system").succeeds();
}
