//! What other threads and processes do at an opening delays no request: a locked store, and a channel for notifications that
//! does not answer.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use rusqlite::TransactionBehavior;
use serde_json::json;

use crate::support::{Fired, SOURCE, Scenario, signal, wait_for};

/// A booking that opens two seconds earlier needs the store while it is locked, and the class is enabled a while after its
/// opening, so that the request is repeated.
#[test]
fn a_locked_store_delays_no_request() {
    let scene = Scenario::new().opens_in(8);
    let class = scene.class(&json!({ "opens_at_ms": scene.opens_ms + 600 }));
    let id = scene.add("");
    let early = scene.class(&json!({
        "opens_at_ms": scene.opens_ms - 2000, "start": "14:10", "name": "Temprano",
    }));
    scene.add_opening(-2000, "--time 14:10 --class Temprano");
    let running = scene.go("");
    scene.wait_until(-3000);
    let mut db = scene.home.db();
    let lock = db.transaction_with_behavior(TransactionBehavior::Immediate);
    let lock = lock.unwrap();
    scene.wait_until(5000);
    drop(lock);
    Fired::of(running, 0).is(&[("booked", 2)]);
    let requests = scene.requests();
    let last = requests
        .iter()
        .rfind(|request| request["form"]["id"] == class.as_str())
        .unwrap();
    let late = last["server_ms"].as_i64().unwrap() - scene.opens_ms;
    assert!((600..1600).contains(&late), "{late} ms: {requests:#?}");
    scene.ends(id, "booked", &[&class, &early]);
}

#[test]
fn a_channel_that_hangs_delays_no_claim_and_not_the_end_after_a_signal() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let scene = Scenario::new().opens_in(5);
    scene.home.use_real_time();
    scene
        .home
        .config(&format!("{SOURCE}\n[[notify]]\nwebhook = \"{url}\""));
    scene.class(&json!({}));
    scene.add("");
    // keeps the run going
    scene.add_opening(60_000, "--time 15:10");
    let running = scene.go("");
    scene.wait_until(-1500);
    scene.class(&json!({ "opens_at_ms": scene.opens_ms - 9000, "start": "14:10" }));
    let open = scene.add_opening(-9000, "--time 14:10");
    scene.wait_until(0);
    let status = format!("SELECT status FROM prebookings WHERE id = {open}");
    wait_for("the booking of another prebooking", || {
        scene.home.ask(&status) == "booked"
    });
    let late = scene.now_ms() - scene.opens_ms;
    assert!(late < 5000, "booked {late} ms after the first");
    let signalled = Instant::now();
    signal("TERM", running.id());
    let output = running.unchecked();
    assert_eq!(output.status, Some(143), "{output:?}");
    let took = signalled.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
}
