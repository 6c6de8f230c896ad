//! Openings in simulated time, through the real code: the session, the schedule, the probes, what is believed of them, aiming
//! and repeats. Only the clock ([`clock::simulated`]) and the network ([`platform::simulated`]) are replaced.
//!
//! Every opening follows from its seed, which a failure names. `AIMHARDER_SIMULATION_SECONDS` sets how long the search takes;
//! `AIMHARDER_SIMULATION_SEED` repeats one opening.

mod removed;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use fastrand::Rng;
use serde_json::json;

use super::context::RunContext;
use super::plan::Next;
use super::task::BookingTask;
use super::wait::Wait;
use crate::clock::{self, simulated::Simulated};
use crate::config::{Config, Scheme, Server};
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::PrebookRequest;
use crate::model::session::{SessionKind, SessionRef};
use crate::platform::{Jar, Platform, simulated};
use crate::secret::Secret;
use crate::sessions::lock::Locks;
use crate::sessions::{SessionManager, SessionSelector};
use crate::store::Store;

/// The wall clock of the machine when a simulation starts: 2026-12-01 09:00:00 UTC.
const START: f64 = 1_796_115_600.0;
const GIVE_UP: Duration = Duration::from_secs(30);
/// The openings of `cargo test`, always the same: no run of it finds what another one does not.
const OPENINGS: u64 = 900;

/// How long requests take one way, in seconds.
#[derive(Debug, Clone, Copy)]
struct Path {
    there: f64,
    back: f64,
    jitter: f64,
    /// some requests take much longer
    heavy: bool,
    /// the share of lost responses
    loss: f64,
}

impl Path {
    /// Lets the time of one way pass.
    fn pass(&self, way: f64, random: &mut Rng) {
        let mut span = way + random.f64() * self.jitter;
        if self.heavy && random.f64() < 0.1 {
            span += 0.02 / (random.f64() + 0.01);
        }
        clock::nap(Duration::from_secs_f64(span));
    }
}

/// What dates the server sends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Dates {
    Right,
    /// this share is wrong, by an hour or a day or with an impossible year
    Some(f64),
    /// all are wrong by this
    All(f64),
    /// those of the first minute are wrong by this
    First(f64),
    /// a cached answer that stays the same for so many seconds
    Cached(f64),
    /// a cached answer of an hour before, which stays the same
    Stuck,
}

/// One opening.
#[derive(Debug, Clone)]
struct Scenario {
    seed: u64,
    /// server minus true time at the start; the machine's clock is right then
    offset: f64,
    /// differences of further servers behind the same name
    others: Vec<f64>,
    path: Path,
    dates: Dates,
    drift: f64,
    step: Option<(f64, f64)>,
    suspension: Option<(f64, f64)>,
    /// how long before the opening, by the server's clock, the program starts; up to the next whole second longer
    lead: f64,
    /// the part of a second at which it starts
    phase: f64,
    /// the class is not enabled before its opening
    is_enabled_late: bool,
}

