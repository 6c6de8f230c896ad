//! The config: its location, its values, and the errors of a bad one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::{ANA, Home, bare, logged_in, shown, start};

#[test]
fn further_faults_name_file_line_and_key() {
    let home = Home::nowhere();
    let path = home.config_path();
    let path = path.to_str().unwrap();
    for (text, line, words) in [
        ("account = \"ana@example.org\"\nbox = 7", 2, "box"),
        ("[server]\nlogin = \"magic\"", 2, "login"),
        ("[server]\nconnect_to = \"here\"", 2, "connect_to"),
        ("[server]\ncolour = 1", 2, "colour"),
        ("\n\npassword_command = []", 3, "password_command"),
        ("account = ", 1, ""),
    ] {
        home.write_config(text);
        let begins = format!("{path}:{line}: ");
        home.run("sessions").fails(2, &[&begins, words]);
    }
    assert!(
        !home.store_path().exists(),
        "config is looked at before the store"
    );
}

#[test]
fn names_that_the_store_does_not_know_are_warnings() {
    let (_sandbox, home) = logged_in();
    home.config("account = \"eva@example.org\"");
    home.run("config check")
        .any_stdout()
        .stderr_has(&["no session for eva@example.org; run `aimharder login eva@example.org`"])
        .done();
    home.config("box = \"crosfitdemo\"");
    home.run("config check")
        .any_stdout()
        .stderr_has(&["the box \"crosfitdemo\" of the config is not known (known: crossfitdemo)"])
        .done();
    home.config("account = \"ana@example.org\"\nbox = \"boxdos\"\n[boxes.boxdos]\nid = 10555");
    home.run("config check").prints(&[": OK\n"]);
}

#[test]
fn a_named_file_must_be_there() {
    let home = Home::nowhere();
    home.run("sessions")
        .env("AIMHARDER_CONFIG", "/nowhere.toml")
        .fails(2, &["/nowhere.toml"]);
    home.run("sessions").env("AIMHARDER_CONFIG", "").succeeds();
    home.run("sessions --config /")
        .fails(2, &["cannot read the config"]);
    home.run("sessions --config /dev/zero")
        .fails(2, &["/dev/zero: cannot read the config: over 1 MiB"]);
    home.write("latin1.toml", "");
    std::fs::write(home.path().join("latin1.toml"), b"account = \"\xe9\"").unwrap();
    home.run("sessions --config")
        .arg(home.path().join("latin1.toml"))
        .fails(2, &[":1: not UTF-8"]);
}

#[test]
fn the_default_places() {
    let (_sandbox, home) = logged_in();
    let config = home.write("elsewhere/aimharder/config.toml", "acount = 1");
    let folder = config.parent().unwrap().to_owned();
    home.run("sessions")
        .env("XDG_CONFIG_HOME", home.path().join("elsewhere"))
        .fails(2, &["elsewhere", "acount"]);
    home.run("sessions")
        .env("CONFIGURATION_DIRECTORY", &folder)
        .fails(2, &["acount"]);
    home.run("sessions").env("XDG_CONFIG_HOME", "").succeeds();
    home.run("sessions")
        .env("CONFIGURATION_DIRECTORY", "")
        .succeeds();
    let state = home.path().join("state");
    home.run("sessions")
        .env("STATE_DIRECTORY", &state)
        .prints(&["no sessions"]);
    assert!(state.join("aimharder.db").exists());
    home.run("sessions")
        .env("XDG_STATE_HOME", &state)
        .prints(&["no sessions"]);
    assert!(state.join("aimharder/aimharder.db").exists());
    home.run("sessions")
        .env("AIMHARDER_STORE", home.store_path())
        .prints(&["ACCOUNT"]);
    let not_utf8 = home.path().join(OsStr::from_bytes(b"\xff.db"));
    home.run("boxes set demo --opens 4d")
        .env("AIMHARDER_STORE", &not_utf8)
        .any_stderr()
        .prints(&["demo"]);
    assert!(not_utf8.exists());
}

