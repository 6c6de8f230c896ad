//! A measurement takes seconds. No thread that is about to fire waits for it.

use std::net::TcpListener;
use std::thread;

use super::*;
use crate::config::{Scheme, Server};

/// A server that takes every request and answers none; `asked` connections were made.
struct Silent {
    platform: Platform,
    listener: TcpListener,
}

fn silent() -> Silent {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server {
        domain: "aimharder.com".into(),
        scheme: Scheme::Http,
        connect_to: Some(listener.local_addr().unwrap()),
        timeout: Duration::from_secs(1),
        ..Server::default()
    };
    Silent {
        platform: Platform::new(server, String::new()),
        listener,
    }
}

fn measured() -> HostClock {
    let clock = HostClock::new("crossfitdemo.aimharder.com");
    let now = clock.steady();
    let sample = Sample {
        sent: now,
        received: now + 0.01,
        stamp: 0.0,
    };
    clock.state().take(now, sample, unix());
    clock
}

#[test]
fn readers_do_not_wait_for_a_measurement_under_way() {
    let server = silent();
    let clock = measured();
    thread::scope(|scope| {
        let end = clock::steady() + Duration::from_secs(10);
        let (measuring, platform) = (&clock, &server.platform);
        scope.spawn(move || measuring.sharpen(platform, &mut Jar::default(), end));
        let (_hanging, _) = server.listener.accept().unwrap();
        let began = clock::steady();
        assert!(clock.offset().is_some() && clock.arrival(began).is_some());
        assert!(clock.aim(clock::unix_seconds() + 60.0).is_some() && !clock.has_jumped());
        assert!(
            began.elapsed() < Duration::from_millis(500),
            "a reader waited"
        );
    });
}

#[test]
fn who_must_fire_sooner_does_not_wait_for_another_measurement() {
    let server = silent();
    let clock = measured();
    thread::scope(|scope| {
        let late = clock::steady() + Duration::from_secs(10);
        let (measuring, platform) = (&clock, &server.platform);
        scope.spawn(move || measuring.sharpen(platform, &mut Jar::default(), late));
        let (_hanging, _) = server.listener.accept().unwrap();
        let began = clock::steady();
        let soon = began + Duration::from_millis(200);
        clock.sharpen(&server.platform, &mut Jar::default(), soon);
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "it waited too long"
        );
    });
}

/// A probe that took `trip` and was stamped in that second.
fn probe(sent: f64, trip: f64) -> Sample {
    Sample {
        sent,
        received: sent + trip,
        stamp: 0.0,
    }
}

/// The clock of this machine as unix seconds, for stamps near it.
#[allow(clippy::cast_possible_truncation)]
fn unix() -> i64 {
    clock::unix_seconds() as i64
}

#[test]
fn what_is_known_stays_in_force_while_it_is_measured_anew() {
    let (now, second) = (100.0, unix());
    let mut state = State::default();
    // as its second changes: exact to a hundredth of a second
    state.take(now, probe(now + 0.49, 0.001), second);
    state.take(now, probe(now + 0.5, 0.001), second + 1);
    let known = state.last_known();
    state.begin_anew();
    state.take(now, probe(now, 0.001), second);
    assert_eq!(state.last_known(), known);
    state.finish(now);
    assert_eq!(state.last_known(), known, "a single new probe is no better");
    state.begin_anew();
    state.take(now, probe(now + 0.499, 0.001), second);
    state.take(now, probe(now + 0.501, 0.001), second + 1);
    state.finish(now);
    let (known, better) = (known.unwrap(), state.last_known().unwrap());
    assert!(better.doubt < known.doubt, "{better:?}");
}

#[test]
fn dates_that_are_not_believed_leave_the_clock_of_this_machine() {
    let mut state = State::default();
    state.begin_anew();
    state.take(0.0, probe(0.0, 0.05), unix() - 3600);
    state.finish(0.0);
    assert_eq!(state.last_known(), None);
}
