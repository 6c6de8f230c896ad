//! `status`: the screen, the JSON object, the gauges and the check of typical machines.

use insta::assert_snapshot;

use crate::support::{CRONTAB, Home, SOURCE, Sandbox};
use crate::{ana, shot, shot_json, world};

/// Both sessions of Ana, her password source and both crontab lines.
fn well() -> (Sandbox, Home) {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    home.crontab(CRONTAB);
    (sandbox, home)
}

/// Adds a prebooking for a class in three days with this opening rule.
fn add(home: &Home, opens: &str) {
    home.run("prebook add --time 13:10 --class WOD --opens")
        .args(opens)
        .args("--day +3")
        .ends(0);
}

/// Writes a key and names it in the config.
fn has_key(home: &Home) {
    let key = home.write("key", &"0123456789abcdef".repeat(4));
    home.config(&format!(
        "{SOURCE}\n[store]\nkey_command = [\"cat\", \"{}\"]",
        key.display()
    ));
}

/// The samples of `status --prometheus`, without their explanations.
fn gauges(home: &Home) -> String {
    let shot = shot(home.status("--prometheus"));
    let samples: Vec<_> = shot
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect();
    samples.join("\n")
}

fn json(home: &Home) -> String {
    shot_json(home.status("--offline"))
}

/// The lines that only the output of [`well`] has (`-`), and those that it lacks (`+`).
fn changes(output: fn(&Home) -> String, home: &Home) -> String {
    let (_sandbox, usual) = well();
    let (usual, this) = (output(&usual), output(home));
    let mut changes = Vec::new();
    for (of, other, sign) in [(&usual, &this, '-'), (&this, &usual, '+')] {
        for line in of
            .lines()
            .filter(|line| !other.lines().any(|it| it == *line))
        {
            changes.push(format!("{sign} {line}"));
        }
    }
    changes.join("\n")
}