impl Scenario {
    fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut chance = |share: f64| random.f64() < share;
        let (with_others, with_step, with_suspension) = (chance(0.1), chance(0.1), chance(0.1));
        let (heavy, lossy, wrong, jittery) = (chance(0.2), chance(0.2), chance(0.3), chance(0.5));
        let between = |random: &mut Rng, low: f64, high: f64| low + random.f64() * (high - low);
        let offset = match random.u8(0..6) {
            0..3 => 0.0,
            3 => between(&mut random, -3.0, 3.0),
            4 => between(&mut random, -50.0, 50.0),
            _ => between(&mut random, -4000.0, 4000.0),
        };
        let lead = match random.u8(0..4) {
            0 => between(&mut random, 0.3, 3.0),
            1 => between(&mut random, 3.0, 40.0),
            _ => between(&mut random, 40.0, 800.0),
        };
        let dates = match random.u8(0..4) {
            _ if !wrong => Dates::Right,
            0 | 1 => Dates::Some(between(&mut random, 0.0, 0.25)),
            2 => Dates::All(between(&mut random, -5000.0, 5000.0)),
            _ => Dates::Cached(between(&mut random, 1.0, 600.0)),
        };
        let early = between(&mut random, 0.0, 1.0) * (lead - 30.0);
        let event = |wanted: bool, by: f64| (wanted && lead > 60.0).then_some((START + early, by));
        let by = between(&mut random, -20.0, 20.0);
        Self {
            seed,
            // a wrong date cannot be distinguished from a wrong clock
            offset: if wrong { 0.0 } else { offset },
            others: if with_others {
                vec![between(&mut random, -0.3, 0.3)]
            } else {
                Vec::new()
            },
            path: Path {
                there: between(&mut random, 0.000_2, 0.1),
                back: between(&mut random, 0.000_2, 0.1),
                jitter: if jittery {
                    between(&mut random, 0.0, 0.02)
                } else {
                    0.0
                },
                heavy,
                loss: if lossy { 0.05 } else { 0.0 },
            },
            dates,
            drift: between(&mut random, -50e-6, 50e-6),
            step: event(with_step, by),
            suspension: event(with_suspension, by.abs()),
            lead,
            phase: 0.0,
            is_enabled_late: false,
        }
    }

    /// Nothing in it can mislead a measurement, and there is time for one.
    fn is_calm(&self) -> bool {
        self.dates == Dates::Right
            && self.others.is_empty()
            && !self.path.heavy
            && self.path.loss <= 0.0
            && self.step.is_none()
            && self.suspension.is_none()
            && self.lead > 30.0
            && self.left() > 30.0
            && self.offset.abs() < 60.0
    }

    /// The time until the opening by the clock of this machine.
    fn left(&self) -> f64 {
        self.lead + self.offset
    }
}

/// What the server has seen.
#[derive(Debug, Default)]
struct Seen {
    /// arrivals of booking requests, in seconds after the opening
    arrivals: Vec<f64>,
    requests: usize,
    booked: bool,
}

/// The server: schedule, probes and bookings of one class.
fn server(scenario: &Scenario, opening: f64, seen: Rc<RefCell<Seen>>) -> simulated::Server {
    let mut random = Rng::with_seed(scenario.seed ^ 0xA5A5);
    let it = scenario.clone();
    let mut cached = (f64::MIN, String::new());
    Box::new(move |path| {
        it.path.pass(it.path.there, &mut random);
        let dice = random.f64();
        let which = random.usize(0..=it.others.len());
        let now = clock::simulated::truth() + it.offset;
        let mut seen = seen.borrow_mut();
        seen.requests += 1;
        let body = match path {
            "/api/book" => {
                seen.arrivals.push(now - opening);
                if now < opening {
                    json!({"bookState": -12, "errorMssg": "Demasiado pronto", "errorMssgLang": "ERROR_ANTELACION_CLIENTE"})
                } else if seen.booked {
                    json!({"bookState": -12, "errorMssgLang": "NOPUEDESRESERVAMISMAHORA"})
                } else {
                    seen.booked = true;
                    json!({"bookState": 1, "id": "55501"})
                }
            }
            "/api/bookings" => {
                let (state, number) = if seen.booked {
                    (json!(1), json!("55501"))
                } else {
                    (json!(null), json!(null))
                };
                let enabled = u8::from(!it.is_enabled_late || now >= opening);
                json!({"bookings": [{"id": 1, "time": "18:30 - 19:30", "className": "WOD", "enabled": enabled, "bookState": state,
                    "idres": number, "limitc": 12, "ocupation": 3, "waitlist": -1}]})
            }
            "/api/whoami" => json!({"data": [{"id": 1, "mail": "ana@example.org", "roles": []}]}),
            _ => json!({"nextBookings": []}),
        };
        let shown = now + it.others.get(which.wrapping_sub(1)).unwrap_or(&0.0);
        let date = match it.dates {
            Dates::Some(share) if dice < share => wrong_date(shown, &mut random),
            Dates::All(by) => date(shown + by),
            Dates::First(by) if shown < START + 60.0 => date(shown + by),
            Dates::Cached(span) => {
                if now - cached.0 > span {
                    cached = (now, date(shown));
                }
                cached.1.clone()
            }
            Dates::Stuck => date(START - 3600.0),
            Dates::Right | Dates::Some(_) | Dates::First(_) => date(shown),
        };
        let lost = random.f64() < it.path.loss;
        it.path.pass(it.path.back, &mut random);
        (!lost).then(|| simulated::Reply {
            date,
            body: body.to_string(),
        })
    })
}

