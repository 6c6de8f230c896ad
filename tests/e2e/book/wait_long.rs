//! `book --wait` long before the opening: the countdown, interruptions, and a session that must not expire meanwhile.

use std::time::{Duration, Instant};

use aimharder::model::session::SessionKind;
use serde_json::json;

use crate::book::wait::Opening;
use crate::support::{ANA, conversation, hold, logged_in, signal, wait_for};

#[test]
fn interrupted_while_waiting() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(600);
    opening.class(&sandbox, &home, &json!({}));
    let run = opening
        .wait(&home)
        .status(130)
        .limit(Duration::from_secs(20))
        .spawn();
    wait_for("the look at the server's clock", || {
        !sandbox.sent("/api/nextBookings").is_empty()
    });
    signal("INT", run.id());
    run.done();
    assert!(sandbox.sent("/api/book").is_empty());
}

/// Ctrl-C ends the repeats after "too early"; what was booked is reported before the end.
#[test]
fn interrupted_at_the_opening() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(3);
    opening.class(&sandbox, &home, &json!({}));
    // without a rule in its text, which would depend on how far midnight is
    let early = json!({ "bookState": -12, "errorMssg": "Demasiado pronto", "errorMssgLang": "ERROR_ANTELACION_CLIENTE" });
    sandbox.fault(&json!({ "path": "/api/book", "kind": "json", "body": early, "count": -1 }));
    let run = opening
        .wait(&home)
        .status(130)
        .limit(Duration::from_secs(40))
        .spawn();
    wait_for("three tries", || sandbox.sent("/api/book").len() >= 3);
    let began = Instant::now();
    signal("INT", run.id());
    run.done();
    assert!(began.elapsed() < Duration::from_secs(5));

    let (sandbox, home) = logged_in();
    let opening = Opening::after(3);
    // a little sooner than it is said: no request is too early
    let sooner = opening.at.timestamp_millis() - 1000;
    opening.class(&sandbox, &home, &json!({ "opens_at_ms": sooner }));
    sandbox.hold("/api/book");
    let run = opening.wait(&home).status(130).any_stderr();
    let run = run.stdout_has(&["booked: Espera"]).spawn();
    wait_for("the request", || !sandbox.sent("/api/book").is_empty());
    signal("INT", run.id());
    sandbox.let_go();
    run.done();
}

/// The outcome of the request is unknown, which is reported after Ctrl-C too.
#[test]
fn interrupted_with_an_unknown_outcome() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(3);
    opening.class(&sandbox, &home, &json!({}));
    // before the first request, which may be a little early, and after the last look at the class
    let from = opening.at.timestamp_millis() - 400;
    sandbox.fault(&json!([
        { "path": "/api/book", "kind": "drop", "after": true, "count": -1, "from_ms": from },
        { "path": "/api/bookings", "kind": "status", "count": -1, "from_ms": from },
    ]));
    let run = opening
        .wait(&home)
        .fails_with(
            130,
            &["interrupted; the booking was sent, but what came of it is unknown"],
        )
        .spawn();
    wait_for("the request", || !sandbox.sent("/api/book").is_empty());
    signal("INT", run.id());
    run.done();
}

/// A token lives for half an hour, and an opening may be days away.
#[test]
fn the_session_is_kept_alive() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(1200);
    opening.class(&sandbox, &home, &json!({}));
    home.age_tokens(22); // young enough to begin with, too old to wait with
    let run = opening.wait(&home).status(130).spawn();
    wait_for("a token update", || {
        !sandbox.sent("/api/tokenUpdate").is_empty()
    });
    let print = home.fingerprint(ANA, "device");
    wait_for("the new token in the store", || {
        let token = home.ask("SELECT token FROM sessions WHERE kind = 'device'");
        sandbox.session(ANA, &print)["token"] == token
    });
    signal("INT", run.id());
    run.done();
    assert_eq!(sandbox.sent("/api/tokenUpdate").len(), 1);
}

/// Another process holds the session's lock.
#[test]
fn a_session_that_another_process_updates_is_left_alone() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(1200);
    opening.class(&sandbox, &home, &json!({}));
    home.age_tokens(22);
    let _held = hold(&home, ANA, SessionKind::Device);
    let run = opening
        .wait(&home)
        .status(130)
        .args("-v")
        .any_stderr()
        .spawn();
    run.says("continuing with the present token");
    signal("INT", run.id());
    run.done();
    assert!(sandbox.sent("/api/tokenUpdate").is_empty());
}

/// The device session is dead: reported without waiting.
#[test]
fn a_session_that_dies_meanwhile_ends_it() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(1200);
    opening.class(&sandbox, &home, &json!({}));
    home.age_tokens(22);
    sandbox.fault(&json!({ "path": "/api/tokenUpdate", "kind": "logout" }));
    opening.wait(&home).fails(3, &["aimharder login"]);
    assert!(sandbox.sent("/api/book").is_empty());
}

/// On a terminal (of util-linux' `script`): what the command waits for, a countdown, and the command that books without waiting.
#[test]
fn a_countdown_on_a_terminal() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(2 * 3600);
    opening.class(&sandbox, &home, &json!({ "name": "L'espera" }));
    let wait = format!(
        "{} book --wait --class 'l'\\''espera' --family 70002 --waitlist --box crossfitdemo --time {} --day {}",
        env!("CARGO_BIN_EXE_aimharder"),
        opening.start,
        opening.day
    );
    let mut done = false;
    let (shown, code) = conversation(&home, &wait, |shown, keys| {
        if !done && shown.matches("booking opens in 0").count() >= 2 {
            done = true;
            keys.write_all(b"\x03").unwrap();
        }
    });
    assert_eq!(code, Some(130), "{shown}");
    let hint = format!(
        "aimharder prebook add --day {} --time 13:10 --class 'l'\\''espera' --family 70002 --account ana@example.org --box crossfitdemo --waitlist",
        opening.day
    );
    assert!(shown.contains(&hint), "{shown}");
}
