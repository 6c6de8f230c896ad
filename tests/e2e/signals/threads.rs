//! SIGINT and SIGTERM while several threads work: no new request is started, the program ends when
//! those under way have ended, and their results are stored.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{SIGNALS, ends, nothing_uncertain, signalled, started};
use crate::support::{
    Run, SOURCE, Sandbox, Scenario, crowd, day, logged_in, side_by_side, signal, wait_for,
};

/// The longest that a program may take to end whose requests take 300 ms each.
const SOON: Duration = Duration::from_secs(4);

/// Each thread may just be starting a request when the signal arrives.
///
/// Starts the run, sends it a signal once `ready`, and returns the requests for `path` that arrived
/// before and after it, and how long the program took to end.
fn ended_after(
    run: Run,
    (name, code): (&str, i32),
    sandbox: &Sandbox,
    path: &str,
    ready: usize,
) -> (usize, usize, Duration) {
    let running = run.status(code).any_stdout().any_stderr().spawn();
    wait_for("requests", || sandbox.sent(path).len() >= ready);
    signal(name, running.id());
    let (signalled, before) = (Instant::now(), sandbox.sent(path).len());
    running.done();
    let took = signalled.elapsed();
    (before, sandbox.sent(path).len() - before, took)
}

#[test]
fn refresh_with_several_jobs_starts_no_further_update() {
    side_by_side(&SIGNALS[..2], |how| {
        let (sandbox, home) = crowd(12);
        sandbox.config(&json!({ "latency_after_ms": 300 }));
        let run = home.run("refresh --force --rate 0 --jobs 4");
        let (before, after, took) = ended_after(run, *how, &sandbox, "/api/tokenUpdate", 6);
        assert!(
            after <= 4,
            "{before} updates before the signal, {after} after it"
        );
        assert!(took < SOON, "it took {took:?}");
        nothing_uncertain(&sandbox, &home);
        home.run("refresh --force --rate 0")
            .report(0)
            .is(&[("updated", 24)]);
    });
}

/// Every job waits for a response that does not arrive: the program ends after the timeout of those requests.
#[test]
fn refresh_in_an_outage_ends_after_the_requests_under_way() {
    side_by_side(&SIGNALS[..2], |how| {
        let (sandbox, home) = crowd(6);
        home.config_with("", "timeout = \"2s\"");
        let hang = json!({ "path": "/api/tokenUpdate", "kind": "hang", "skip": 1, "count": -1 });
        sandbox.fault(&hang);
        let run = home.run("refresh --force --rate 0 --jobs 4");
        let (before, after, took) = ended_after(run, *how, &sandbox, "/api/tokenUpdate", 4);
        assert!(
            after <= 4,
            "{before} updates before the signal, {after} after it"
        );
        assert!(took < SOON, "it took {took:?}");
    });
}

/// Several prebookings repeat their requests because the box opens late.
#[test]
fn prebook_run_starts_no_further_repeat_and_stores_its_attempts() {
    side_by_side(&SIGNALS[..2], |how| {
        let scene = Scenario::new().opens_in(4);
        let late = scene.opens_ms + 60_000;
        let ids: Vec<i64> = (0..6)
            .map(|hour| {
                let start = format!("{}:10", 13 + hour);
                scene.class(&json!({ "start": start, "opens_at_ms": late }));
                scene.prebook(&format!("--class WOD --time {start}"))
            })
            .collect();
        scene.sandbox.config(&json!({ "latency_after_ms": 300 }));
        let run = scene.command("prebook run --json");
        let (before, after, took) = ended_after(run, *how, &scene.sandbox, "/api/book", 18);
        assert!(
            after <= 6,
            "{before} requests before the signal, {after} after it"
        );
        assert!(took < SOON, "it took {took:?}");
        let sent = scene.requests().len();
        let stored: Vec<Value> = ids.iter().map(|id| scene.stored(*id)).collect();
        let attempts = stored.iter().map(|it| it["attempts"].as_u64().unwrap());
        let attempts: u64 = attempts.sum();
        assert_eq!(usize::try_from(attempts).unwrap(), sent, "{stored:#?}");
        for prebooking in stored {
            assert_eq!(prebooking["status"], "pending", "{prebooking}");
        }
        assert_eq!(scene.sandbox.all_reservations().len(), 0);
    });
}

#[test]
fn after_a_second_it_says_what_it_waits_for() {
    side_by_side(&SIGNALS[..2], |(name, code)| {
        let (sandbox, home) = logged_in();
        sandbox.hold("/api/tokenUpdate");
        let run = home.run("refresh --force --jobs 1").status(*code);
        let running = run.stderr_has(&["waiting", "token update"]).spawn();
        wait_for("the request", || !sandbox.log().is_empty());
        signal(name, running.id());
        running.says("token update");
        sandbox.let_go();
        running.done();
    });
}