fn date(at: f64) -> String {
    utc(at.floor())
        .format("%a, %d %b %Y %H:%M:%S GMT")
        .to_string()
}

fn wrong_date(now: f64, random: &mut Rng) -> String {
    match random.u8(0..4) {
        0 => date(now - 3600.0),
        1 => date(now + 86_400.0),
        2 => date(now + random.f64() * 20.0 - 10.0),
        _ => "Thu, 31 Dec +262142 23:59:59 GMT".to_owned(),
    }
}

#[allow(clippy::cast_possible_truncation)] // microseconds of this century
fn utc(at: f64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros((at * 1e6) as i64).unwrap()
}

/// A store with one session, for many openings.
struct World {
    _folder: tempfile::TempDir,
    store: Store,
    platform: Platform,
    config: Config,
    account: Account,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store/s.db")).unwrap();
        let account: Account = "ana@example.org".parse().unwrap();
        store
            .put_login(
                &store.hold_codec().unwrap(),
                &account,
                &SessionRef::background(&account, "salt"),
                Secret::new("69232|1896731601|03485f300f1a53a7e34143a0af9d2592"),
                Jar::default().to_json(),
                utc(START),
            )
            .unwrap();
        let platform = Platform::new(
            Server {
                domain: "aimharder.com".into(),
                scheme: Scheme::Http,
                connect_to: Some("127.0.0.1:9".parse().unwrap()),
                timeout: Duration::from_secs(15),
                user_agent: "test".into(),
                ..Server::default()
            },
            String::new(),
        );
        Self {
            _folder: folder,
            store,
            platform,
            config: Config::default(),
            account,
        }
    }

    /// What the server saw, and how long it took.
    fn play(&self, scenario: &Scenario) -> (Seen, f64) {
        let opening = (START + scenario.phase + scenario.offset + scenario.lead).ceil();
        self.simulate(scenario, opening, |context, request, profile| {
            let opening = utc(opening);
            let day = (opening + TimeDelta::days(2)).date_naive();
            let mut task = BookingTask::new(context, request, day, profile);
            // Whether it was booked is the server's to say.
            let _ = task.book(&request.first, Next::At(opening));
        })
    }

    /// Runs `book` in a scenario. What the server saw, and how long it took.
    fn simulate(
        &self,
        scenario: &Scenario,
        opening: f64,
        book: impl FnOnce(&RunContext<'_>, &PrebookRequest, &BoxProfile),
    ) -> (Seen, f64) {
        fastrand::seed(scenario.seed);
        let mut machine = Simulated::at(START + scenario.phase);
        machine.drift = scenario.drift;
        machine.step = scenario.step;
        machine.suspension = scenario.suspension;
        clock::simulated::install(Some(machine));
        let seen = Rc::new(RefCell::new(Seen::default()));
        simulated::install(Some(server(scenario, opening, Rc::clone(&seen))));
        let sessions = SessionManager {
            store: &self.store,
            platform: &self.platform,
            config: &self.config,
            locks: Locks::beside(self.store.path(), "a simulation"),
        };
        let pick = SessionSelector::Kind(SessionKind::Background);
        let context = RunContext::new(&sessions, pick, GIVE_UP);
        let profile = BoxProfile {
            id: Some(1),
            zone: Tz::UTC,
            ..BoxProfile::bare("demo", "demo.aimharder.com")
        };
        let first = "18:30".parse().unwrap();
        let request = PrebookRequest::new(self.account.clone(), "demo", first);
        book(&context, &request, &profile);
        let took = clock::simulated::truth() - START - scenario.phase;
        simulated::install(None);
        clock::simulated::install(None);
        (seen.take(), took)
    }
}

