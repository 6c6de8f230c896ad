//! `prebook run` with faults of this machine: no session, a box without an id or missing from the store, a lock that
//! another process holds, rows that cannot be written. Classes are booked if that is possible, and nothing false is
//! reported.

use aimharder::model::session::SessionKind;
use serde_json::json;

use crate::support::{ANA, ANA_PASSWORD, Fired, Scenario, hold, says, together};

#[test]
fn troubles_of_a_run() {
    together(&[
        ("no session, and no network to recover it", no_session),
        ("no session, and removed meanwhile", removed_meanwhile),
        ("a stored token that is rubbish", || unreadable("token")),
        ("stored cookies that are rubbish", || unreadable("cookies")),
        ("a box without a number", no_number),
        ("a waiting place in an unknown box", place_nowhere),
        ("an old token and a lock that others keep", kept_lock),
        ("nothing but the booking can be written", unwritten),
        ("a weekly rule in an unknown zone", rule_on_mars),
    ]);
}

fn expire(scene: &Scenario) {
    scene
        .home
        .sql("UPDATE sessions SET status = 'expired' WHERE kind = 'background'");
}

/// It is overdue, the background session is dead, and its login gets no response until --give-up.
fn no_session() {
    let (scene, class, id) = Scenario::prebooked(-1, &json!({}), "");
    expire(&scene);
    scene.sandbox.down();
    let fired = scene.fired_with("--give-up 2s", 5);
    fired.only("unreachable");
    scene.ends(id, "pending", &[]);
    scene.sandbox.clear_faults();
    scene.books(id, &class);
}

fn removed_meanwhile() {
    let (scene, _, id) = Scenario::prebooked(20, &json!({}), "");
    expire(&scene);
    scene.sandbox.down();
    let run = scene.go("");
    scene.claimed(id);
    scene.command(&format!("prebook remove {id}")).succeeds();
    let fired = Fired::of(run, 0);
    assert_eq!(fired.count("due"), 0, "{fired:?}");
    assert!(scene.requests().is_empty());
}

/// Not recovered with a password: it is not known whether the platform still has the login.
fn unreadable(column: &str) {
    let (scene, class, id) = Scenario::prebooked(-1, &json!({}), "");
    scene.home.sql(&format!(
        "UPDATE sessions SET {column} = 'rubbish', token_updated_at = token_updated_at - 3600000"
    ));
    let fired = scene.fired(3);
    fired.is(&[("postponed", 1)]);
    let words = format!("stored {column}");
    says(
        fired.only("login_required"),
        &[&words, "unreadable", "aimharder login"],
    );
    scene.ends(id, "pending", &[]);
    let bookings = scene.command("bookings");
    bookings.fails(3, &[&words, "unreadable", "aimharder login"]);
    let printed = scene.command("refresh").report(3);
    assert_eq!(printed.printed["sessions"][0]["outcome"], "failed");
    assert_eq!(scene.home.sessions().len(), 2, "nothing is thrown away");
    scene.log_in(ANA, ANA_PASSWORD);
    scene.books(id, &class);
}

/// The platform is asked for it.
fn no_number() {
    let (scene, class, id) =
        Scenario::prebooked(2, &json!({ "occupied": 12, "waitlist": 1 }), "--waitlist");
    scene.home.sql("UPDATE boxes SET id = NULL");
    scene.fired(0).is(&[("waitlisted", 1)]);
    scene.home.sql("UPDATE boxes SET id = NULL");
    scene.sandbox.reserve(ANA, &class, 1);
    scene.books(id, &class);
}

fn place_nowhere() {
    let (scene, class, id) =
        Scenario::prebooked(1, &json!({ "occupied": 12, "waitlist": 1 }), "--waitlist");
    scene.fired(0).is(&[("waitlisted", 1)]);
    scene.home.sql("UPDATE prebookings SET box = 'nowhere'");
    let fired = scene.fired(6);
    says(fired.only("not_found"), &["nowhere"]);
    scene.ends(id, "waitlisted", &[&class]);
    let rehearsed = scene.command("prebook run --dry-run").json();
    assert_eq!(rehearsed["due"], 0);
    scene
        .home
        .sql("UPDATE prebookings SET box = 'crossfitdemo'");
    scene.sandbox.reserve(ANA, &class, 1);
    scene.fired(0).is(&[("booked", 1)]);
}

/// The token is stale for a booking at an opening, and still usable: the owner of the lock updates it, or fires with it.
fn kept_lock() {
    let (scene, class, id) = Scenario::prebooked(5, &json!({}), "");
    scene.home.age_tokens(20);
    let held = hold(&scene.home, ANA, SessionKind::Background);
    scene.fired(0).is(&[("booked", 1)]);
    drop(held);
    scene.on_time();
    scene.ends(id, "booked", &[&class]);
    assert!(scene.sandbox.sent("/api/tokenUpdate").is_empty());
}

/// History, cookies and the class that is about to be requested matter less: a failure to store them is a warning.
fn unwritten() {
    let (scene, class, id) = Scenario::prebooked(2, &json!({}), "");
    scene
        .home
        .db()
        .execute_batch(
            "CREATE TRIGGER shots_broken BEFORE INSERT ON shots BEGIN SELECT RAISE(ABORT, 'no room for shots'); END; \
             CREATE TRIGGER aim_broken BEFORE UPDATE OF class_id ON prebookings WHEN NEW.status = 'executing' \
             BEGIN SELECT RAISE(ABORT, 'no room for aims'); END; \
             CREATE TRIGGER use_broken BEFORE UPDATE OF cookies ON sessions BEGIN SELECT RAISE(ABORT, 'no room for cookies'); END;",
        )
        .unwrap();
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    for words in [
        "history of prebooking",
        "no room for shots",
        "could not be stored",
        "no room for aims",
        "the cookies could not be stored",
        "no room for cookies",
    ] {
        assert!(fired.words.contains(words), "{words} in {}", fired.words);
    }
    let stored = scene.ends(id, "booked", &[&class]);
    assert_eq!(
        stored["attempts"].as_u64(),
        fired.only("booked")["attempts"].as_u64()
    );
}

/// The other prebookings are booked all the same.
fn rule_on_mars() {
    let (scene, class, id) = Scenario::prebooked(1, &json!({}), "");
    let new = scene.command("boxes set marte --id 7 --timezone Europe/Madrid");
    new.ends(0);
    let weekly = "prebook add --box marte --weekly mon --time 6:10 --opens 1d";
    scene.command(weekly).ends(0);
    let spoil = "UPDATE boxes SET timezone = 'Mars/Olympus' WHERE name = 'marte'";
    scene.home.sql(spoil);
    scene
        .home
        .sql("DELETE FROM prebookings WHERE rule IS NOT NULL");
    let fired = scene.fired(0);
    fired.is(&[("booked", 1)]);
    let words = "weekly rule r1 makes no prebookings";
    assert!(fired.words.contains(words), "{}", fired.words);
    scene.home.sql("UPDATE boxes SET timezone = NULL");
    scene.ends(id, "booked", &[&class]);
}
