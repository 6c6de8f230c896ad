//! A measurement takes seconds. No thread that is about to fire waits for it.

use std::net::TcpListener;
use std::thread;

use super::*;
use crate::clock::simulated::{self, Simulated};
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

/// Lets simulated time pass.
fn pass(seconds: f64) {
    simulated::advance(Duration::from_secs_f64(seconds));
}

/// A machine in simulated time that measures a server's clock.
struct Machine {
    base: Instant,
    state: State,
}

impl Machine {
    /// Five minutes after its start, at 2026-12-01 09:00:00 UTC.
    fn new() -> Self {
        simulated::install(Some(Simulated::at(1_796_115_600.0)));
        let base = clock::steady();
        pass(300.0);
        Self {
            base,
            state: State::default(),
        }
    }

    fn now(&self) -> f64 {
        seconds_since(self.base, clock::steady())
    }

    /// A probe of a server whose clock is `offset` seconds ahead of true time.
    #[allow(clippy::cast_possible_truncation)]
    fn probe(&mut self, offset: f64) {
        let now = self.now();
        let stamp = (simulated::truth() + offset).floor() as i64;
        self.state.take(now, probe(now, 0.001), stamp);
    }

    /// A measurement whose first two probes are `doubt` seconds before and after a change of the server's second.
    fn measure(&mut self, offset: f64, doubt: f64, probes: usize) {
        self.state.begin_anew();
        let server = simulated::truth() + offset;
        pass(server.ceil() + 1.0 - server - doubt);
        self.probe(offset);
        pass(2.0 * doubt);
        for _ in 1..probes {
            self.probe(offset);
            pass(0.05);
        }
        self.state.finish(self.now());
    }

    /// A measurement of a server whose clock is an hour behind, which fewer than [`WITNESSES`] probes in time do not prove.
    fn measure_wrong_dates(&mut self, probes: usize) {
        self.state.begin_anew();
        for _ in 0..probes {
            self.probe(-3600.0);
        }
        self.state.finish(self.now());
    }

    fn doubt(&self) -> Option<f64> {
        let known = self.state.last_known()?;
        Some((known.doubt * 1000.0).round() / 1000.0)
    }
}

#[test]
fn a_new_measurement_is_used_if_it_is_more_exact_or_proves_the_old_one_wrong() {
    for (pause, offset, doubt, probes, replaces) in [
        (1.0, 0.0, 0.05, 2, true),
        (1.0, 0.0, 0.11, 2, false),
        // quartz clocks drift by 50 µs a second
        (400.0, 0.0, 0.11, 2, true),
        // three probes that contradict, by more than both doubts and 0.2 s
        (1.0, 0.6, 0.15, 3, true),
        (1.0, -0.6, 0.15, 3, true),
        (1.0, 0.6, 0.15, 2, false),
        (1.0, 0.35, 0.15, 3, false),
        (1.0, 0.0, 0.15, 3, false),
    ] {
        let mut machine = Machine::new();
        machine.measure(0.0, 0.1, 2);
        assert_eq!(machine.doubt(), Some(0.1));
        pass(pause);
        machine.measure(offset, doubt, probes);
        let expected = if replaces { doubt } else { 0.1 };
        let case = format!("{offset} ± {doubt} by {probes} probes after {pause} s");
        assert_eq!(machine.doubt(), Some(expected), "{case}");
    }
}

#[test]
fn a_step_of_more_than_a_fifth_of_a_second_or_a_suspension_is_a_jump() {
    let mut machine = Machine::new();
    assert!(!machine.state.has_jumped(machine.now()), "nothing measured");
    for (step, suspension, has_jumped) in [
        (0.0, 0.0, false),
        (0.1, 0.0, false),
        (-0.1, 0.0, false),
        (0.3, 0.0, true),
        (-0.3, 0.0, true),
        (0.0, 60.0, true),
    ] {
        machine.measure(0.0, 0.01, 2);
        pass(20.0);
        simulated::disturb(step, suspension);
        let (now, case) = (machine.now(), format!("{step} s, {suspension} s"));
        assert_eq!(machine.state.has_jumped(now), has_jumped, "{case}");
        let known = machine.state.known(now, ROUGH);
        assert_eq!(known.is_none(), has_jumped, "{case}");
    }
}

#[test]
fn a_measurement_is_continued_for_45_seconds() {
    for (pause, probes) in [(44.0, 2), (46.0, 0)] {
        let mut machine = Machine::new();
        machine.measure(0.0, 0.01, 2);
        pass(pause);
        machine.state.begin(machine.now());
        assert_eq!(machine.state.under_way().1, probes, "after {pause} s");
    }
}

#[test]
fn what_is_known_is_looked_up_again_when_it_is_old_or_a_clock_has_jumped() {
    let is_known = |machine: &Machine| machine.state.is_known(machine.now(), 60.0);
    let mut machine = Machine::new();
    assert!(!is_known(&machine), "nothing measured");
    machine.measure(0.0, 0.01, 2);
    pass(59.0);
    assert!(is_known(&machine));
    pass(2.0);
    assert!(!is_known(&machine), "older than a minute");
    machine.measure(0.0, 0.01, 2);
    simulated::disturb(0.3, 0.0);
    assert!(!is_known(&machine), "after a step");
}

#[test]
fn dates_that_are_not_believed_are_looked_up_again_after_five_seconds_or_a_jump() {
    let is_known = |machine: &Machine| machine.state.is_known(machine.now(), ROUGH);
    let mut machine = Machine::new();
    machine.measure_wrong_dates(LOOKS - 1);
    assert!(!is_known(&machine), "there was no time for more");
    machine.measure_wrong_dates(LOOKS);
    pass(4.5);
    assert!(is_known(&machine));
    pass(1.0);
    assert!(!is_known(&machine));
    machine.measure_wrong_dates(LOOKS);
    simulated::disturb(0.3, 0.0);
    assert!(!is_known(&machine), "after a step");
}

#[test]
fn dates_that_are_not_believed_end_only_a_measurement_that_is_over() {
    let known = |pause: f64, probes: usize| {
        let mut machine = Machine::new();
        machine.measure(0.0, 0.01, 2);
        pass(pause);
        machine.measure_wrong_dates(probes);
        machine.state.last_known().is_some()
    };
    assert!(known(10.0, LOOKS), "the old measurement is in use");
    assert!(!known(ROUGH, LOOKS), "the old measurement is over");
    assert!(known(ROUGH, 0), "no response");
}