/// What must hold for every opening.
fn check(scenario: &Scenario, seen: &Seen, took: f64) -> Result<(), String> {
    let first = seen.arrivals.first().copied().unwrap_or(f64::INFINITY);
    let late = seen.arrivals.iter().copied().find(|at| *at >= 0.0);
    let early = seen.arrivals.iter().filter(|at| **at < 0.0).count();
    let apart = scenario.offset.abs() + 5000.0;
    let ensure = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    ensure(took < scenario.lead + apart + 200.0, "it does not end")?;
    ensure(seen.requests < 200, "too many requests")?;
    ensure(seen.arrivals.len() < 80, "too many booking requests")?;
    if scenario.is_calm() {
        let noise = 2.0 * scenario.path.jitter + 0.004;
        ensure(first > -noise, "earlier than the margin allows")?;
        ensure(early <= 2, "too many early requests")?;
        ensure(
            late.is_some_and(|late| late < 0.01 + 2.0 * noise),
            "later than the margin allows",
        )?;
    }
    // dates that are all wrong by less than a minute look like a wrong clock
    let misled = matches!(scenario.dates, Dates::All(by) if by.abs() < 61.0);
    let quiet = scenario.path.loss <= 0.0 && !scenario.path.heavy && scenario.step.is_none();
    // a date that is wrong by less than two seconds is believed, to half a second, and the widest margin is a quarter of one
    if quiet && scenario.suspension.is_none() && !misled {
        ensure(
            seen.booked && late.is_some_and(|late| late < 2.0 + 0.5 + 0.25),
            "late by seconds",
        )?;
    }
    Ok(())
}

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn openings_of_all_kinds() {
    let only = from_env("AIMHARDER_SIMULATION_SEED");
    let limit = from_env("AIMHARDER_SIMULATION_SECONDS");
    let end = Instant::now() + Duration::from_secs(limit.unwrap_or(5));
    let last = limit.map_or(OPENINGS, |_| u64::MAX);
    let world = World::new();
    let mut played = 0;
    let mut failures = Vec::new();
    for seed in only.map_or(0..last, |seed| seed..seed + 1) {
        let scenario = Scenario::of(seed);
        let (seen, took) = world.play(&scenario);
        if let Err(why) = check(&scenario, &seen, took) {
            failures.push(format!("{why}: {scenario:?}: {seen:?} in {took} s"));
        }
        played += 1;
        if failures.len() >= 20 || Instant::now() > end {
            break;
        }
    }
    assert!(
        failures.is_empty(),
        "{played} openings: {}",
        failures.join("\n")
    );
}

/// A scenario in which nothing misleads, with requests that take `way` seconds in each direction.
fn calm(way: f64) -> Scenario {
    Scenario {
        others: Vec::new(),
        path: Path {
            there: way,
            back: way,
            jitter: 0.0,
            heavy: false,
            loss: 0.0,
        },
        dates: Dates::Right,
        drift: 0.0,
        step: None,
        suspension: None,
        ..Scenario::of(0)
    }
}

/// A clock of this machine that is fast by half a minute and more, and a program that starts so shortly before the opening by
/// this clock that there is no time to measure the difference.
#[test]
fn a_late_start_with_a_fast_clock_sends_few_early_requests() {
    let world = World::new();
    for offset in [-30.0, -45.0, -100.0, -3600.0] {
        for (left, is_enabled_late) in [(0.3, false), (1.0, false), (2.0, true), (2.9, false)] {
            let scenario = Scenario {
                offset,
                lead: left - offset,
                phase: 10.0 - left,
                is_enabled_late,
                ..calm(0.02)
            };
            let (seen, _) = world.play(&scenario);
            let early = seen.arrivals.iter().filter(|at| **at < 0.0).count();
            let late = seen.arrivals.iter().any(|at| (0.0..0.2).contains(at));
            assert!(late && early <= 16, "{seen:?}: {scenario:?}");
        }
    }
}

/// The server's clock is never known, and booking opens 20 seconds later than the rule says.
#[test]
fn a_clock_that_is_not_believed_is_looked_at_once_during_repeats() {
    let world = World::new();
    let scenario = Scenario {
        offset: 0.0,
        lead: 60.0,
        dates: Dates::Stuck,
        ..calm(0.02)
    };
    let opening = START + 80.0;
    let (seen, _) = world.simulate(&scenario, opening, |context, request, profile| {
        let ruled = utc(opening - 20.0);
        let day = (ruled + TimeDelta::days(2)).date_naive();
        let mut task = BookingTask::new(context, request, day, profile);
        let _ = task.book(&request.first, Next::At(ruled));
    });
    let pauses = seen.arrivals.windows(2).map(|pair| pair[1] - pair[0]);
    let long = pauses.filter(|pause| *pause > 2.0).count();
    assert!(seen.booked && long <= 1, "{seen:?}");
}

