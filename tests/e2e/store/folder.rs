//! The directory of the store and the files in it: no other user can put something there that is followed or opened.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;

use crate::support::{Home, logged_in, mode, set_mode};

const NOBODY: u32 = 65534;

fn beside(home: &Home, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", home.store_path().display()))
}

/// Every kind of command refuses the store, `status` included, and changes nothing.
fn refused(home: &Home, words: &[&str]) {
    let before = fs::read(home.store_path()).ok();
    for args in [
        "sessions",
        "bookings",
        "refresh",
        "prebook run",
        "boxes set x --id 1",
        "store backup copy.db",
    ] {
        home.run(args).fails(1, words);
    }
    let output = home.run("status --offline").ends(1);
    for word in words {
        // the text of a problem is wrapped to the width of the screen
        let text = output.stdout.split_whitespace().collect::<Vec<_>>();
        assert!(text.join(" ").contains(word), "{word:?}: {output:?}");
    }
    assert_eq!(fs::read(home.store_path()).ok(), before);
}

#[test]
fn directory_that_others_can_write_to_is_refused() {
    let (_sandbox, home) = logged_in();
    let folder = home.store_path().parent().unwrap().to_owned();
    let line = format!("run: chmod 700 {}", folder.display());
    for mode in [0o770, 0o702, 0o777] {
        set_mode(&folder, mode);
        let shown = format!("others can write to it (mode {mode:o})");
        refused(&home, &[&shown, &line]);
    }
    // a directory for all users, such as /tmp, is not to be changed
    set_mode(&folder, 0o1777);
    let own = folder.join("aimharder").display().to_string();
    let line = format!("mkdir {own} && chmod 700 {own}");
    refused(&home, &["others can write to it (mode 1777)", &line]);
    set_mode(&folder, 0o755);
    assert_eq!(home.sessions().len(), 2);
    let locks = beside(&home, ".locks");
    set_mode(&locks, 0o720);
    let line = format!("chmod 700 {}", locks.display());
    refused(&home, &["lock directory", "(mode 720)", &line]);
}

#[test]
fn no_store_is_created_in_a_directory_that_others_can_write_to() {
    let home = Home::nowhere();
    let folder = home.path().join("open");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o770);
    home.run("boxes set x --id 1 --store")
        .arg(folder.join("s.db"))
        .fails(1, &["others can write to it (mode 770)", "chmod 700"]);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    // one that they can only read is left as it is
    set_mode(&folder, 0o755);
    let store = folder.join("s.db");
    home.run("boxes set x --id 1 --store").arg(&store).ends(0);
    assert_eq!((mode(&folder), mode(&store)), (0o755, 0o600));
    // what is above it does not matter
    set_mode(&folder, 0o770);
    let own = folder.join("own");
    let store = own.join("s.db");
    home.run("boxes set x --id 1 --store").arg(&store).ends(0);
    assert_eq!(mode(&own), 0o700);
}

/// The link's target has to stay as it is, whichever file of the program the link replaces.
#[test]
fn links_in_place_of_files_are_not_followed() {
    let (_sandbox, home) = logged_in();
    let target = home.write("precious", "precious");
    let folder = home.path().join("folder");
    fs::create_dir(&folder).unwrap();
    for suffix in ["-wal", "-shm", "-journal", ".locks"] {
        let (file, moved) = (beside(&home, suffix), home.path().join("moved"));
        let existed = fs::rename(&file, &moved).is_ok();
        let to = if suffix == ".locks" { &folder } else { &target };
        symlink(to, &file).unwrap();
        refused(&home, &[&file.display().to_string(), "it is a link"]);
        fs::remove_file(&file).unwrap();
        if existed {
            fs::rename(&moved, &file).unwrap();
        }
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);

    // the lock files of sessions and of runs
    for entry in fs::read_dir(beside(&home, ".locks")).unwrap() {
        let lock = entry.unwrap().path();
        fs::remove_file(&lock).unwrap();
        symlink(&target, &lock).unwrap();
    }
    let failed = home.run("refresh --force").any_stdout().any_stderr();
    failed.status(1).done();
    home.login("--only device")
        .fails(1, &["cannot use the lock", "it is a link"]);
    home.run("sessions").succeeds();
    // the lock of a migration
    home.sql("PRAGMA user_version = 3");
    fs::remove_file(beside(&home, ".lock")).unwrap();
    symlink(&target, beside(&home, ".lock")).unwrap();
    home.run("sessions")
        .fails(1, &["cannot open the lock", "it is a link"]);
    assert_eq!(fs::read(&target).unwrap(), b"precious");
}

