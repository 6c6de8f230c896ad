//! `prebook run`: everything that opens soon, at its instant.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::app::App;
use super::Boxes;
use crate::booking::Outcome;
use crate::cli::PrebookRunArgs;
use crate::clock;
use crate::config::Event;
use crate::exit::{Failure, Kind};
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::session::SessionKind;
use crate::notify::{self, Notice, Ping};
use crate::opening::Learned;
use crate::output::{Out, ResultView, RunView, SessionRef};
use crate::prebook::plan::{Calendar, until};
use crate::prebook::{Ending, Place, Run, Settled};
use crate::store;
use crate::told;

pub(super) fn run(args: &PrebookRunArgs, app: &App, out: &mut Out) -> Result<()> {
    if args.dry_run {
        return out.show(&rehearse(args, app)?);
    }
    notify::ping(app.config.ping.prebook.as_ref(), Ping::Start);
    raise_file_limit();
    let kind = app.asked.session.unwrap_or(SessionKind::Background);
    let sessions = app.sessions();
    let run = Run::new(
        &sessions,
        kind,
        app.asked.account.as_ref(),
        args.horizon,
        args.give_up,
    );
    let boxes = Boxes::of(app);
    let mut view = RunView::default();
    let mut codes = Codes::default();
    run.go(
        &|prebooking| place(app, prebooking),
        &|| boxes.unfold(app.asked.account.as_ref(), clock::now()),
        &mut |settled| {
            learn(app, &settled)?;
            tell(app, out, &settled)?;
            codes.add(&settled);
            let result = result(app, &settled);
            count(&mut view, &settled);
            view.results.push(result);
            Ok(())
        },
    )?;
    view.failure = codes.failure(&view);
    notify::ping(
        app.config.ping.prebook.as_ref(),
        if view.failure.is_none() {
            Ping::Success
        } else {
            Ping::Fail
        },
    );
    out.show(&view)
}

/// Every waiting prebooking holds a lock file and a connection.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(e) = setrlimit(Resource::Nofile, raised) {
        log::debug!("the limit on open files stays at {:?}: {e}", limit.current);
    }
}

fn place(app: &App, prebooking: &Prebooking) -> Result<Place, String> {
    let gym = app
        .any_gym(&prebooking.wish.gym)
        .map_err(|e| format!("{e:#}"))?;
    Ok(Place {
        host: gym.host,
        id: gym.id,
        calendar: Calendar {
            zone: gym.zone,
            opening: gym.opening,
        },
    })
}

/// The plan, without network and without touching anything.
fn rehearse(args: &PrebookRunArgs, app: &App) -> Result<RunView> {
    let now = clock::now();
    let mut planned: Vec<(Option<DateTime<Utc>>, ResultView)> = Vec::new();
    for prebooking in app.store.open_prebookings(app.asked.account.as_ref())? {
        if prebooking.progress != Progress::Pending {
            continue;
        }
        let place = match place(app, &prebooking) {
            Ok(place) => place,
            Err(why) => {
                log::warn!("prebooking {}: {why}", prebooking.id);
                continue;
            }
        };
        if place
            .calendar
            .is_due(&prebooking, now, until(now, args.horizon))
        {
            let soonest = place.calendar.soonest(&prebooking, now);
            let opens_at = soonest.map(|at| at.with_timezone(&place.calendar.zone));
            planned.push((
                soonest,
                ResultView {
                    outcome: "would_book",
                    opens_at,
                    ..blank(&prebooking)
                },
            ));
        }
    }
    planned.sort_by_key(|(at, result)| (*at, result.id));
    let results: Vec<ResultView> = planned.into_iter().map(|(_, result)| result).collect();
    Ok(RunView {
        due: results.len(),
        results,
        dry_run: true,
        ..RunView::default()
    })
}

fn blank(prebooking: &Prebooking) -> ResultView {
    let first = &prebooking.wish.first;
    let name = first
        .class
        .as_ref()
        .map_or_else(String::new, |name| format!(" {name}"));
    ResultView {
        id: prebooking.id,
        outcome: "",
        opens_at: None,
        fired_at: None,
        attempts: 0,
        clock_offset_ms: None,
        lateness_ms: None,
        message: None,
        reservation_id: None,
        account: prebooking.wish.account.to_string(),
        gym: prebooking.wish.gym.clone(),
        day: prebooking.day,
        class: format!("{}{name}", first.start.format("%H:%M")),
        session: None,
    }
}