/// If the system starts no threads, a signal ends the program at once.
#[test]
fn without_threads_a_signal_ends_the_program() {
    side_by_side(&["INT", "TERM"], |name| {
        let (_sandbox, home) = logged_in();
        let run = home.run("login --password-stdin ana@example.org");
        // no stack of this size can be had
        let run = run.env("RUST_MIN_STACK", (1_u64 << 60).to_string());
        let (reader, writer) = std::io::pipe().unwrap();
        let mut running = run
            .command()
            .stdin(reader)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // it has opened its store, and waits for the password
        let maps = format!("/proc/{}/fd", running.id());
        wait_for("the store opened", || {
            std::fs::read_dir(&maps).is_ok_and(|all| {
                all.flatten().any(|file| {
                    std::fs::read_link(file.path()).is_ok_and(|to| to == home.store_path())
                })
            })
        });
        signal(name, running.id());
        let mut ended = None;
        let began = Instant::now();
        while ended.is_none() && began.elapsed() < Duration::from_secs(5) {
            ended = running.try_wait().unwrap();
            std::thread::sleep(Duration::from_millis(5));
        }
        running.kill().unwrap();
        running.wait().unwrap();
        drop(writer);
        assert!(ended.is_some(), "SIG{name} was swallowed");
    });
}

/// The response to the booking is lost; one look at the schedule settles it, or the message says that the outcome is unknown.
#[test]
fn a_booking_under_way_is_settled_by_one_read() {
    side_by_side(&SIGNALS[..2], |how| {
        for fails in [false, true] {
            let (sandbox, home) = logged_in();
            let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
            let lost = json!({ "path": "/api/book", "kind": "drop", "after": true });
            sandbox.fault(&lost);
            if fails {
                let down =
                    json!({ "path": "/api/bookings", "kind": "status", "skip": 1, "count": -1 });
                sandbox.fault(&down);
            }
            sandbox.hold("/api/book");
            let run = home.run("book --time 13:10 --day +3 --json").any_stdout();
            let words = if fails { "unknown" } else { "" };
            let run = run.stderr_has(&["interrupted", words]);
            let printed = signalled(run, &sandbox, "/api/book", *how).json();
            assert_eq!(printed["outcome"] == "booked", !fails, "{printed}");
            assert_eq!(printed["error"]["kind"], "interrupted", "{printed}");
            assert_eq!(sandbox.reservations(&id).len(), 1);
            assert_eq!(sandbox.sent("/api/book").len(), 1);
            assert_eq!(sandbox.sent("/api/bookings").len(), 2);
        }
    });
}

/// A prebooking's request whose response is lost: the next run settles it without another request.
#[test]
fn a_prebooking_under_way_is_stored() {
    side_by_side(&SIGNALS[..2], |how| {
        let (scene, class, id) = Scenario::prebooked(3, &json!({}), "");
        scene.sandbox.hold("/api/book");
        let running = scene.command("prebook run --json").status(how.1);
        let running = running.any_stdout().any_stderr().spawn();
        wait_for("the request", || {
            let arrived = scene.requests().len();
            let is_in_time = !scene.in_time().is_empty();
            if arrived > 0 && !is_in_time {
                // it came a moment too early: the repeat is waited for
                scene.sandbox.let_go();
                scene.sandbox.hold("/api/book");
            }
            is_in_time
        });
        signal(how.0, running.id());
        scene.sandbox.let_go();
        let printed = running.json();
        assert_eq!(printed["results"][0]["outcome"], "booked", "{printed}");
        assert_eq!(printed["error"]["kind"], "interrupted", "{printed}");
        scene.ends(id, "booked", &[&class]);
    });
}

/// The schedule shows no booking, but the request whose response was lost may still be served.
#[test]
fn a_lost_response_leaves_the_outcome_unknown() {
    side_by_side(&SIGNALS[..2], |how| {
        let (scene, _, id) = Scenario::prebooked(1, &json!({}), "");
        let lost = json!({ "path": "/api/book", "kind": "drop", "count": -1 });
        scene.sandbox.fault(&lost);
        let running = scene.command("prebook run --json").status(how.1);
        let running = running.any_stdout().any_stderr().spawn();
        wait_for("a repeat", || scene.requests().len() > 1);
        signal(how.0, running.id());
        let printed = running.json();
        let outcome = &printed["results"][0]["outcome"];
        assert_eq!(outcome, "unknown_outcome", "{printed}");
        assert_eq!(printed["error"]["kind"], "interrupted", "{printed}");
        scene.ends(id, "pending", &[]);
    });
}