#[test]
fn a_flag_takes_precedence_over_its_variable_and_that_over_the_config() {
    let (_sandbox, home) = logged_in();
    home.config("account = \"nobody@example.org\"\nbox = \"nowhere\"");
    let run = || home.run("classes --day +3");
    run().fails(3, &["nobody@example.org"]);
    let with = run().env("AIMHARDER_ACCOUNT", ANA);
    with.clone().fails(6, &["nowhere"]);
    with.clone().env("AIMHARDER_BOX", "").fails(6, &["nowhere"]);
    with.env("AIMHARDER_BOX", "crossfitdemo").succeeds();
    run()
        .env("AIMHARDER_ACCOUNT", "x@example.org")
        .args("--account ana@example.org --box crossfitdemo")
        .succeeds();
}

#[test]
fn variables_that_cannot_be_used() {
    let home = Home::nowhere();
    home.run("sessions")
        .env("AIMHARDER_ACCOUNT", "ana")
        .usage(&["AIMHARDER_ACCOUNT"]);
    home.run("sessions")
        .env("AIMHARDER_BOX", "a.b")
        .usage(&["AIMHARDER_BOX"]);
    home.run("sessions")
        .env("AIMHARDER_BOX", "")
        .env("AIMHARDER_ACCOUNT", "")
        .succeeds();
}

#[test]
fn a_ca_file_counts_from_the_configs_folder() {
    let (_sandbox, home) = start();
    home.write_config("[server]\nca_file = \"no-ca.pem\"");
    let missing = home.config_path().with_file_name("no-ca.pem");
    let words = ["config.toml:2: server.ca_file", missing.to_str().unwrap()];
    // reported at once, not only by the first command that asks the platform
    home.run("sessions").fails(2, &words);
    home.write(".config/aimharder/no-ca.pem", "no certificate");
    home.run("sessions").fails(2, &words);
    // a FIFO or device could be read forever
    home.write_config("[server]\nca_file = \"/dev/null\"");
    home.run("sessions")
        .fails(2, &[words[0], "/dev/null: not a file"]);
    home.write_config("[server]\nca_file = \"no-ca.pem\"");
    let broken = "-----BEGIN CERTIFICATE-----\nno base64\n-----END CERTIFICATE-----\n";
    home.write(".config/aimharder/no-ca.pem", broken);
    home.login("").fails(2, &words[1..]);
}

#[test]
fn the_configs_secrets_are_not_quoted() {
    let home = Home::nowhere();
    for text in [
        "[server]\nproxy = \"http://me:hunter2@\"",
        "[[notify]]\ndiscord = \"hunter2\"",
        "password_command = { a = \"hunter2\" }",
    ] {
        home.write_config(text);
        let printed = home.run("sessions").fails(2, &[]);
        assert!(!printed.stderr.contains("hunter2"), "{}", printed.stderr);
    }
}

/// Dotfiles are often links: one that leads nowhere (or into a folder that a unit does not see) must not pass for none.
#[test]
fn a_link_to_nowhere_is_no_missing_config() {
    let home = Home::nowhere();
    let place = home.config_path();
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("dotfiles/config.toml", &place).unwrap();
    home.run("sessions")
        .fails(2, &["config.toml", "cannot read the config"]);
    assert!(!home.store_path().exists());
}

#[test]
fn a_narrow_terminal_cuts_no_value_and_no_source() {
    let (_sandbox, home) = logged_in();
    let line = "[boxes.crossfitdemo]\nlead = \"90m\"";
    home.config(line);
    let path = home.config_path();
    let text = bare(&shown(&home, 60, &[], "config show"));
    let lead = format!("boxes.crossfitdemo.lead = 90m\n    {}:", path.display());
    assert!(text.contains(&lead), "{text}");
    assert!(!text.contains('…'), "{text}");
}
