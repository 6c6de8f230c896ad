//! `refresh`: the outcome of each session.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{ANA, SOURCE};
use crate::{ana, shot, shot_json, world};

#[test]
fn a_refresh_reports_only_what_is_news() {
    let (_sandbox, home) = world();
    assert_snapshot!(shot(home.run("refresh")), @"
    exit: 3
    --- stderr
    error: no store at [HOME]/.local/state/aimharder/aimharder.db yet: run `aimharder login`, or name the right one with --store
    ");
    assert_snapshot!(shot_json(home.run("refresh")), @r#"
    exit: 3
    --- stdout
    {
      "error":{"kind":"login_required",
        "message":"no store at [HOME]/.local/state/aimharder/aimharder.db yet: run `aimharder login`, or name the right one with --store"}
    }
    --- stderr
    error: no store at [HOME]/.local/state/aimharder/aimharder.db yet: run `aimharder login`, or name the right one with --store
    "#);
    let (_sandbox, home) = ana();
    assert_snapshot!(shot(home.run("refresh")), @"exit: 0");
    assert_snapshot!(shot_json(home.run("refresh")), @r#"
    exit: 0
    --- stdout
    {
      "total":2,
      "updated":0,
      "fresh":2,
      "busy":0,
      "logged_out":0,
      "relogged":0,
      "failed":0,
      "sessions":[{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","outcome":"fresh","error":null},
        {"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","outcome":"fresh","error":null}
      ]
    }
    "#);
    assert_snapshot!(shot(home.run("refresh --force")), @"exit: 0");
    assert_snapshot!(shot_json(home.run("refresh --force --deep")), @r#"
    exit: 0
    --- stdout
    {
      "total":2,
      "updated":2,
      "fresh":0,
      "busy":0,
      "logged_out":0,
      "relogged":0,
      "failed":0,
      "sessions":[{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","outcome":"updated","error":null},
        {"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","outcome":"updated","error":null}
      ]
    }
    "#);
    assert_snapshot!(shot(home.run("refresh --force --jobs 1 -v")), @"
    exit: 0
    --- stderr
    [TIME] config [HOME]/.config/aimharder/config.toml
    [TIME] store [HOME]/.local/state/aimharder/aimharder.db
    [TIME] 2 sessions are due
    [TIME] token of the device session [FP] updated
    [TIME] token of the background session bg-38262fd updated
    ");
}

#[test]
fn logged_out_sessions_are_reported_once() {
    let (sandbox, home) = ana();
    sandbox.kill(ANA);
    home.age_tokens(60);
    assert_snapshot!(shot_json(home.run("refresh")), @r#"
    exit: 3
    --- stdout
    {
      "total":2,
      "updated":0,
      "fresh":0,
      "busy":0,
      "logged_out":2,
      "relogged":0,
      "failed":0,
      "sessions":[{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","outcome":"logged_out","error":"AimHarder has ended the device session of ana@example.org; run `aimharder login ana@example.org`"},
        {"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","outcome":"logged_out","error":"AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again"}
      ],
      "error":{"kind":"login_required",
        "message":"2 of 2 sessions were not refreshed: AimHarder has ended the device session of ana@example.org; run `aimharder login ana@example.org`; and others"}
    }
    --- stderr
    error: AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again
    error: AimHarder has ended the device session of ana@example.org; run `aimharder login ana@example.org`
    "#);
    assert_snapshot!(shot(home.run("refresh")), @"exit: 3");
    assert_snapshot!(shot_json(home.run("refresh")), @r#"
    exit: 3
    --- stdout
    {
      "total":1,
      "updated":0,
      "fresh":0,
      "busy":0,
      "logged_out":1,
      "relogged":0,
      "failed":0,
      "sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","outcome":"logged_out","error":"AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again"}
      ],
      "error":{"kind":"login_required",
        "message":"1 of 1 sessions were not refreshed: AimHarder has ended the background session of ana@example.org; run `aimharder login ana@example.org`, or set a password_command so that automation logs in again"}
    }
    "#);
    home.config(SOURCE);
    assert_snapshot!(shot(home.run("refresh")), @"
    exit: 0
    --- stderr
    the background session of ana@example.org works again
    ");
    let (sandbox, home) = ana();
    home.config(SOURCE);
    sandbox.kill(ANA);
    home.age_tokens(60);
    assert_snapshot!(shot_json(home.run("refresh --session background")), @r#"
    exit: 0
    --- stdout
    {
      "total":1,
      "updated":0,
      "fresh":0,
      "busy":0,
      "logged_out":0,
      "relogged":1,
      "failed":0,
      "sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","outcome":"relogged","error":null}
      ]
    }
    "#);
    home.age_tokens(60);
    assert_snapshot!(shot(home.run("refresh")), @"
    exit: 7
    --- stderr
    error: AimHarder has ended the device session of ana@example.org; run `aimharder login ana@example.org`
    ");
}

#[test]
fn an_outage_is_reported_at_its_third_run() {
    let (sandbox, home) = ana();
    home.age_tokens(60);
    sandbox.fault(
        &json!({ "path": "/api/tokenUpdate", "kind": "status", "status": 503, "count": -1 }),
    );
    assert_snapshot!(shot(home.run("refresh")), @"exit: 5");
    assert_snapshot!(shot_json(home.run("refresh")), @r#"
    exit: 5
    --- stdout
    {
      "total":2,
      "updated":0,
      "fresh":0,
      "busy":0,
      "logged_out":0,
      "relogged":0,
      "failed":2,
      "sessions":[{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","outcome":"failed","error":"AimHarder is unavailable (HTTP 503)"},
        {"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","outcome":"failed","error":"AimHarder is unavailable (HTTP 503)"}
      ],
      "error":{"kind":"unreachable",
        "message":"2 of 2 sessions were not refreshed: AimHarder is unavailable (HTTP 503)"}
    }
    "#);
    assert_snapshot!(shot(home.run("refresh")), @"
    exit: 5
    --- stderr
    error: 2 sessions: AimHarder is unavailable (HTTP 503); the next refresh tries again
    ");
    sandbox.clear_faults();
    assert_snapshot!(shot(home.run("refresh")), @"
    exit: 0
    --- stderr
    the device session of ana@example.org works again
    the background session of ana@example.org works again
    ");
    sandbox.fault(&json!({ "path": "/setrefresh", "kind": "status", "status": 500, "count": -1 }));
    assert_snapshot!(shot(home.run("refresh --force --deep")), @"
    exit: 5
    --- stderr
    error: 2 sessions: setrefresh failed: AimHarder is unavailable (HTTP 500); the token was updated, and setrefresh is tried again within a day
    ");
}
