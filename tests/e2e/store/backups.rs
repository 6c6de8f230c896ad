//! Copies of the store: complete, private, and used on another machine; and the commands of the chapter "Security", run
//! unchanged.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::Connection;
use serde_json::json;

use crate::store::encryption::{KEY, encrypted, has_key, secrets};
use crate::support::{ANA_PASSWORD, Home, Sandbox, found, logged_in, mode, set_mode};

/// A home that has only a copy of the store, as on another machine.
fn moved(sandbox: &Sandbox, copy: &Path) -> Home {
    let there = Home::new(sandbox);
    fs::create_dir_all(there.store_path().parent().unwrap()).unwrap();
    fs::copy(copy, there.store_path()).unwrap();
    there
}

#[test]
fn copies_are_whole_private_and_replace_nothing() {
    let (sandbox, home) = logged_in();
    let copy = home.path().join("copy.db");
    let printed = home.run("store backup").arg(&copy).json();
    assert_eq!(
        (&printed["backup"], &printed["encrypted"]),
        (&json!(copy), &json!(false))
    );
    assert_eq!(mode(&copy), 0o600);
    let before = fs::read(&copy).unwrap();
    home.run("store backup")
        .arg(&copy)
        .fails(2, &["exists, and nothing is overwritten"]);
    assert_eq!(fs::read(&copy).unwrap(), before);
    let half = home.write("other.db.new", "another user's");
    home.run("store backup")
        .arg(home.path().join("other.db"))
        .fails(2, &["other.db.new exists"]);
    assert_eq!(fs::read(&half).unwrap(), b"another user's");
    fs::remove_file(&half).unwrap();
    let nowhere = home.path().join("no/copy.db");
    home.run("store backup")
        .arg(&nowhere)
        .fails(1, &["cannot copy the store to"]);
    std::os::unix::fs::symlink("nowhere", home.path().join("link")).unwrap();
    home.run("store backup")
        .arg(home.path().join("link"))
        .fails(2, &["exists, and nothing is overwritten"]);
    let left: Vec<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains(".new")),
        "{left:?}"
    );
    // an encrypted store has encrypted copies
    encrypted(&home);
    let encrypted_copy = home.path().join("sealed.db");
    home.run("store backup")
        .arg(&encrypted_copy)
        .prints(&["its logins are encrypted"]);
    for secret in secrets(&sandbox) {
        assert_eq!(
            found(&secret, std::slice::from_ref(&encrypted_copy)),
            Vec::<PathBuf>::new()
        );
    }
    let there = moved(&sandbox, &encrypted_copy);
    there.run("classes --day +3").fails(2, &["no key is known"]);
    has_key(&there, KEY);
    there.run("classes --day +3").succeeds();
    assert_eq!(there.ask("PRAGMA journal_mode"), "wal");
}

#[test]
fn a_copy_is_whole_while_others_write() {
    let (_sandbox, home) = logged_in();
    let writers: Vec<_> = (0..4)
        .map(|_| home.run("refresh --force --rate 0").any_stderr().spawn())
        .collect();
    for n in 0..4 {
        let copy = home.path().join(format!("copy{n}.db"));
        home.run("store backup").arg(&copy).succeeds();
        let db = Connection::open(&copy).unwrap();
        let sound: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        let rows: i64 = db
            .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
            .unwrap();
        assert_eq!((sound.as_str(), rows), ("ok", 2));
    }
    for writer in writers {
        writer.unchecked();
    }
}

