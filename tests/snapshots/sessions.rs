//! `sessions`: list, set, prune.

use insta::assert_snapshot;

use crate::support::{ANA, BEN, BEN_PASSWORD};
use crate::{ana, shot, shot_json, world};

#[test]
fn sessions_are_listed() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 0
    --- stdout
    no sessions; run `aimharder login`
    ");
    assert_snapshot!(shot_json(home.run("sessions")), @r#"
    exit: 0
    --- stdout
    {
      "sessions":[]
    }
    "#);
    let (sandbox, home) = ana();
    home.log_in(BEN, BEN_PASSWORD);
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 0
    --- stdout
    ACCOUNT          KIND        FINGERPRINT  STATUS  TOKEN AGE  ENDS     UPDATES
    ana@example.org  background  bg-38262fd   active  [AGE]  in [N] d  0
    ana@example.org  device      [FP]   active  [AGE]  in [N] d  0
    ben@example.org  background  bg-9289c73   active  [AGE]  in [N] d  0
    ben@example.org  device      [FP]   active  [AGE]  in [N] d  0
    ");
    assert_snapshot!(shot_json(home.run("sessions list --account").arg(ANA)), @r#"
    exit: 0
    --- stdout
    {
      "sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"protected":true,"busy":false},
        {"account":"ana@example.org","kind":"device","fingerprint":"[FP]","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"protected":false,"busy":false}
      ]
    }
    "#);
    home.age_tokens(90);
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 0
    --- stdout
    ACCOUNT          KIND        FINGERPRINT  STATUS  TOKEN AGE   ENDS     UPDATES
    ana@example.org  background  bg-38262fd   active  1 h 30 min  in [N] d  0
    ana@example.org  device      [FP]   active  1 h 30 min  in [N] d  0
    ben@example.org  background  bg-9289c73   active  1 h 30 min  in [N] d  0
    ben@example.org  device      [FP]   active  1 h 30 min  in [N] d  0
    ");
    sandbox.kill(ANA);
    home.run("refresh --force --account").arg(ANA).unchecked();
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 0
    --- stdout
    ACCOUNT          KIND        FINGERPRINT  STATUS   TOKEN AGE   ENDS     UPDATES
    ana@example.org  background  bg-38262fd   expired  1 h 30 min  -        0
      AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again
    ben@example.org  background  bg-9289c73   active   1 h 30 min  in [N] d  0
    ben@example.org  device      [FP]   active   1 h 30 min  in [N] d  0
    ");
    assert_snapshot!(shot(home.run("sessions --account no@example.org")), @"
    exit: 0
    --- stdout
    no sessions; run `aimharder login --account no@example.org`
    ");
}

#[test]
fn a_session_is_left_out_of_the_refresh() {
    let (_sandbox, home) = ana();
    let print = home.fingerprint(ANA, "device");
    let set = |value: &str| {
        home.run("sessions set --auto-refresh")
            .arg(value)
            .arg("--fingerprint")
    };
    assert_snapshot!(shot(set("off").arg(&print)), @"
    exit: 0
    --- stdout
    ana@example.org  device  [FP]  active  [AGE]  in [N] d  0
      auto-refresh off
    ");
    assert_snapshot!(shot(set("on").arg(&print)), @"
    exit: 0
    --- stdout
    ana@example.org  device  [FP]  active  [AGE]  in [N] d  0
    ");
    assert_snapshot!(shot_json(set("off").arg(&print)), @r#"
    exit: 0
    --- stdout
    {
      "account":"ana@example.org",
      "kind":"device",
      "fingerprint":"[FP]",
      "status":"active",
      "auto_refresh":false,
      "token_expires_at":"[INSTANT]",
      "created_at":"[INSTANT]",
      "token_updated_at":"[INSTANT]",
      "token_update_count":0,
      "refreshed_at":"[INSTANT]",
      "refresh_count":1,
      "last_error":null,
      "token_age_seconds":[N],
      "protected":false,
      "busy":false
    }
    "#);
    assert_snapshot!(shot(home.run("sessions")), @"
    exit: 0
    --- stdout
    ACCOUNT          KIND        FINGERPRINT  STATUS  TOKEN AGE  ENDS     UPDATES
    ana@example.org  background  bg-38262fd   active  [AGE]  in [N] d  0
    ana@example.org  device      [FP]   active  [AGE]  in [N] d  0
      auto-refresh off
    ");
    assert_snapshot!(shot(set("off").arg("012345")), @r#"
    exit: 6
    --- stderr
    error: no session here has a fingerprint that begins with "012345"; see `aimharder sessions`
    "#);
    assert_snapshot!(shot(set("maybe").arg(&print)), @"
    exit: 2
    --- stderr
    error: invalid value 'maybe' for '--auto-refresh <on|off>', [possible values: on, off]
    ");
}

#[test]
fn old_device_sessions_are_pruned() {
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("sessions prune")), @"
    exit: 0
    --- stdout
    0 old device sessions deleted
    ");
    home.sql("UPDATE sessions SET created_at = created_at - 8 * 86400000");
    assert_snapshot!(shot(home.run("sessions prune")), @"
    exit: 0
    --- stdout
    1 old device session deleted
    ");
    assert_snapshot!(shot_json(home.run("sessions prune")), @r#"
    exit: 0
    --- stdout
    {
      "deleted":0
    }
    "#);
}