/// Before the first login there is neither a store nor a config.
#[test]
fn an_empty_home() {
    let home = Home::nowhere();
    home.crontab("");
    assert_snapshot!(shot(home.status("--offline")), @"
    exit: 0
    --- stdout
    problem: no account is logged in
             run `aimharder login`

    schedule
      aimharder refresh      not scheduled
      aimharder prebook run  not scheduled

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              none yet
      config  [HOME]/.config/aimharder/config.toml
              none (optional)
    ");
    assert_snapshot!(shot(home.status("--check")), @"
    exit: 3
    --- stdout
    problem: no account is logged in
             run `aimharder login`
    --- stderr
    error: 1 problem, see above
    ");
    assert_snapshot!(json(&home), @r#"
    exit: 0
    --- stdout
    {
      "well":false,
      "problems":[{"code":"no_login","kind":"login_required","message":"no account is logged in","remedy":"run `aimharder login`"}
      ],
      "hints":[],
      "checked_at":"[INSTANT]",
      "version":"[VERSION]",
      "program":"[BIN]",
      "accounts":[],
      "schedule":{"entries":[]},
      "prebookings":{"counts":{},
        "rules":0,
        "next_opening_at":null,
        "next":[],
        "last_request":null},
      "server":null,
      "store":{"path":"[HOME]/.local/state/aimharder/aimharder.db",
        "exists":false,
        "usable":false,
        "schema":null,
        "encrypted":null,
        "size_bytes":null,
        "free_bytes":null,
        "mode":null,
        "folder_mode":null,
        "integrity":"not_checked"},
      "config":{"path":"[HOME]/.config/aimharder/config.toml",
        "exists":false,
        "usable":true,
        "mode":null}
    }
    "#);
    assert_snapshot!(gauges(&home), @r#"
    exit: 0
    --- stdout
    aimharder_build_info{version="[VERSION]"} 1
    aimharder_status_timestamp_seconds [N]
    aimharder_problems 1
    aimharder_hints 0
    aimharder_scheduled{job="refresh"} 0
    aimharder_scheduled{job="prebook"} 0
    aimharder_config_usable 1
    aimharder_store_usable 0
    aimharder_accounts 0
    aimharder_sessions{kind="device",status="active"} 0
    aimharder_sessions{kind="device",status="expired"} 0
    aimharder_sessions{kind="background",status="active"} 0
    aimharder_sessions{kind="background",status="expired"} 0
    aimharder_weekly_rules 0
    "#);
}

/// Both sessions, a password source and both crontab lines.
#[test]
fn all_is_well() {
    let (_sandbox, home) = well();
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    no problems found

    sessions
      ana@example.org · crossfitdemo · password by command
        background  bg-38262fd  active  token [AGE]  old
        device      [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      crontab: */15 * * * *
      aimharder prebook run  crontab: 13,28,43,58 * * * *

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"exit: 0");
    assert_snapshot!(json(&home), @r#"
    exit: 0
    --- stdout
    {
      "well":true,
      "problems":[],
      "hints":[],
      "checked_at":"[INSTANT]",
      "version":"[VERSION]",
      "program":"[BIN]",
      "accounts":[{"account":"ana@example.org","password_source":"password_command","password_refused":false,"boxes":["crossfitdemo"],"sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null},{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null}]}
      ],
      "schedule":{"entries":[{"by":"crontab","job":"refresh","active":true,"serves":true,"name":"*/15 * * * *","account":null,"box":null,"rare":false,"next_at":null,"error":null},{"by":"crontab","job":"prebook","active":true,"serves":true,"name":"13,28,43,58 * * * *","account":null,"box":null,"rare":false,"next_at":null,"error":null}]},
      "prebookings":{"counts":{"booked":0,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":0,"waitlisted":0},
        "rules":0,
        "next_opening_at":null,
        "next":[],
        "last_request":null},
      "server":null,
      "store":{"path":"[HOME]/.local/state/aimharder/aimharder.db",
        "exists":true,
        "usable":true,
        "schema":[N],
        "encrypted":false,
        "size_bytes":[N],
        "free_bytes":[N],
        "mode":"0600",
        "folder_mode":"0700",
        "integrity":"ok"},
      "config":{"path":"[HOME]/.config/aimharder/config.toml",
        "exists":true,
        "usable":true,
        "mode":"0644"}
    }
    "#);
    assert_snapshot!(gauges(&home), @r#"
    exit: 0
    --- stdout
    aimharder_build_info{version="[VERSION]"} 1
    aimharder_status_timestamp_seconds [N]
    aimharder_problems 0
    aimharder_hints 0
    aimharder_scheduled{job="refresh"} 1
    aimharder_scheduled{job="prebook"} 1
    aimharder_config_usable 1
    aimharder_store_usable 1
    aimharder_store_schema [N]
    aimharder_store_size_bytes [N]
    aimharder_store_free_bytes [N]
    aimharder_accounts 1
    aimharder_sessions{kind="device",status="active"} 1
    aimharder_sessions{kind="device",status="expired"} 0
    aimharder_sessions{kind="background",status="active"} 1
    aimharder_sessions{kind="background",status="expired"} 0
    aimharder_session_active{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 1
    aimharder_session_active{account="ana@example.org",kind="device",fingerprint="[FP]"} 1
    aimharder_token_age_seconds{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} [N]
    aimharder_token_age_seconds{account="ana@example.org",kind="device",fingerprint="[FP]"} [N]
    aimharder_token_expires_timestamp_seconds{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} [N]
    aimharder_token_expires_timestamp_seconds{account="ana@example.org",kind="device",fingerprint="[FP]"} [N]
    aimharder_token_updates{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 0
    aimharder_token_updates{account="ana@example.org",kind="device",fingerprint="[FP]"} 0
    aimharder_refresh_failures_in_a_row{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 0
    aimharder_refresh_failures_in_a_row{account="ana@example.org",kind="device",fingerprint="[FP]"} 0
    aimharder_last_token_update_timestamp_seconds [N]
    aimharder_prebookings{status="booked"} 0
    aimharder_prebookings{status="cancelled"} 0
    aimharder_prebookings{status="executing"} 0
    aimharder_prebookings{status="expired"} 0
    aimharder_prebookings{status="failed"} 0
    aimharder_prebookings{status="pending"} 0
    aimharder_prebookings{status="waitlisted"} 0
    aimharder_weekly_rules 0
    "#);
}

/// Only a person has logged in.
#[test]
fn a_device_session_alone() {
    let (_sandbox, home) = world();
    home.config(SOURCE);
    home.crontab(CRONTAB);
    home.login("--only device").json();
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    no problems found
    hint: ana@example.org has no background session, which `prebook run` needs
          run `aimharder login ana@example.org --only background`

    sessions
      ana@example.org · crossfitdemo · password by command
        device  [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      crontab: */15 * * * *
      aimharder prebook run  crontab: 13,28,43,58 * * * *

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"exit: 0");
    assert_snapshot!(changes(json, &home), @r#"
    -   "hints":[],
    -   "accounts":[{"account":"ana@example.org","password_source":"password_command","password_refused":false,"boxes":["crossfitdemo"],"sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null},{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null}]}
    +   "hints":[{"code":"no_background_session","kind":null,"message":"ana@example.org has no background session, which `prebook run` needs","remedy":"run `aimharder login ana@example.org --only background`"}
    +   "accounts":[{"account":"ana@example.org","password_source":"password_command","password_refused":false,"boxes":["crossfitdemo"],"sessions":[{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null}]}
    "#);
    assert_snapshot!(changes(gauges, &home), @r#"
    - aimharder_hints 0
    - aimharder_sessions{kind="background",status="active"} 1
    - aimharder_session_active{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 1
    - aimharder_token_age_seconds{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} [N]
    - aimharder_token_expires_timestamp_seconds{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} [N]
    - aimharder_token_updates{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 0
    - aimharder_refresh_failures_in_a_row{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 0
    + aimharder_hints 1
    + aimharder_sessions{kind="background",status="active"} 0
    "#);
}

/// The platform has ended the background session, and no source has its password.
#[test]
fn an_expired_background_session() {
    let (_sandbox, home) = well();
    home.config("");
    home.sql("UPDATE sessions SET status = 'expired' WHERE kind = 'background'");
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    problem: the background session of ana@example.org has expired
             run `aimharder login ana@example.org --only background`

    sessions
      ana@example.org · crossfitdemo · no password source
        background  bg-38262fd  expired  token [AGE]  old
        device      [FP]  active   token [AGE]  old

    schedule
      aimharder refresh      crontab: */15 * * * *
      aimharder prebook run  crontab: 13,28,43,58 * * * *

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"
    exit: 3
    --- stdout
    problem: the background session of ana@example.org has expired
             run `aimharder login ana@example.org --only background`
    --- stderr
    error: 1 problem, see above
    ");
    assert_snapshot!(changes(json, &home), @r#"
    -   "well":true,
    -   "problems":[],
    -   "accounts":[{"account":"ana@example.org","password_source":"password_command","password_refused":false,"boxes":["crossfitdemo"],"sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null},{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null}]}
    +   "well":false,
    +   "problems":[{"code":"session_expired","kind":"login_required","message":"the background session of ana@example.org has expired","remedy":"run `aimharder login ana@example.org --only background`"}
    +   "accounts":[{"account":"ana@example.org","password_source":null,"password_refused":false,"boxes":["crossfitdemo"],"sessions":[{"account":"ana@example.org","kind":"background","fingerprint":"bg-38262fdf431f8f8329370f737705d78985b718b9","status":"expired","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null},{"account":"ana@example.org","kind":"device","fingerprint":"[FP]","status":"active","auto_refresh":true,"token_expires_at":"[INSTANT]","created_at":"[INSTANT]","token_updated_at":"[INSTANT]","token_update_count":0,"refreshed_at":"[INSTANT]","refresh_count":1,"last_error":null,"token_age_seconds":[N],"outage_runs":0,"standing":null}]}
    "#);
    assert_snapshot!(changes(gauges, &home), @r#"
    - aimharder_problems 0
    - aimharder_sessions{kind="background",status="active"} 1
    - aimharder_sessions{kind="background",status="expired"} 0
    - aimharder_session_active{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 1
    + aimharder_problems 1
    + aimharder_sessions{kind="background",status="active"} 0
    + aimharder_sessions{kind="background",status="expired"} 1
    + aimharder_session_active{account="ana@example.org",kind="background",fingerprint="bg-38262fd"} 0
    "#);
}

/// Nothing runs `refresh`.
#[test]
fn no_scheduler() {
    let (_sandbox, home) = well();
    home.crontab("");
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    problem: nothing runs `aimharder refresh`: no crontab line, no active timer
             add `*/15 * * * * [BIN] refresh` with crontab -e, or in a clone run: systemd/install.sh --user --enable

    sessions
      ana@example.org · crossfitdemo · password by command
        background  bg-38262fd  active  token [AGE]  old
        device      [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      not scheduled
      aimharder prebook run  not scheduled

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"
    exit: 6
    --- stdout
    problem: nothing runs `aimharder refresh`: no crontab line, no active timer
             add `*/15 * * * * [BIN] refresh` with crontab -e, or in a clone run: systemd/install.sh --user --enable
    --- stderr
    error: 1 problem, see above
    ");
    assert_snapshot!(changes(json, &home), @r#"
    -   "well":true,
    -   "problems":[],
    -   "schedule":{"entries":[{"by":"crontab","job":"refresh","active":true,"serves":true,"name":"*/15 * * * *","account":null,"box":null,"rare":false,"next_at":null,"error":null},{"by":"crontab","job":"prebook","active":true,"serves":true,"name":"13,28,43,58 * * * *","account":null,"box":null,"rare":false,"next_at":null,"error":null}]},
    +   "well":false,
    +   "problems":[{"code":"not_scheduled","kind":"not_found","message":"nothing runs `aimharder refresh`: no crontab line, no active timer","remedy":"add `*/15 * * * * [BIN] refresh` with crontab -e, or in a clone run: systemd/install.sh --user --enable"}
    +   "schedule":{"entries":[]},
    "#);
    assert_snapshot!(changes(gauges, &home), @r#"
    - aimharder_problems 0
    - aimharder_scheduled{job="refresh"} 1
    - aimharder_scheduled{job="prebook"} 1
    + aimharder_problems 1
    + aimharder_scheduled{job="refresh"} 0
    + aimharder_scheduled{job="prebook"} 0
    "#);
}

/// A prebooking whose booking opens in two days.
#[test]
fn a_pending_prebooking() {
    let (_sandbox, home) = well();
    add(&home, "1d");
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    no problems found

    sessions
      ana@example.org · crossfitdemo · password by command
        background  bg-38262fd  active  token [AGE]  old
        device      [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      crontab: */15 * * * *
      aimharder prebook run  crontab: 13,28,43,58 * * * *

    prebookings
      1  [DATE]  13:10  WOD  opens in [N], [DATE] 13:10

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"exit: 0");
    assert_snapshot!(changes(json, &home), @r#"
    -   "prebookings":{"counts":{"booked":0,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":0,"waitlisted":0},
    -     "next_opening_at":null,
    -     "next":[],
    +   "prebookings":{"counts":{"booked":0,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":1,"waitlisted":0},
    +     "next_opening_at":"[INSTANT]",
    +     "next":[{"id":1,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"WOD","starts_at":"[INSTANT]","opens_at":"[INSTANT]","guess":false,"tried_at":null,"message":null}],
    "#);
    assert_snapshot!(changes(gauges, &home), @r#"
    - aimharder_prebookings{status="pending"} 0
    + aimharder_prebookings{status="pending"} 1
    + aimharder_next_opening_timestamp_seconds [N]
    "#);
}

/// A pending prebooking that every run fails to book, after another one was booked.
#[test]
fn a_failing_prebooking() {
    let (_sandbox, home) = well();
    add(&home, "9d");
    home.run("prebook run --give-up 0s").ends(6);
    home.sql("INSERT INTO prebookings (account, box, day, start, alternatives, waitlist, watch, status, attempts, created_at) \
              VALUES ('ana@example.org', 'crossfitdemo', '2026-01-02', '13:10', '[]', 0, 0, 'booked', 1, 0)");
    home.sql("INSERT INTO shots (prebooking, sent_at, class, outcome, lateness_ms) SELECT 2, 1000 * (unixepoch() - 7200), 'x', 'booked', 1.5");
    assert_snapshot!(shot(home.status("")), @r#"
    exit: 0
    --- stdout
    problem: the last run could not book prebooking 1: no class "WOD" at 13:10 on [DATE]; no classes are published for that day
             the next run tries again; to give it up, run `aimharder prebook remove 1`

    sessions
      ana@example.org · crossfitdemo · password by command
        background  bg-38262fd  active  token [AGE]  old
        device      [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      crontab: */15 * * * *
      aimharder prebook run  crontab: 13,28,43,58 * * * *

    prebookings
      1  [DATE]  13:10  WOD  open since [DATE] 13:10
      last request 2 h ago, for prebooking 2: booked, 1.5 ms after the opening

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    "#);
    assert_snapshot!(shot(home.status("--check")), @r#"
    exit: 6
    --- stdout
    problem: the last run could not book prebooking 1: no class "WOD" at 13:10 on [DATE]; no classes are published for that day
             the next run tries again; to give it up, run `aimharder prebook remove 1`
    --- stderr
    error: 1 problem, see above
    "#);
    assert_snapshot!(changes(json, &home), @r#"
    -   "well":true,
    -   "problems":[],
    -   "prebookings":{"counts":{"booked":0,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":0,"waitlisted":0},
    -     "next":[],
    -     "last_request":null},
    +   "well":false,
    +   "problems":[{"code":"prebooking_failing","kind":"not_found","message":"the last run could not book prebooking 1: no class \"WOD\" at 13:10 on [DATE]; no classes are published for that day","remedy":"the next run tries again; to give it up, run `aimharder prebook remove 1`"}
    +   "prebookings":{"counts":{"booked":1,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":1,"waitlisted":0},
    +     "next":[{"id":1,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"WOD","starts_at":"[INSTANT]","opens_at":"[INSTANT]","guess":false,"tried_at":"[INSTANT]","message":"no class \"WOD\" at 13:10 on [DATE]; no classes are published for that day"}],
    +     "last_request":{"prebooking":2,"sent_at":"[INSTANT]","outcome":"booked","lateness_ms":[N],"clock_offset_ms":null}},
    "#);
    assert_snapshot!(changes(gauges, &home), @r#"
    - aimharder_problems 0
    - aimharder_prebookings{status="booked"} 0
    - aimharder_prebookings{status="pending"} 0
    + aimharder_problems 1
    + aimharder_prebookings{status="booked"} 1
    + aimharder_prebookings{status="pending"} 1
    + aimharder_last_booking_request_timestamp_seconds{outcome="booked"} [N]
    + aimharder_last_booking_request_lateness_seconds [N]
    "#);
}

/// A crontab whose lines name no program that exists, and run too rarely.
#[test]
fn a_broken_crontab_line() {
    let (_sandbox, home) = well();
    add(&home, "1d");
    home.crontab("0 3 * * * /nowhere/aimharder refresh\n5 5 * * * aimharder prebook run\n");
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    problem: the crontab line 0 3 * * * cannot run `aimharder refresh`: /nowhere/aimharder does not exist
             remove it and add `*/15 * * * * [BIN] refresh` with crontab -e
    problem: the crontab line 5 5 * * * cannot run `aimharder prebook run`: aimharder is not on the PATH of that line (/usr/bin:/bin)
             remove it and add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e

    sessions
      ana@example.org · crossfitdemo · password by command
        background  bg-38262fd  active  token [AGE]  old
        device      [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      crontab: 0 3 * * *, cannot run
      aimharder prebook run  crontab: 5 5 * * *, cannot run

    prebookings
      1  [DATE]  13:10  WOD  opens in [N], [DATE] 13:10

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"
    exit: 6
    --- stdout
    problem: the crontab line 0 3 * * * cannot run `aimharder refresh`: /nowhere/aimharder does not exist
             remove it and add `*/15 * * * * [BIN] refresh` with crontab -e
    problem: the crontab line 5 5 * * * cannot run `aimharder prebook run`: aimharder is not on the PATH of that line (/usr/bin:/bin)
             remove it and add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e
    --- stderr
    error: 2 problems, see above
    ");
    assert_snapshot!(changes(json, &home), @r#"
    -   "well":true,
    -   "problems":[],
    -   "schedule":{"entries":[{"by":"crontab","job":"refresh","active":true,"serves":true,"name":"*/15 * * * *","account":null,"box":null,"rare":false,"next_at":null,"error":null},{"by":"crontab","job":"prebook","active":true,"serves":true,"name":"13,28,43,58 * * * *","account":null,"box":null,"rare":false,"next_at":null,"error":null}]},
    -   "prebookings":{"counts":{"booked":0,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":0,"waitlisted":0},
    -     "next_opening_at":null,
    -     "next":[],
    +   "well":false,
    +   "problems":[{"code":"schedule_broken","kind":"not_found","message":"the crontab line 0 3 * * * cannot run `aimharder refresh`: /nowhere/aimharder does not exist","remedy":"remove it and add `*/15 * * * * [BIN] refresh` with crontab -e"},
    +     {"code":"schedule_broken","kind":"not_found","message":"the crontab line 5 5 * * * cannot run `aimharder prebook run`: aimharder is not on the PATH of that line (/usr/bin:/bin)","remedy":"remove it and add `13,28,43,58 * * * * [BIN] prebook run` with crontab -e"}
    +   "schedule":{"entries":[{"by":"crontab","job":"refresh","active":true,"serves":true,"name":"0 3 * * *","account":null,"box":null,"rare":true,"next_at":null,"error":"/nowhere/aimharder does not exist"},{"by":"crontab","job":"prebook","active":true,"serves":true,"name":"5 5 * * *","account":null,"box":null,"rare":true,"next_at":null,"error":"aimharder is not on the PATH of that line (/usr/bin:/bin)"}]},
    +   "prebookings":{"counts":{"booked":0,"cancelled":0,"executing":0,"expired":0,"failed":0,"pending":1,"waitlisted":0},
    +     "next_opening_at":"[INSTANT]",
    +     "next":[{"id":1,"account":"ana@example.org","box":"crossfitdemo","day":"[DATE]","start":"13:10","class":"WOD","starts_at":"[INSTANT]","opens_at":"[INSTANT]","guess":false,"tried_at":null,"message":null}],
    "#);
    assert_snapshot!(changes(gauges, &home), @r#"
    - aimharder_problems 0
    - aimharder_scheduled{job="refresh"} 1
    - aimharder_scheduled{job="prebook"} 1
    - aimharder_prebookings{status="pending"} 0
    + aimharder_problems 2
    + aimharder_scheduled{job="refresh"} 0
    + aimharder_scheduled{job="prebook"} 0
    + aimharder_prebookings{status="pending"} 1
    + aimharder_next_opening_timestamp_seconds [N]
    "#);
}

/// An encrypted store whose key is available.
#[test]
fn an_encrypted_store() {
    let (_sandbox, home) = well();
    has_key(&home);
    home.run("store encrypt").succeeds();
    assert_snapshot!(shot(home.status("")), @"
    exit: 0
    --- stdout
    no problems found

    sessions
      ana@example.org · crossfitdemo · password by command
        background  bg-38262fd  active  token [AGE]  old
        device      [FP]  active  token [AGE]  old

    schedule
      aimharder refresh      crontab: */15 * * * *
      aimharder prebook run  crontab: 13,28,43,58 * * * *

    server
      crossfitdemo.aimharder.com  responds in [N] ms, clocks agree

    files
      store   [HOME]/.local/state/aimharder/aimharder.db
              OK, encrypted, [SIZE], schema [N], mode 0600, [SIZE] free
      config  [HOME]/.config/aimharder/config.toml
              in use, mode 0644
    ");
    assert_snapshot!(shot(home.status("--check")), @"exit: 0");
    assert_snapshot!(changes(json, &home), @r#"
    -     "encrypted":false,
    +     "encrypted":true,
    "#);
    assert_snapshot!(changes(gauges, &home), @"");
}
