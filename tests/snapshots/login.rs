//! `login`: outcomes by flow, account and platform.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, Run};
use crate::{shot, shot_json, world};

fn login(home: &Home, args: &str, password: &str) -> Run {
    home.run("login --password-stdin")
        .args(args)
        .stdin(password)
}

#[test]
fn a_login_lists_both_sessions_and_the_boxes() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 0
    --- stdout
    device session (for commands on this machine): logged in
    background session (for cron and timers): logged in
    boxes: crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    next: `aimharder classes tomorrow`
    to check the setup of automation: `aimharder status`
    ");
    assert_snapshot!(shot_json(login(&home, ANA, ANA_PASSWORD)), @r#"
    exit: 0
    --- stdout
    {
      "account":"ana@example.org",
      "sessions":[{"kind":"device","fingerprint":"[FP]","status":"ok"},
        {"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"ok"}
      ],
      "boxes":[{"box":"crossfitdemo","id":10122,"name":"CrossFit Demo"}
      ]
    }
    "#);
    assert_snapshot!(shot(login(&home, BEN, BEN_PASSWORD)), @"
    exit: 0
    --- stdout
    device session (for commands on this machine): logged in
    background session (for cron and timers): logged in
    boxes: boxdos (Box Dos), crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    next: `aimharder classes tomorrow --box boxdos --account ben@example.org`
    to check the setup of automation: `aimharder status`
    ");
    assert_snapshot!(shot(login(&home, &format!("{ANA} --only device"), ANA_PASSWORD)), @"
    exit: 0
    --- stdout
    device session (for commands on this machine): logged in
    boxes: crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    next: `aimharder classes tomorrow --account ana@example.org`
    to check the setup of automation: `aimharder status`
    ");
    assert_snapshot!(shot_json(login(&home, &format!("{ANA} --only background"), ANA_PASSWORD)), @r#"
    exit: 0
    --- stdout
    {
      "account":"ana@example.org",
      "sessions":[{"kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"ok"}
      ],
      "boxes":[{"box":"crossfitdemo","id":10122,"name":"CrossFit Demo"}
      ]
    }
    "#);
    assert_snapshot!(shot(login(&home, &format!("{ANA} --new-device"), ANA_PASSWORD)), @"
    exit: 0
    --- stdout
    device session (for commands on this machine): logged in
    background session (for cron and timers): logged in
    boxes: crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    next: `aimharder classes tomorrow --account ana@example.org`
    to check the setup of automation: `aimharder status`
    ");
}

#[test]
fn a_refused_login_counts_what_is_left() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(login(&home, ANA, "wrong-one")), @"
    exit: 3
    --- stderr
    error: AimHarder refused the login of ana@example.org: wrong e-mail or password (4 login attempts left); check both on AimHarder's web page before the next login
    ");
    assert_snapshot!(shot_json(login(&home, ANA, "wrong-two")), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"AimHarder refused the login of ana@example.org: wrong e-mail or password (3 login attempts left); check both on AimHarder's web page before the next login"}
    }
    --- stderr
    error: AimHarder refused the login of ana@example.org: wrong e-mail or password (3 login attempts left); check both on AimHarder's web page before the next login
    "#);
    for attempt in ["wrong-three", "wrong-four"] {
        login(&home, ANA, attempt).unchecked();
    }
    assert_snapshot!(shot(login(&home, ANA, "wrong-five")), @"
    exit: 3
    --- stderr
    error: AimHarder refused the login of ana@example.org: wrong e-mail or password (no login attempts left until [TIME]); check both on AimHarder's web page before the next login
    ");
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 3
    --- stderr
    error: 5 logins of ana@example.org were refused within 15 minutes; to keep AimHarder from locking the account, the next login is possible at [TIME]
    ");
}

#[test]
fn a_login_that_fails_says_why() {
    let (sandbox, home) = world();
    assert_snapshot!(shot(login(&home, "", ANA_PASSWORD)), @"
    exit: 2
    --- stderr
    error: which account? without a terminal, for example: `aimharder login ana@example.org --password-stdin < password.txt`
    ");
    assert_snapshot!(shot(login(&home, "not-an-address", ANA_PASSWORD)), @"
    exit: 2
    --- stderr
    error: login takes an e-mail address, for example `aimharder login ana@example.org` (the value is not repeated here, because it may be a password)
    ");
    assert_snapshot!(shot(login(&home, ANA, "")), @"
    exit: 3
    --- stderr
    error: the password for ana@example.org is empty
    ");
    assert_snapshot!(shot(home.run("login").arg(ANA)), @"
    exit: 3
    --- stderr
    error: no password for ana@example.org: pipe it with --password-stdin, or set password_command in the config
    ");
    sandbox.config(&json!({ "lock_after": 1 }));
    assert_snapshot!(shot(login(&home, BEN, "wrong-one")), @"
    exit: 3
    --- stderr
    error: AimHarder refused the login of ben@example.org: Has intentado entrar demasiadas veces. Prueba más tarde. (4 login attempts left); the account is locked for a while
    ");
    assert_snapshot!(shot(login(&home, BEN, BEN_PASSWORD)), @"
    exit: 3
    --- stderr
    error: AimHarder refused the login of ben@example.org: Has intentado entrar demasiadas veces. Prueba más tarde. (3 login attempts left); the account is locked for a while
    ");
    sandbox.config(&json!({ "lock_after": null, "login_cookie": "missing" }));
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 5
    --- stderr
    error: AimHarder accepted the login but gave no login cookie; try again later
    ");
    assert_snapshot!(shot_json(login(&home, ANA, ANA_PASSWORD)), @r#"
    exit: 5
    --- stdout
    {
      "error":{"kind":"unreachable",
        "message":"AimHarder accepted the login but gave no login cookie; try again later"}
    }
    --- stderr
    error: AimHarder accepted the login but gave no login cookie; try again later
    "#);
    sandbox.config(&json!({ "login_cookie": null, "json_login": false, "form_login": false }));
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 5
    --- stderr
    error: no login was possible: login.aimharder.com has no json login (answered 404), and login.aimharder.com has no form login (answered 200); try again later
    ");
    sandbox.config(&json!({ "json_login": true, "form_login": true, "setrefresh_ok": false }));
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 0
    --- stdout
    device session (for commands on this machine): logged in
    background session (for cron and timers): logged in
    boxes: crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    next: `aimharder classes tomorrow`
    to check the setup of automation: `aimharder status`
    --- stderr
    warning: device session: logged in, but setrefresh failed (aimharder.com answered setrefresh without its script); the next refresh tries it again
    warning: background session: logged in, but setrefresh failed (aimharder.com answered setrefresh without its script); the next refresh tries it again
    ");
    sandbox.config(&json!({ "setrefresh_ok": true }));
    sandbox.fault(&json!({ "path": "/*", "kind": "status", "count": -1 }));
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 5
    --- stderr
    error: AimHarder is unavailable (HTTP 503); try again later
    ");
}

#[test]
fn only_the_background_login_fails() {
    let (sandbox, home) = world();
    sandbox.fault(&json!({ "path": "/api/login", "kind": "status", "skip": 1, "count": -1 }));
    assert_snapshot!(shot(login(&home, ANA, ANA_PASSWORD)), @"
    exit: 7
    --- stdout
    device session (for commands on this machine): logged in
    background session (for cron and timers): not logged in: AimHarder is unavailable (HTTP 503)
    boxes: crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    --- stderr
    error: only the device session is logged in; the background login failed: AimHarder is unavailable (HTTP 503); run `aimharder login ana@example.org --only background`
    ");
    assert_snapshot!(shot_json(login(&home, ANA, ANA_PASSWORD)), @r#"
    exit: 5
    --- stdout
    {
      "error":{"kind":"unreachable",
        "message":"AimHarder is unavailable (HTTP 503); try again later"}
    }
    --- stderr
    error: AimHarder is unavailable (HTTP 503); try again later
    "#);
}

#[test]
fn a_password_command_that_fails_is_named() {
    let (_sandbox, home) = world();
    home.config("password_command = \"echo broken >&2; exit 3\"");
    assert_snapshot!(shot(home.run("login").arg(ANA)), @"
    exit: 3
    --- stderr
    broken
    error: the password command for ana@example.org (echo) failed (exit status: 3)
    ");
    assert_snapshot!(shot_json(home.run("login").arg(ANA)), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"the password command for ana@example.org (echo) failed (exit status: 3)"}
    }
    --- stderr
    broken
    error: the password command for ana@example.org (echo) failed (exit status: 3)
    "#);
    home.config("password_command = \"echo correct-horse\"");
    assert_snapshot!(shot(home.run("login").arg(ANA)), @"
    exit: 0
    --- stdout
    device session (for commands on this machine): logged in
    background session (for cron and timers): logged in
    boxes: crossfitdemo (CrossFit Demo)
    stored in [HOME]/.local/state/aimharder/aimharder.db (tokens and cookies, not the password)
    next: `aimharder classes tomorrow`
    to check the setup of automation: `aimharder status`
    ");
}
