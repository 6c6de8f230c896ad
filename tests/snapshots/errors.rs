//! Errors of usage, config and store.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Home, set_mode};
use crate::{ana, shot, shot_json, world};

#[test]
fn wrong_usage_suggests_what_is_right() {
    let home = Home::nowhere();
    for args in [
        "boook",
        "refresh --force --nonsense",
        "classes --day someday",
        "classes --days none",
        "book --day +1 --time 25:00",
        "refresh --stale-after soon",
        "refresh --session both",
        "prebook remove",
        "prebook ad",
        "completions tcsh",
        "man boook",
        "man wdo",
        "man prebook ad",
        "help wdo",
        "help prebook ad",
        "prebook list --record file",
        "prebook list --lock-timeout 1s",
        "login a@example.org b@example.org",
    ] {
        let name = format!("usage_{}", args.replace([' ', ':', '+', '@'], "_"));
        assert_snapshot!(
            name,
            format!("$ aimharder {args}\n{}", shot(home.run(args)))
        );
    }
    assert_snapshot!(shot_json(home.run("boook")), @r#"
    exit: 2
    --- stdout
    {
      "error":{"kind":"usage",
        "message":"unrecognized subcommand 'boook'; tip: some similar subcommands exist: 'bookings', 'book'; see `aimharder --help`"}
    }
    --- stderr
    error: unrecognized subcommand 'boook'; tip: some similar subcommands exist: 'bookings', 'book'; see `aimharder --help`
    "#);
    assert_snapshot!(shot_json(home.run("classes --day someday")), @r#"
    exit: 2
    --- stdout
    {
      "error":{"kind":"usage",
        "message":"invalid value 'someday' for '--day <DAY>': \"someday\" is not a valid day; use today, fri, +3 or [DATE]"}
    }
    --- stderr
    error: invalid value 'someday' for '--day <DAY>': "someday" is not a valid day; use today, fri, +3 or [DATE]
    "#);
}

#[test]
fn config_errors_name_file_line_and_key() {
    let (_sandbox, home) = world();
    let with = |text: &str| {
        home.write_config(text);
        shot(home.run("sessions"))
    };
    assert_snapshot!(with("acount = \"ana@example.org\"\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: acount: unknown key; known keys are account, box, password_command, background_salt, accounts, watch_every, boxes, notify, ping, server, store
    ");
    assert_snapshot!(with("account = 3\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: account: must be a string
    ");
    assert_snapshot!(with("account = \"ana\"\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: account: that is not a valid e-mail address, for example ana@example.org
    ");
    assert_snapshot!(with("account = \"\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: invalid basic string, expected `"`
    "#);
    assert_snapshot!(with("[boxes.demo]\nopens = \"soon\"\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: boxes.demo.opens: "soon" is not an opening rule; use 4d, 4d@07:00, 46h or sun@20:00
    "#);
    assert_snapshot!(with("[boxes.demo]\ntimezone = \"Madrid\"\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: boxes.demo.timezone: unknown time zone "Madrid"; use an IANA name such as Europe/Madrid
    "#);
    assert_snapshot!(with("[[notify]]\non = [\"boooked\"]\ncommand = \"true\"\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: notify.1.on.1: "boooked" is not valid; use one of booked, waitlisted, failed, postponed, login_required, unreachable, recovered
    "#);
    assert_snapshot!(with("[[notify]]\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:1: notify.1: needs exactly one channel, one of command, discord, ntfy, telegram, webhook
    ");
    assert_snapshot!(with("[server]\nconnect_to = \"127.0.0.1:1\"\nproxy = \"http://127.0.0.1:1\"\n"), @"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: server.connect_to: cannot be used together with proxy
    ");
    assert_snapshot!(with("[server]\nscheme = \"http\"\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: server.scheme: "http" needs a loopback connect_to, for example connect_to = "127.0.0.1:[PORT]"
    "#);
    assert_snapshot!(with("[server]\ntimeout = \"soon\"\n"), @r#"
    exit: 2
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: server.timeout: "soon" is not a valid duration; use 15s, 500ms, 14m, 2h or 7d
    "#);
    assert_snapshot!(shot_json(home.run("sessions")), @r#"
    exit: 2
    --- stdout
    {
      "error":{"kind":"usage",
        "message":"[HOME]/.config/aimharder/config.toml:2: server.timeout: \"soon\" is not a valid duration; use 15s, 500ms, 14m, 2h or 7d"}
    }
    --- stderr
    error: [HOME]/.config/aimharder/config.toml:2: server.timeout: "soon" is not a valid duration; use 15s, 500ms, 14m, 2h or 7d
    "#);
    assert_snapshot!(shot(home.run("sessions --config none.toml")), @"
    exit: 2
    --- stderr
    error: none.toml: cannot read the config: no such file or directory
    ");
}

#[test]
fn a_store_that_cannot_be_used_is_left_alone() {
    let (_sandbox, home) = ana();
    set_mode(&home.store_path(), 0o644);
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 1
    --- stderr
    error: the store [HOME]/.local/state/aimharder/aimharder.db can be read by others (mode 644); run: chmod 600 '[HOME]/.local/state/aimharder/aimharder.db'
    ");
    assert_snapshot!(shot_json(home.run("sessions")), @r#"
    exit: 1
    --- stdout
    {
      "error":{"kind":"internal",
        "message":"the store [HOME]/.local/state/aimharder/aimharder.db can be read by others (mode 644); run: chmod 600 '[HOME]/.local/state/aimharder/aimharder.db'"}
    }
    --- stderr
    error: the store [HOME]/.local/state/aimharder/aimharder.db can be read by others (mode 644); run: chmod 600 '[HOME]/.local/state/aimharder/aimharder.db'
    "#);
    set_mode(&home.store_path(), 0o600);
    home.db().pragma_update(None, "user_version", 999).unwrap();
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 1
    --- stderr
    error: the store [HOME]/.local/state/aimharder/aimharder.db has schema 999, this aimharder knows up to 9; install the newer version that wrote it
    ");
    let (_sandbox, home) = ana();
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(format!("{}{suffix}", home.store_path().display()));
    }
    fs::write(home.store_path(), "nonsense".repeat(1000)).unwrap();
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 1
    --- stderr
    error: the store [HOME]/.local/state/aimharder/aimharder.db is damaged or not a store at all (file is not a database); move it away or put a copy back, then run `aimharder login`
    ");
}
