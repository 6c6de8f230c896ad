//! `logout` and `sessions`: what is deleted, and what never is.

use serde_json::json;

use crate::store::encryption::secrets;
use crate::support::{
    ANA, ANA_PASSWORD, BEN, BEN_PASSWORD, Home, found, logged_in, store_files, wait_for,
};

const WEEK: &str = "7 * 24 * 3600 * 1000";

#[test]
fn a_suggested_command_names_account_and_store() {
    let home = Home::nowhere();
    let suggested =
        "`aimharder logout --background --yes-delete-background --account maria@example.org`";
    home.run("logout --account maria@example.org --background")
        .fails(2, &[suggested]);
    let store = home.path().join("my gym.db");
    let suggested = format!("--yes-delete-background --store '{}'`", store.display());
    home.run("logout --background --store")
        .arg(store)
        .fails(2, &[&suggested]);
}

#[test]
fn only_this_machines_device_session_is_forgotten() {
    let (sandbox, home) = logged_in();
    let print = home.fingerprint(ANA, "device");
    let printed = home.run("logout").json();
    assert_eq!(
        printed,
        json!({ "deleted": [{ "kind": "device", "fingerprint": print }] })
    );
    assert_eq!(home.sessions()[0]["kind"], "background");
    assert!(sandbox.log().is_empty(), "nothing was sent");
    assert_eq!(home.run("logout").json(), json!({ "deleted": [] }));
    home.run("logout").stdout("nothing to delete\n").done();
}

#[test]
fn a_named_device_or_all_of_them() {
    let (_sandbox, home) = logged_in();
    let first = home.fingerprint(ANA, "device");
    for _ in 0..2 {
        home.run("login --password-stdin --new-device --only device")
            .stdin(ANA_PASSWORD)
            .succeeds();
    }
    let printed = home.run("logout --fingerprint").arg(&first[..8]).json();
    assert_eq!(printed["deleted"][0]["fingerprint"], first.as_str());
    home.run("logout --fingerprint zzzzzzzz")
        .fails(6, &["no session here"]);
    home.run("logout --fingerprint bg-").usage(&["at least 6"]);
    let background = home.fingerprint(ANA, "background");
    home.run("logout --fingerprint")
        .arg(&background)
        .fails(6, &["no session here"]);
    let printed = home.run("logout --all-devices").json();
    assert_eq!(printed["deleted"].as_array().unwrap().len(), 2);
    assert_eq!(home.sessions().len(), 1);
}

#[test]
fn the_background_session_needs_two_flags() {
    let (sandbox, home) = logged_in();
    for args in ["logout --background", "logout --session background"] {
        home.run(args).fails(2, &["--yes-delete-background"]);
    }
    home.run("logout --yes-delete-background")
        .usage(&["--background"]);
    home.run("logout --all-devices --background --yes-delete-background")
        .usage(&["cannot be used with"]);
    assert_eq!(home.sessions().len(), 2);
    let print = home.fingerprint(ANA, "background");
    let printed = home
        .run("logout --background --yes-delete-background")
        .json();
    assert_eq!(
        printed,
        json!({ "deleted": [{ "kind": "background", "fingerprint": print }] })
    );
    assert_eq!(home.sessions()[0]["kind"], "device");
    assert_eq!(
        home.run("logout --background --yes-delete-background")
            .json(),
        json!({ "deleted": [] })
    );
    assert!(sandbox.log().is_empty());
}

#[test]
fn the_store_itself_protects_background_sessions() {
    let (_sandbox, home) = logged_in();
    let db = home.db();
    let refused = db.execute("DELETE FROM sessions WHERE kind = 'background'", []);
    assert!(refused.unwrap_err().to_string().contains("protected"));
    let second = db.execute(
        "INSERT INTO sessions (account, kind, fingerprint, token, cookies, generation, created_at, used_at, token_updated_at) \
         SELECT account, kind, 'other', token, cookies, 1, 0, 0, 0 FROM sessions WHERE kind = 'background'",
        [],
    );
    assert!(second.is_err(), "one background session per account");
}

#[test]
fn the_list_has_its_instants_in_utc() {
    let (_sandbox, home) = logged_in();
    for session in home.sessions() {
        let keys = [
            "created_at",
            "token_updated_at",
            "token_expires_at",
            "refreshed_at",
        ];
        for at in keys.map(|key| session[key].as_str().unwrap()) {
            assert!(at.ends_with("+00:00"), "{at}");
            chrono::DateTime::parse_from_rfc3339(at).unwrap();
        }
    }
}