/// The session turns out to be dead while a booking is under way; its password command hangs.
#[test]
fn a_password_command_is_ended_by_the_signal() {
    side_by_side(&SIGNALS[..2], |(name, code)| {
        let (sandbox, home) = logged_in();
        sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
        home.config("password_command = 'echo $$ > $HOME/asked; exec sleep 50'");
        sandbox.fault(&json!([
            { "path": "/api/book", "kind": "logout" },
            { "path": "/setrefresh", "kind": "logout" },
            { "path": "/api/tokenUpdate", "kind": "logout" },
        ]));
        let run = home.run("book --time 13:10 --day +3 --session background");
        let running = run.status(*code).any_stderr().spawn();
        let process = started(&home, "asked");
        let signalled = Instant::now();
        signal(name, running.id());
        let printed = running.done();
        assert!(signalled.elapsed() < SOON, "{:?}", signalled.elapsed());
        assert!(!printed.stderr.contains("30 s"), "{printed:?}");
        ends(&process);
    });
}

/// A notification that hangs takes two seconds of the end at most, and its command ends too.
#[test]
fn notifications_take_two_seconds_at_most() {
    side_by_side(&SIGNALS[..2], |(name, code)| {
        let (scene, class, id) = Scenario::prebooked(3, &json!({}), "");
        let command = "echo $$ > $HOME/started; exec sleep 50";
        let notify = format!("{SOURCE}\n[[notify]]\ncommand = '{command}'\n");
        scene.home.config(&notify);
        let running = scene.command("prebook run").status(*code);
        let running = running.any_stdout().any_stderr().spawn();
        let process = started(&scene.home, "started");
        let signalled = Instant::now();
        signal(name, running.id());
        running.done();
        assert!(signalled.elapsed() < SOON, "{:?}", signalled.elapsed());
        ends(&process);
        scene.ends(id, "booked", &[&class]);
    });
}

/// Each booking is notified by itself here; the channel is reported once.
#[test]
fn a_channel_that_fails_is_reported_once_in_a_run() {
    let scene = Scenario::new().opens_in(1);
    let config = format!("{SOURCE}\n[[notify]]\ncommand = 'sleep 0.2; exit 1'\n");
    scene.home.config(&config);
    for name in ["WOD", "Yoga", "Pilates"] {
        scene.class(&json!({ "name": name }));
    }
    for (n, name) in ["wod", "yoga", "pilates"].iter().enumerate() {
        scene.prebook(&format!(
            "--time 13:10 --class {name} --family {}",
            70002 + n
        ));
    }
    let run = scene.command("prebook run").unchecked();
    assert_eq!(
        run.stderr.matches("[[notify]] 1 (command)").count(),
        1,
        "{run:?}"
    );
}

/// A dead-man ping that hangs takes two seconds of the end at most.
#[test]
fn pings_take_two_seconds_at_most() {
    side_by_side(&SIGNALS[..2], |how| {
        let (sandbox, home) = logged_in();
        let monitor = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", monitor.local_addr().unwrap());
        home.config(&format!("[ping]\nrefresh = \"{url}\"\n"));
        sandbox.hold("/api/tokenUpdate");
        let run = home.run("refresh --force").in_real_time().any_stderr();
        let running = signalled(run, &sandbox, "/api/tokenUpdate", *how);
        let began = Instant::now();
        running.done();
        assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
        nothing_uncertain(&sandbox, &home);
    });
}

/// `whoami` and the schedule are read one after the other: the second is not started.
#[test]
fn a_listing_starts_no_further_request() {
    side_by_side(&SIGNALS[..2], |how| {
        let (sandbox, home) = logged_in();
        sandbox.hold("/api/bookings");
        let running = home.run("classes --day +3").status(how.1).spawn();
        wait_for("the request", || !sandbox.log().is_empty());
        signal(how.0, running.id());
        running.done();
        sandbox.let_go();
        assert_eq!(sandbox.log().len(), 1);
        assert_eq!(home.sessions().len(), 2);
    });
}

/// A place on a waiting list that is given up within the lead: the result is stored although its response is late.
#[test]
fn a_place_being_given_up_is_stored() {
    side_by_side(&SIGNALS[..2], |how| {
        let (scene, _, id) = Scenario::queued();
        let lead = format!("{SOURCE}\n[boxes.crossfitdemo]\nlead = '30d'");
        scene.home.config(&lead);
        scene.sandbox.hold("/api/cancelBook");
        let run = scene
            .command("prebook run --json")
            .any_stdout()
            .any_stderr();
        let printed = signalled(run, &scene.sandbox, "/api/cancelBook", *how).json();
        assert_eq!(printed["results"][0]["outcome"], "too_late", "{printed}");
        scene.ends(id, "expired", &[]);
    });
}
