//! `logout`: what is deleted, and what is kept.

use insta::assert_snapshot;

use crate::support::{ANA, ANA_PASSWORD};
use crate::{ana, shot, shot_json, world};

#[test]
fn a_logout_deletes_the_device_session() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("logout")), @"
    exit: 0
    --- stdout
    deleted: device session [FP]
    ");
    assert_snapshot!(shot(home.run("logout")), @"
    exit: 0
    --- stdout
    nothing to delete
    ");
    assert_snapshot!(shot_json(home.run("logout")), @r#"
    exit: 0
    --- stdout
    {
      "deleted":[]
    }
    "#);
    home.log_in(ANA, ANA_PASSWORD);
    assert_snapshot!(shot_json(home.run("logout")), @r#"
    exit: 0
    --- stdout
    {
      "deleted":[{"kind":"device","fingerprint":"[FP]"}
      ]
    }
    "#);
    home.log_in(ANA, ANA_PASSWORD);
    let new = home
        .run("login --new-device --password-stdin")
        .arg(ANA)
        .stdin(ANA_PASSWORD);
    new.ends(0);
    assert_snapshot!(shot(home.run("logout --all-devices")), @"
    exit: 0
    --- stdout
    deleted: device session [FP]
    deleted: device session [FP]
    ");
}

#[test]
fn a_background_session_needs_a_second_flag() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("logout --background")), @"
    exit: 2
    --- stderr
    error: the background session is protected because automation needs it; to delete it, run `aimharder logout --background --yes-delete-background`
    ");
    assert_snapshot!(shot_json(home.run("logout --background")), @r#"
    exit: 2
    --- stdout
    {
      "error":{"kind":"usage",
        "message":"the background session is protected because automation needs it; to delete it, run `aimharder logout --background --yes-delete-background`"}
    }
    --- stderr
    error: the background session is protected because automation needs it; to delete it, run `aimharder logout --background --yes-delete-background`
    "#);
    assert_snapshot!(shot(home.run("logout --background --yes-delete-background")), @"
    exit: 0
    --- stdout
    deleted: background session bg-38262fd
    ");
    assert_snapshot!(shot_json(home.run("logout --background --yes-delete-background")), @r#"
    exit: 0
    --- stdout
    {
      "deleted":[]
    }
    "#);
}

#[test]
fn a_logout_of_what_is_not_there() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(home.run("logout")), @"
    exit: 0
    --- stdout
    nothing to delete
    ");
    assert_snapshot!(shot(home.run("logout --account").arg(ANA)), @"
    exit: 0
    --- stdout
    nothing to delete
    ");
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("logout --fingerprint 012345")), @r#"
    exit: 6
    --- stderr
    error: no session here has a fingerprint that begins with "012345"; see `aimharder sessions`
    "#);
    assert_snapshot!(shot(home.run("logout --fingerprint 0123")), @"
    exit: 2
    --- stderr
    error: invalid value '0123' for '--fingerprint <FP>': use at least 6 characters of a fingerprint; see `aimharder sessions`
    ");
}