/// The dates by which the wait begins are behind by less than a minute, so that no request is sent by the clock of this machine.
#[test]
fn the_clock_is_measured_again_a_minute_before_the_opening() {
    let world = World::new();
    let scenario = Scenario {
        offset: 0.0,
        lead: 300.0,
        dates: Dates::First(-45.0),
        ..calm(0.02)
    };
    let (seen, _) = world.play(&scenario);
    let on_time = seen.arrivals.iter().any(|at| (0.0..0.3).contains(at));
    assert!(on_time && seen.booked, "{seen:?}");
}

/// Booking opens, or the class is enabled, a moment later than the rule says.
#[test]
fn repeats_start_at_some_milliseconds_and_looks_at_a_tenth_of_a_second() {
    let world = World::new();
    for (is_enabled_late, delay, latest) in [(false, 0.02, 0.03), (true, 0.25, 0.15)] {
        let scenario = Scenario {
            offset: 0.0,
            is_enabled_late,
            ..calm(0.001)
        };
        let opening = START + 60.0 + delay;
        let (seen, _) = world.simulate(&scenario, opening, |context, request, profile| {
            let ruled = utc(opening - delay);
            let day = (ruled + TimeDelta::days(2)).date_naive();
            let mut task = BookingTask::new(context, request, day, profile);
            let _ = task.book(&request.first, Next::At(ruled));
        });
        let on_time = seen.arrivals.iter().any(|at| (0.0..latest).contains(at));
        assert!(on_time && seen.booked, "{seen:?}");
    }
}

/// Overdue by either clock, and the class is not enabled: looked up until `--give-up`, at growing intervals.
#[test]
fn a_missing_class_is_looked_up_for_half_a_minute_with_a_fast_clock() {
    let world = World::new();
    let scenario = Scenario {
        offset: -300.0,
        is_enabled_late: true,
        ..calm(0.02)
    };
    let enabled = START + 3600.0;
    let (seen, took) = world.simulate(&scenario, enabled, |context, request, profile| {
        let ruled = utc(START - 400.0);
        let day = (ruled + TimeDelta::days(2)).date_naive();
        let mut task = BookingTask::new(context, request, day, profile);
        let _ = task.book(&request.first, Next::At(ruled));
    });
    assert!(took < 40.0 && seen.requests < 40, "{took} s: {seen:?}");
}

/// `book --wait` at one of the half hours of a guess, with a clock of this machine that is fast by 40 minutes.
#[test]
fn a_wait_counts_the_tries_of_a_guess_by_the_clock_of_the_server() {
    let world = World::new();
    let scenario = Scenario {
        offset: -2400.0,
        ..calm(0.02)
    };
    let guess = utc(START + scenario.offset + 60.0);
    for next in [Next::Guess(guess), Next::Unknown] {
        let opening = START + 86_400.0;
        let (seen, _) = world.simulate(&scenario, opening, |context, request, profile| {
            let day = utc(opening + 172_800.0).date_naive();
            let sessions = context.sessions;
            let wait = Wait::new(sessions, &context.selector, request, day, profile, "1");
            let live = sessions.open(&request.account, &context.selector);
            let result = wait.until(next, live.unwrap(), Vec::new()).unwrap();
            let expected = next.at().unwrap_or(utc(START + scenario.offset));
            let late = result.at - expected;
            assert!(
                (0..5000).contains(&late.num_milliseconds()),
                "{late}: {result:?}"
            );
        });
        assert!((1..=8).contains(&seen.arrivals.len()), "{seen:?}");
    }
}

/// The program starts shortly before the opening, and the clock of the machine is right to two milliseconds.
#[test]
fn a_late_start_is_on_time() {
    let world = World::new();
    for way in [0.000_2, 0.02, 0.04] {
        for lead in [
            0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0,
        ] {
            for offset in [-0.002, -0.001, 0.0, 0.001, 0.002] {
                let scenario = Scenario {
                    offset,
                    lead,
                    phase: 10.0 - lead - offset,
                    ..calm(way)
                };
                let (seen, _) = world.play(&scenario);
                let early = seen.arrivals.iter().filter(|at| **at < 0.0).count();
                let late = seen.arrivals.iter().any(|at| (0.0..0.02).contains(at));
                assert!(late && early <= 2, "{seen:?}: {scenario:?}");
            }
        }
    }
}
