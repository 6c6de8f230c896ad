//! `prebook add | list | rules | remove | skip` by the real binary: no network, no live session,
//! only config and store.

mod edits;
mod refused;
mod replaced;

use aimharder::model::prebooking::{Prebooking, Progress};
use aimharder::model::session::SessionKind;
use aimharder::store::{Attempt, Store};
use chrono::NaiveDate;
use serde_json::Value;

use crate::support::{ANA, CRONTAB, Home, store_boxes, store_session, today};

const SOURCE: &str = "password_command = \"echo secret\"";

/// A server that cannot be reached, and a crontab that runs `prebook run`.
fn without_login() -> Home {
    let home = Home::offline();
    home.crontab(CRONTAB);
    home
}

/// The same with both sessions of Ana, a box, and a password source.
fn with_login() -> Home {
    let home = without_login();
    home.config(SOURCE);
    log_in(&home, ANA, &["crossfitdemo"]);
    home
}

fn log_in(home: &Home, account: &str, boxes: &[&str]) {
    for kind in [SessionKind::Device, SessionKind::Background] {
        store_session(home, account, kind);
    }
    store_boxes(home, account, boxes);
}

/// What a refusal says; standard output must be empty.
fn refused(home: &Home, line: &str, status: i32) -> String {
    home.run(line).status(status).any_stderr().done().stderr
}

/// What a success says.
fn output_of(home: &Home, line: &str) -> String {
    home.run(line).succeeds().stdout
}

fn settle(home: &Home, id: i64, progress: Progress) {
    let store = Store::open(&home.store_path()).unwrap();
    let seen = store.prebooking(id).unwrap().unwrap();
    assert!(store.claim(&seen, "run", |_| true).unwrap());
    store.put_attempt(id, &attempt()).unwrap();
    let end = Prebooking {
        progress,
        reservation: Some("55501".into()),
        class_id: Some("1223250".into()),
        tried_at: Some(aimharder::clock::now()),
        ..seen
    };
    assert!(store.settle(&end, Some("run"), 1).unwrap());
}

fn attempt() -> Attempt {
    Attempt {
        sent_at: "2026-11-20T17:30:00.012Z".parse().unwrap(),
        class: "19:30 Open Box (id 1223250)".into(),
        outcome: "booked".into(),
        book_state: Some(1),
        message: None,
        clock_offset_ms: Some(-812.4),
        lateness_ms: Some(3.1),
    }
}

/// This many days from today on the box's calendar.
fn ahead(days: u64) -> NaiveDate {
    today() + chrono::Days::new(days)
}

fn ids(view: &Value) -> Vec<i64> {
    let list = view["prebookings"].as_array().unwrap();
    list.iter().map(|p| p["id"].as_i64().unwrap()).collect()
}
