//! `store key`, `encrypt`, `decrypt`, `rekey`, `backup`.

use insta::assert_snapshot;

use crate::support::Home;
use crate::{ana, shot, shot_json};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

fn with_key(home: &Home, key: &str) {
    let path = home.write("key", key);
    home.config(&format!(
        "[store]\nkey_command = [\"cat\", \"{}\"]",
        path.display()
    ));
}

#[test]
fn a_key_is_made() {
    let home = Home::nowhere();
    assert_snapshot!(shot(home.run("store key")), @"
    exit: 0
    --- stdout
    [KEY]
    ");
    assert_snapshot!(shot_json(home.run("store key")), @r#"
    exit: 0
    --- stdout
    {
      "key":"[KEY]"
    }
    "#);
    assert_snapshot!(shot(home.run("store")), @"
    exit: 2
    --- stderr
    error: 'aimharder store' requires a subcommand but one was not provided (key, encrypt, decrypt, rekey, backup); see `aimharder store --help`
    ");
}

#[test]
fn the_store_is_encrypted_and_decrypted() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("store encrypt")), @"
    exit: 2
    --- stderr
    error: no key is known for the store [HOME]/.local/state/aimharder/aimharder.db: set key_command under [store] in the config, or give the systemd credential aimharder-key
    ");
    assert_snapshot!(shot(home.run("store decrypt")), @"
    exit: 0
    --- stdout
    [HOME]/.local/state/aimharder/aimharder.db is not encrypted
    ");
    assert_snapshot!(shot(home.run("store rekey").stdin(OTHER)), @"
    exit: 2
    --- stderr
    error: the store is not encrypted; run `aimharder store encrypt`
    ");
    with_key(&home, KEY);
    assert_snapshot!(shot(home.run("store encrypt")), @"
    exit: 0
    --- stdout
    [HOME]/.local/state/aimharder/aimharder.db is encrypted (2 sessions)
    keep a copy of the key: without it these logins are lost
    ");
    assert_snapshot!(shot(home.run("store encrypt")), @"
    exit: 0
    --- stdout
    [HOME]/.local/state/aimharder/aimharder.db is already encrypted with this key
    ");
    assert_snapshot!(shot_json(home.run("store encrypt")), @r#"
    exit: 0
    --- stdout
    {
      "store":"[HOME]/.local/state/aimharder/aimharder.db",
      "encrypted":true,
      "changed":false,
      "sessions":2,
      "removed":[]
    }
    "#);
    with_key(&home, OTHER);
    assert_snapshot!(shot(home.run("store decrypt")), @"
    exit: 1
    --- stderr
    error: the key does not fit the store [HOME]/.local/state/aimharder/aimharder.db: its logins were encrypted with another one, or its key was changed since; let key_command or the credential supply that key (nothing was changed). Only if it is lost: delete the logins with `aimharder store decrypt --forget-logins`, and log in again
    ");
    with_key(&home, KEY);
    assert_snapshot!(shot(home.run("store rekey").stdin("nonsense")), @"
    exit: 2
    --- stderr
    error: the new key on standard input must be 64 hex digits (`aimharder store key` makes one), and it is not; nothing was changed
    ");
    assert_snapshot!(shot(home.run("store rekey").stdin(OTHER)), @"
    exit: 0
    --- stdout
    [HOME]/.local/state/aimharder/aimharder.db has the new key (2 sessions)
    make key_command or the credential supply the new key: the old one no longer fits
    ");
    with_key(&home, OTHER);
    assert_snapshot!(shot_json(home.run("store decrypt")), @r#"
    exit: 0
    --- stdout
    {
      "store":"[HOME]/.local/state/aimharder/aimharder.db",
      "encrypted":false,
      "changed":true,
      "sessions":2,
      "removed":[]
    }
    "#);
    assert_snapshot!(shot(home.run("store decrypt")), @"
    exit: 0
    --- stdout
    [HOME]/.local/state/aimharder/aimharder.db is not encrypted
    ");
    assert_snapshot!(shot_json(home.run("store encrypt")), @r#"
    exit: 0
    --- stdout
    {
      "store":"[HOME]/.local/state/aimharder/aimharder.db",
      "encrypted":true,
      "changed":true,
      "sessions":2,
      "removed":[]
    }
    "#);
    home.config("");
    assert_snapshot!(shot(home.run("store decrypt")), @"
    exit: 2
    --- stderr
    error: no key is known for the store [HOME]/.local/state/aimharder/aimharder.db: set key_command under [store] in the config, or give the systemd credential aimharder-key
    ");
    assert_snapshot!(shot(home.run("store decrypt --forget-logins")), @"
    exit: 0
    --- stdout
    [HOME]/.local/state/aimharder/aimharder.db is no longer encrypted, and has no logins
    log in with `aimharder login`
    ");
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 0
    --- stdout
    ACCOUNT          KIND        FINGERPRINT  STATUS   TOKEN AGE  ENDS  UPDATES
    ana@example.org  background  bg-38262fd   expired  [AGE]  -     0
      it was encrypted with a key that is lost
    ");
}

#[test]
fn the_store_is_copied() {
    let (_sandbox, home) = ana();
    let copy = home.path().join("copy.db");
    assert_snapshot!(shot(home.run("store backup").arg(&copy)), @"
    exit: 0
    --- stdout
    copied to [HOME]/copy.db; its logins are in plain text
    ");
    assert_snapshot!(shot(home.run("store backup").arg(&copy)), @"
    exit: 2
    --- stderr
    error: [HOME]/copy.db exists, and nothing is overwritten; name a new file, or move that one away
    ");
    assert_snapshot!(shot_json(home.run("store backup").arg(home.path().join("second.db"))), @r#"
    exit: 0
    --- stdout
    {
      "backup":"[HOME]/second.db",
      "encrypted":false
    }
    "#);
    assert_snapshot!(shot(home.run("store backup /nonexistent/x")), @"
    exit: 1
    --- stderr
    error: cannot copy the store to /nonexistent/x: no such file or directory
    ");
    with_key(&home, KEY);
    home.run("store encrypt").succeeds();
    assert_snapshot!(shot(home.run("store backup").arg(home.path().join("third.db"))), @"
    exit: 0
    --- stdout
    copied to [HOME]/third.db; its logins are encrypted
    ");
}
