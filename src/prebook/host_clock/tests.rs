//! Measuring takes seconds, and nobody who is about to fire may have to wait for it.

use std::net::TcpListener;
use std::thread;

use super::*;
use crate::aimharder::{Scheme, Settings};

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