fn result(app: &App, settled: &Settled) -> ResultView {
    let zone = zone_of(app, &settled.prebooking);
    let blank = blank(&settled.prebooking);
    ResultView {
        outcome: outcome(settled.ending),
        opens_at: settled.opens_at.map(|at| at.with_timezone(&zone)),
        fired_at: settled.fired_at.map(|at| at.with_timezone(&zone)),
        attempts: settled.attempts,
        clock_offset_ms: settled.clock_offset_ms.map(tenths),
        lateness_ms: settled.lateness_ms.map(tenths),
        message: settled.message.clone(),
        reservation_id: settled.reservation.clone(),
        class: settled.class.as_ref().map_or(blank.class, |row| {
            format!("{} {}", row.start.format("%H:%M"), row.name)
        }),
        session: settled.session.as_ref().map(SessionRef::from),
        ..blank
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn zone_of(app: &App, prebooking: &Prebooking) -> Tz {
    place(app, prebooking).map_or(chrono_tz::Europe::Madrid, |place| place.calendar.zone)
}

fn outcome(ending: Ending) -> &'static str {
    match ending {
        Ending::Book(outcome) => outcome.name(),
        Ending::Cancelled => "cancelled",
        Ending::Expired => "expired",
        Ending::Trouble(kind) => kind.name(),
    }
}

fn count(view: &mut RunView, settled: &Settled) {
    view.due += 1;
    let counter = match settled.progress {
        Progress::Booked => &mut view.booked,
        Progress::Waitlisted if !matches!(settled.ending, Ending::Trouble(_)) => {
            &mut view.waitlisted
        }
        Progress::Pending | Progress::Waitlisted => &mut view.postponed,
        _ => &mut view.failed,
    };
    *counter += 1;
}

/// The exit code over all results.
#[derive(Debug, Default)]
struct Codes {
    bad: BTreeSet<Kind>,
    succeeded: bool,
    first: Option<String>,
}

impl Codes {
    fn add(&mut self, settled: &Settled) {
        match code(settled) {
            Some(kind) => {
                self.bad.insert(kind);
                self.first.get_or_insert_with(|| sentence(settled));
            }
            None => {
                self.succeeded |=
                    matches!(settled.progress, Progress::Booked | Progress::Waitlisted);
            }
        }
    }

    fn failure(self, view: &RunView) -> Option<Failure> {
        let mut kinds = self.bad.into_iter();
        let kind = match (kinds.next()?, kinds.next()) {
            (only, None) if !self.succeeded => only,
            _ => Kind::Partial,
        };
        let message = format!(
            "{} of {} prebookings were not booked: {}",
            view.failed + view.postponed,
            view.due,
            self.first.unwrap_or_default()
        );
        // each result was put into words when it was new
        Some(Failure {
            told: true,
            ..Failure::new(kind, message)
        })
    }
}

/// `None`: booked, queued, or postponed for a reason that is none to worry about.
fn code(settled: &Settled) -> Option<Kind> {
    let pending = settled.progress == Progress::Pending;
    match settled.ending {
        Ending::Book(Outcome::Booked | Outcome::AlreadyBooked | Outcome::Waitlisted) => None,
        Ending::Book(Outcome::Full | Outcome::Closed | Outcome::TooEarly) if pending => None,
        Ending::Book(_) | Ending::Cancelled | Ending::Expired => Some(Kind::Refused),
        Ending::Trouble(kind) => Some(kind),
    }
}

/// What a refusal taught, and the better rule that a guess has turned out to be.
fn learn(app: &App, settled: &Settled) -> store::Result<()> {
    for learned in &settled.learned {
        app.store
            .learn_opening(&settled.prebooking.wish.gym, &Learned::to_string(learned))?;
    }
    Ok(())
}

/// Words and notices: successes always, problems when they are new.
fn tell(app: &App, out: &mut Out, settled: &Settled) -> Result<()> {
    let subject = format!("prebooking:{}", settled.prebooking.id);
    let (event, news) = match code(settled) {
        Some(kind) => {
            let event = match kind {
                _ if settled.progress == Progress::Failed
                    || settled.progress == Progress::Expired =>
                {
                    Event::Failed
                }
                Kind::LoginRequired => Event::LoginRequired,
                Kind::Unreachable => Event::Unreachable,
                _ => Event::Postponed,
            };
            let news = told::met(&app.store, &subject, kind)?;
            if news || out.is_watched() {
                out.tell(&format!("error: {}", sentence(settled)));
            }
            (event, news)
        }
        None if settled.progress == Progress::Pending => {
            if told::well(&app.store, &subject)? {
                out.tell(&format!("over: {}", sentence(settled)));
            }
            let subject = format!(
                "postponed:{}:{}",
                settled.prebooking.id,
                outcome(settled.ending)
            );
            let news = told::met(&app.store, &subject, Kind::TooEarly)?;
            if out.is_watched() {
                out.tell(&sentence(settled));
            }
            (Event::Postponed, news)
        }
        None => {
            let event = if settled.progress == Progress::Booked {
                Event::Booked
            } else {
                Event::Waitlisted
            };
            (event, true)
        }
    };
    if settled.progress != Progress::Pending {
        app.store.clear_problem(&subject)?;
    }
    if news {
        notify::send(&app.config, &[notice(settled, event)]);
    }
    Ok(())
}

fn notice(settled: &Settled, event: Event) -> Notice {
    let prebooking = &settled.prebooking;
    let name = settled
        .class
        .as_ref()
        .map(|row| row.name.clone())
        .or_else(|| prebooking.wish.first.class.clone());
    Notice {
        gym: Some(prebooking.wish.gym.clone()),
        prebooking_id: Some(prebooking.id),
        class: name,
        day: Some(prebooking.day),
        start: Some(
            settled
                .class
                .as_ref()
                .map_or(prebooking.wish.first.start, |row| row.start),
        ),
        outcome: Some(outcome(settled.ending).to_owned()),
        reservation_id: settled.reservation.clone(),
        ..Notice::of_session(
            event,
            &prebooking.wish.account,
            &sentence(settled),
            clock::now(),
        )
    }
}

/// One line about one result.
fn sentence(settled: &Settled) -> String {
    let prebooking = &settled.prebooking;
    let what = blank(prebooking).describe();
    let why = match settled.ending {
        Ending::Book(Outcome::Booked) => "booked",
        Ending::Book(Outcome::AlreadyBooked) => "already booked",
        Ending::Book(Outcome::Waitlisted) => "on the waiting list",
        Ending::Book(Outcome::Full) => "the class is full",
        Ending::Book(Outcome::NoCredit) => "no credit, or the membership does not cover it",
        Ending::Book(Outcome::PaymentPending) => "a payment is pending",
        Ending::Book(Outcome::LimitReached) => "the limit of classes is reached",
        Ending::Book(Outcome::SameTime) => "there is another class at that time",
        Ending::Book(Outcome::TooLate) => "too late",
        Ending::Book(Outcome::Closed) => "the class cannot be booked",
        Ending::Book(Outcome::TooEarly) => "booking is not open yet",
        Ending::Book(Outcome::Refused | Outcome::WouldBook | Outcome::Prebooked) => {
            "AimHarder refused the booking"
        }
        Ending::Cancelled => "cancelled by the gym",
        Ending::Expired => "the class has started",
        Ending::Trouble(Kind::LoginRequired) => "login required",
        Ending::Trouble(Kind::NotFound) => "no such class",
        Ending::Trouble(Kind::UnknownOutcome) => "outcome unknown",
        Ending::Trouble(_) => "AimHarder could not be reached",
    };
    let told = settled
        .message
        .as_ref()
        .map_or_else(String::new, |message| format!(" ({message})"));
    let next = if settled.progress == Progress::Pending {
        "; it stays pending and is tried again"
    } else {
        ""
    };
    format!(
        "prebooking {} of {}, {what}: {why}{told}{next}",
        prebooking.id, prebooking.wish.account
    )
}