/// The command blocks of the chapter, in order.
fn blocks() -> Vec<String> {
    let chapter = concat!(env!("CARGO_MANIFEST_DIR"), "/src/docs/security.md");
    let chapter = fs::read_to_string(chapter).unwrap();
    let fenced = chapter.split("```sh\n").skip(1);
    fenced
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Runs a block as a user would: in a shell, in the home folder, with `aimharder` and a stand-in for `pass` on the PATH.
fn type_in(home: &Home, lines: &str) {
    let pass = home.write(
        "bin/pass",
        "#!/bin/sh\ncase $1 in insert) umask 077; cat > ~/kept;; show) cat ~/kept;; esac\n",
    );
    set_mode(&pass, 0o700);
    let ours = Path::new(env!("CARGO_BIN_EXE_aimharder")).parent().unwrap();
    let path = format!(
        "{}:{}:/usr/bin:/bin",
        home.path().join("bin").display(),
        ours.display()
    );
    let ran = Command::new("sh")
        .args(["-euc", lines])
        .current_dir(home.path())
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", path)
        .env("AIMHARDER_PASSWORD", ANA_PASSWORD)
        .output()
        .unwrap();
    assert!(
        ran.status.success() && ran.stderr.is_empty(),
        "{lines}{ran:?}"
    );
}

#[test]
fn the_commands_of_the_security_chapter_work() {
    let (sandbox, home) = logged_in();
    let mut blocks = blocks();
    // for servers whose systemd has the key
    blocks.retain(|lines| !lines.contains("systemd-run"));
    let [encrypt, backup, restore, log_in, wipe] = blocks.as_slice() else {
        panic!("{blocks:?}");
    };
    type_in(&home, encrypt);
    assert_eq!(home.ask("SELECT count(*) FROM seal"), "1");
    let path = format!("{}:/usr/bin:/bin", home.path().join("bin").display());
    home.run("refresh --force").env("PATH", &path).done();
    type_in(&home, backup);

    let there = Home::new(&sandbox);
    for name in ["aimharder-copy.db", "kept", ".config/aimharder/config.toml"] {
        fs::copy(home.path().join(name), there.path().join(name)).unwrap();
    }
    type_in(&there, restore);
    let config = fs::read_to_string(there.config_path()).unwrap();
    there.write_config(&format!("background_salt = \"there\"\n{config}"));
    type_in(&there, log_in);
    let stands_in = there.write("bin/pass", "#!/bin/sh\ncat ~/kept\n");
    set_mode(&stands_in, 0o700);
    let other = format!("{}:/usr/bin:/bin", there.path().join("bin").display());
    for (machine, path) in [(&there, &other), (&home, &path), (&there, &other)] {
        machine
            .run("refresh --force --session background")
            .env("PATH", path)
            .done();
        machine.run("classes --day +3").env("PATH", path).succeeds();
    }
    type_in(&home, wipe);
    assert!(!home.store_path().parent().unwrap().exists());
    home.run("sessions").prints(&["no sessions"]);
}

/// As in a crontab with a wrong HOME.
#[test]
fn a_missing_store_is_neither_made_nor_copied() {
    let home = Home::nowhere();
    let copy = home.path().join("copy.db");
    home.run("store backup")
        .arg(&copy)
        .fails(3, &["no store at", "aimharder.db", "aimharder login"]);
    assert!(!copy.exists());
    assert!(!home.store_path().exists());
}

/// A part of a copy would keep the same command from being repeated.
#[test]
fn a_signal_during_a_copy_leaves_no_part_of_it() {
    let (_sandbox, home) = logged_in();
    let terminates = home.library(
        "terminates",
        r#"
        #define _GNU_SOURCE
        #include <signal.h>
        #include <stdio.h>
        #include <string.h>
        #include <time.h>
        #include <unistd.h>
        int fsync(int fd) {
            char link[64], name[4096] = "";
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            if (readlink(link, name, sizeof name - 1) > 0 && strstr(name, "copy.db.new")) {
                kill(getpid(), SIGTERM);
                struct timespec rest = {0, 300000000};
                while (nanosleep(&rest, &rest)) {}
            }
            return 0;
        }
        "#,
    );
    let copy = home.path().join("copy.db");
    let run = home.run("store backup").arg(&copy);
    let run = run.env("LD_PRELOAD", terminates).any_stderr();
    run.status(143).done();
    assert!(!home.path().join("copy.db.new").exists());
    assert!(copy.exists());
}

/// For SQLite `file:x` is a URI and `:memory:` is not a file; for a user both are names of files.
#[test]
fn odd_names_are_names_of_files() {
    let (_sandbox, home) = logged_in();
    let elsewhere = home.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(&elsewhere)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    for name in ["file:copy.db", ":memory:", "file:other.db?mode=memory"] {
        let there = |args: &str| {
            let mut run = home.run(args).arg(name).command();
            let output = run.current_dir(&elsewhere).output().unwrap();
            assert!(output.status.success(), "{name}: {output:?}");
            String::from_utf8(output.stdout).unwrap()
        };
        there("store backup");
        assert_eq!(names(), [name]);
        let copy = elsewhere.join(name);
        assert_eq!(mode(&copy), 0o600);
        let rows: i64 = Connection::open(&copy)
            .unwrap()
            .query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 2, "{name}");
        // and a store of that name is that file
        let printed: serde_json::Value =
            serde_json::from_str(&there("sessions --json --store")).unwrap();
        assert_eq!(printed["sessions"].as_array().unwrap().len(), 2, "{name}");
        for entry in names() {
            let path = elsewhere.join(entry);
            fs::remove_file(&path)
                .or_else(|_| fs::remove_dir_all(&path))
                .unwrap();
        }
    }
}

#[test]
fn a_copy_may_have_a_name_that_is_not_utf_8() {
    let (_sandbox, home) = logged_in();
    let folder = home.path().join("copies");
    fs::create_dir(&folder).unwrap();
    let name = folder.join(OsString::from_vec(b"copy-\xff.db".to_vec()));
    let run = home.run("store backup").arg(name.into_os_string());
    run.succeeds();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    let copy = fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
    let shown = home.run("config show --store").arg(copy.path()).json();
    assert_eq!(shown["values"][1]["key"], "store");
    let status = home.status("--offline --store").arg(copy.path()).json();
    assert_eq!(status["store"]["usable"], true, "{status}");
}