#[test]
fn auto_refresh_on_and_off() {
    let (_sandbox, home) = logged_in();
    let print = home.fingerprint(ANA, "background");
    let run = |switch: &str| {
        let run = home.run("sessions set --fingerprint").arg(&print[..9]);
        run.arg("--auto-refresh").arg(switch)
    };
    let printed = run("off").json();
    assert_eq!(printed["fingerprint"], print.as_str());
    assert_eq!(printed["auto_refresh"], false);
    assert_eq!(home.sessions()[0]["auto_refresh"], false);
    assert_eq!(run("on").json()["auto_refresh"], true);
    run("perhaps").usage(&["perhaps"]);
    home.run("sessions set --auto-refresh off")
        .fails(2, &["which session?"]);
    home.run("sessions set --fingerprint zzzzzzz --auto-refresh off")
        .fails(6, &["no session here"]);
}

#[test]
fn prune_deletes_old_device_sessions_only() {
    let (_sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    assert_eq!(home.run("sessions prune").json(), json!({ "deleted": 0 }));
    home.sql(&format!(
        "UPDATE sessions SET created_at = created_at - {WEEK} + 60000"
    ));
    assert_eq!(home.run("sessions prune").json(), json!({ "deleted": 0 }));
    home.sql("UPDATE sessions SET created_at = created_at - 120000");
    home.run("bookings --account ana@example.org")
        .stdout("nothing booked\n")
        .done();
    let printed = home.run("sessions prune --account ana@example.org").json();
    assert_eq!(printed, json!({ "deleted": 1 }));
    home.run("sessions prune")
        .stdout("1 old device session deleted\n")
        .done();
    assert!(
        home.sessions()
            .iter()
            .all(|session| session["kind"] == "background")
    );
    assert_eq!(home.sessions().len(), 2);
}

#[test]
fn busy_is_shown_while_another_process_updates() {
    let (sandbox, home) = logged_in();
    home.age_tokens(60);
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "hang" }));
    let running = home.run("classes --day +3").spawn();
    wait_for("the update", || {
        !sandbox.sent("/api/tokenUpdate").is_empty()
    });
    let busy = |kind: &str| {
        let sessions = home.sessions();
        sessions.iter().find(|s| s["kind"] == kind).unwrap()["busy"].clone()
    };
    assert_eq!(busy("device"), true);
    assert_eq!(busy("background"), false);
    running.kill();
    assert_eq!(busy("device"), false, "the lock died with its process");
}

#[test]
fn nothing_of_a_pruned_login_is_left_in_the_files() {
    let (_sandbox, home) = logged_in();
    let token = home
        .ask("SELECT token FROM sessions WHERE kind = 'device'")
        .unwrap();
    home.sql("UPDATE sessions SET created_at = 0, token_updated_at = 0 WHERE kind = 'device'");
    assert_eq!(home.run("sessions prune").json(), json!({ "deleted": 1 }));
    assert!(found(&token, &store_files(&home)).is_empty());
}

/// A logout does not call AimHarder, so a deleted token would still be valid there.
#[test]
fn nothing_of_a_forgotten_login_is_left_in_the_files() {
    let (sandbox, home) = logged_in();
    home.run("refresh --force").done();
    let known = secrets(&sandbox);
    assert!(
        known
            .iter()
            .any(|secret| !found(secret, &store_files(&home)).is_empty())
    );
    home.run("logout").succeeds();
    home.run("logout --background --yes-delete-background")
        .succeeds();
    for secret in known {
        assert!(found(&secret, &store_files(&home)).is_empty(), "{secret}");
    }
}

#[test]
fn a_logout_beside_a_reader_says_what_it_could_not_do() {
    let (_sandbox, home) = logged_in();
    let reader = home.db();
    reader.execute_batch("BEGIN").unwrap();
    reader
        .query_row("SELECT count(*) FROM sessions", [], |_| Ok(()))
        .unwrap();
    home.run("logout")
        .stdout_has(&["deleted"])
        .stderr_has(&["may be left in unused parts"])
        .done();
    assert_eq!(home.sessions().len(), 1);
}

/// The second cannot be deleted; the first is, and is listed.
#[test]
fn deleted_sessions_are_listed_even_if_another_remains() {
    let (_sandbox, home) = logged_in();
    home.run("login --new-device --only device --password-stdin")
        .arg(ANA)
        .stdin(ANA_PASSWORD)
        .succeeds();
    home.sql(
        "CREATE TRIGGER broken BEFORE DELETE ON sessions WHEN OLD.id = 1 BEGIN SELECT RAISE(ABORT, 'as a test has it'); END",
    );
    let run = home.run("logout --all-devices --json");
    let printed = run.fails_with(7, &["as a test has it"]).json();
    assert_eq!(printed["deleted"].as_array().unwrap().len(), 1, "{printed}");
    assert_eq!(printed["error"]["kind"], "partial", "{printed}");
}
