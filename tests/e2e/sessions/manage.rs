//! `sessions list | set | prune`.

use serde_json::json;

use crate::support::{ANA, BEN, BEN_PASSWORD, found, logged_in, store_files};

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
    assert_eq!(home.sessions()[0]["auto_refresh"], false);
    assert_eq!(run("on").json()["auto_refresh"], true);
    home.run("sessions set --auto-refresh off")
        .fails(2, &["which session?"]);
}

#[test]
fn prune_deletes_old_device_sessions_only() {
    let (_sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    assert_eq!(home.run("sessions prune").json(), json!({ "deleted": 0 }));
    let nearly_old = "UPDATE sessions SET created_at = created_at - 7 * 86400000 + 60000";
    home.sql(nearly_old);
    assert_eq!(home.run("sessions prune").json(), json!({ "deleted": 0 }));
    home.sql("UPDATE sessions SET created_at = created_at - 120000");
    let tokens = ["ana", "ben"].map(|name| {
        home.ask(&format!(
            "SELECT token FROM sessions WHERE kind = 'device' AND account LIKE '{name}%'"
        ))
    });
    home.has_no_booking("--account ana@example.org");
    for named in ["--fingerprint abcdef", "--session background"] {
        let prune = home.run("sessions prune").args(named);
        prune.fails(2, &["aimharder logout --fingerprint FP"]);
    }
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
    for token in tokens {
        assert!(found(&token, &store_files(&home)).is_empty(), "{token}");
    }
}
