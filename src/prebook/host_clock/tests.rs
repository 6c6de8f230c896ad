//! Measuring takes seconds, and nobody who is about to fire may have to wait for it.

use std::net::TcpListener;
use std::thread;

use super::*;
use crate::platform::{Scheme, Settings};

/// A server that takes every request and answers none; `asked` connections were made.
struct Silent {
    platform: Platform,
    listener: TcpListener,
}

fn silent() -> Silent {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = Settings {
        domain: "aimharder.com".into(),
        scheme: Scheme::Http,
        connect_to: Some(listener.local_addr().unwrap()),
        ca_file: None,
        proxy: None,
        timeout: Duration::from_secs(1),
        user_agent: "test".into(),
    };
    Silent {
        platform: Platform::new(settings),
        listener,
    }
}

fn measured() -> Arc<HostClock> {
    let clock = Clocks::default().of("crossfitdemo.aimharder.com");
    let now = clock.steady();
    let sample = Sample {
        sent: now,
        received: now + 0.01,
        stamp: 0.0,
    };
    clock.state().take(now, sample, 1_800_000_000);
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
        assert!(clock.aim(1_800_000_060.0).is_some() && !clock.has_jumped());
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

/// A probe that took so long and was stamped in that second.
fn probe(sent: f64, trip: f64) -> Sample {
    Sample {
        sent,
        received: sent + trip,
        stamp: 0.0,
    }
}

#[test]
fn what_is_known_stays_in_force_while_it_is_measured_anew() {
    let now = 100.0;
    let mut state = State::default();
    // as its second flips: the lead is 0.5 to a hundredth
    state.take(now, probe(0.49, 0.001), 1000);
    state.take(now, probe(0.5, 0.001), 1001);
    let known = estimate(&state.samples).unwrap();
    state.begin(now);
    state.take(now, probe(now, 0.001), 1100);
    assert_eq!(estimate(&state.samples), Some(known));
    state.finish(now);
    assert_eq!(
        estimate(&state.samples),
        Some(known),
        "a single new probe is no better"
    );
    state.begin(now);
    state.take(now, probe(now + 0.499, 0.001), 1100);
    state.take(now, probe(now + 0.501, 0.001), 1101);
    state.finish(now);
    let better = estimate(&state.samples).unwrap();
    assert!(better.doubt < known.doubt, "{better:?}");
}

#[test]
fn warming_a_connection_tells_contradictions_only() {
    let mut state = State::default();
    state.take(0.0, probe(0.0, 0.05), 1000);
    state.take(0.0, probe(0.5, 0.05), 1001);
    let known = estimate(&state.samples).unwrap();
    // connecting took most of a second: later than usual, and no contradiction
    state.check(0.0, probe(1.0, 0.8), 1002);
    assert_eq!(estimate(&state.samples), Some(known));
    // an hour ahead at once
    state.check(0.0, probe(2.0, 0.05), 4602);
    assert_eq!(estimate(&state.samples).unwrap().samples, 1);
}