/// An ordinary user cannot create a file of another user; the test uses a hard link then.
#[test]
fn files_of_other_users_are_not_opened() {
    let (_sandbox, home) = logged_in();
    for suffix in ["-wal", "-shm", "-journal"] {
        let file = beside(&home, suffix);
        fs::write(&file, "prepared").unwrap();
        set_mode(&file, 0o600);
        let word = if chown(&file, Some(NOBODY), None).is_ok() {
            "it belongs to another user (uid 65534)"
        } else {
            fs::hard_link(&file, home.path().join("name")).unwrap();
            "it is a link"
        };
        refused(&home, &[&file.display().to_string(), word]);
        assert_eq!(fs::read(&file).unwrap(), b"prepared");
        fs::remove_file(&file).unwrap();
        let _ = fs::remove_file(home.path().join("name"));
    }
    let locks = beside(&home, ".locks");
    for entry in fs::read_dir(&locks).unwrap() {
        let lock = entry.unwrap().path();
        if chown(&lock, Some(NOBODY), None).is_err() {
            fs::hard_link(&lock, home.path().join(lock.file_name().unwrap())).unwrap();
        }
    }
    home.login("--only device")
        .fails(1, &["cannot use the lock", "it "]);
}

#[test]
fn directory_of_another_user_is_refused() {
    let (_sandbox, home) = logged_in();
    let folder = home.store_path().parent().unwrap().to_owned();
    if chown(&folder, Some(NOBODY), None).is_err() {
        // root's own directories are trusted, and no other user's directory is known
        home.run("sessions --store /etc/aimharder-test.db")
            .fails(1, &["cannot create the store"]);
        return;
    }
    refused(&home, &["it belongs to another user (uid 65534)"]);
    chown(&folder, Some(0), None).unwrap();
    chown(beside(&home, ".locks"), Some(NOBODY), None).unwrap();
    refused(&home, &["lock directory", "it belongs to another user"]);
}

#[test]
fn a_link_to_the_store_is_followed_if_it_is_the_users_own() {
    let (_sandbox, home) = logged_in();
    let store = home.store_path();
    let linked = home.path().join("linked");
    fs::create_dir(&linked).unwrap();
    let link = linked.join("link.db");
    symlink(&store, &link).unwrap();
    let sessions = || home.run("sessions --json --store").arg(&link);
    sessions().succeeds();
    // with locks of its own, two processes would update one token at the same time
    home.run("refresh --force --store").arg(&link).done();
    assert_eq!(fs::read_dir(&linked).unwrap().count(), 1);
    // the directory that counts is the one of the file
    set_mode(&linked, 0o777);
    sessions().succeeds();
    set_mode(&linked, 0o700);
    set_mode(store.parent().unwrap(), 0o777);
    let refused = sessions().ends(1);
    assert!(
        refused.stdout.contains("others can write to it"),
        "{refused:?}"
    );
    set_mode(store.parent().unwrap(), 0o700);
    if std::os::unix::fs::lchown(&link, Some(NOBODY), None).is_ok() {
        home.run("sessions --store")
            .arg(&link)
            .fails(1, &["cannot follow the link", "another user (uid 65534)"]);
    }
    let loops = home.path().join("loop.db");
    symlink("loop.db", &loops).unwrap();
    home.run("sessions --store")
        .arg(&loops)
        .fails(1, &["cannot read the store"]);
}

/// A backup may be written to a directory of all users: only this user can read it, from the first byte on.
#[test]
fn backup_into_a_shared_directory_is_private() {
    let (_sandbox, home) = logged_in();
    let shared = home.path().join("shared");
    fs::create_dir(&shared).unwrap();
    set_mode(&shared, 0o1777);
    let copy = shared.join("copy.db");
    // what another user could have prepared for SQLite is neither read nor written
    let prepared = ["copy.db.new-journal", "copy.db.new-wal", "copy.db-wal"];
    for name in prepared {
        fs::write(shared.join(name), "prepared").unwrap();
    }
    home.run("store backup").arg(&copy).succeeds();
    assert_eq!(mode(&copy), 0o600);
    for name in prepared {
        assert_eq!(fs::read(shared.join(name)).unwrap(), b"prepared");
    }
}
