//! `book`: one class, now, and proven; `wait` – at its opening instant.

mod wait;

use anyhow::Result;
use chrono::{NaiveDate, TimeDelta};

use self::wait::Done;
use super::app::App;
use super::gym::Gym;
use super::prebook;
use crate::aimharder::Row;
use crate::booking::{BookReport, Desk, Hold, Outcome, find, hold};
use crate::cli::BookArgs;
use crate::clock;
use crate::exit::Failure;
use crate::model::class::{Class, ClassState};
use crate::model::prebooking::Choice;
use crate::model::session::SessionKind;
use crate::opening::{Learned, Opening, Source};
use crate::output::{BookView, Out, SessionRef};
use crate::prebook::Place;
use crate::prebook::plan::Calendar;

/// A rule that is met by so little is not contradicted: clocks differ.
const CLOCK_DOUBT: TimeDelta = TimeDelta::minutes(1);

pub(super) fn run(args: &BookArgs, app: &App, out: &mut Out) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let pick = app.pick(&account, SessionKind::Device)?;
    let mut live = sessions.open(&account, &pick)?;
    let gym = app.gym(&account)?;
    let at = app.box_at(&gym, &mut live)?;
    let today = clock::now().with_timezone(&gym.zone).date_naive();
    let day = args.day.on(today).map_err(Failure::usage)?;
    let mut desk = Desk {
        live: &mut live,
        at: at.clone(),
        family: args.family.clone(),
    };
    let rows = desk.schedule(day)?.rows;
    let row = find::one(&rows, &wanted(args), day)?;
    let done = if args.wait {
        let wanted = wait::Wanted {
            account: &account,
            pick: &pick,
            gym: &gym,
            at: &at,
            place: &place(&gym, at.id),
            day,
            row,
            choice: choice(args, row),
            family: args.family.as_deref(),
            waitlist: args.waitlist,
        };
        wanted.book(app, &sessions, live, out)?
    } else {
        // a signal waits until the result is told, not only until there is one
        let shield = crate::interrupt::shield();
        let report = if args.dry_run {
            rehearse(&gym, day, row, &rows, args.waitlist)
        } else {
            match desk.book(day, row, args.waitlist) {
                Ok(report) => report,
                Err(e) => {
                    // nor until it is told that there is none
                    shield.keep();
                    return Err(e.into());
                }
            }
        };
        unlearn(app, &gym, day, &report)?;
        if let Some(learned) = report.learned {
            learn(app, &gym, learned)?;
        }
        let session = SessionRef::from(live.row());
        Done {
            report,
            session,
            shield: Some(shield),
        }
    };
    let _shield = done.shield;
    let mut view = view(&gym, day, done.report, done.session);
    view.asks_for_rule = args.wait && view.outcome == Outcome::TooEarly && view.opens_at.is_none();
    if args.prebook && view.outcome == Outcome::TooEarly {
        prebook::instead(args, app, &gym, &account, &mut view)?;
    }
    app.note_classes(&gym, &rows);
    out.show(&view)
}

fn place(gym: &Gym, id: i64) -> Place {
    Place {
        host: gym.host.clone(),
        id: Some(id),
        calendar: Calendar {
            zone: gym.zone,
            opening: gym.opening,
        },
    }
}

/// The class as it was described; one that was named by its number, as the schedule shows it.
fn choice(args: &BookArgs, row: &Row) -> Choice {
    let shown = Some(row.name.clone()).filter(|name| args.id.is_some() && !name.is_empty());
    Choice {
        start: row.start,
        class: args.class.clone().or(shown),
    }
}

fn wanted(args: &BookArgs) -> find::Wanted {
    match (&args.id, args.time) {
        (Some(id), _) => find::Wanted::Id(id.clone()),
        (None, start) => find::Wanted::At {
            start: start.unwrap_or_default(),
            name: args.class.clone(),
        },
    }
}

/// What would become of it, from the schedule alone.
fn rehearse(gym: &Gym, day: NaiveDate, row: &Row, rows: &[Row], queue: bool) -> BookReport {
    let setting = gym.setting(day);
    let another = rows.iter().any(|other| {
        other.id != row.id && other.start == row.start && hold(other) == Some(Hold::Booked)
    });
    let outcome = match Class::of(row, setting).state {
        ClassState::Booked => Outcome::AlreadyBooked,
        ClassState::Waitlisted => Outcome::Waitlisted,
        ClassState::Cancelled | ClassState::Closed => Outcome::Closed,
        ClassState::Past => Outcome::TooLate,
        ClassState::NotOpen => Outcome::TooEarly,
        _ if another => Outcome::SameTime,
        // without a list there is nothing to queue on
        ClassState::Full if !queue || row.waiting.is_none() => Outcome::Full,
        ClassState::Full | ClassState::Open => Outcome::WouldBook,
    };
    BookReport {
        outcome,
        reservation: row.reservation.clone(),
        row: row.clone(),
        message: None,
        state: None,
        learned: None,
    }
}

/// A refusal has told when booking opens here: kept, unless a rule is set (which wins).
fn learn(app: &App, gym: &Gym, learned: Learned) -> Result<()> {
    if app.store.learn_opening(&gym.name, &learned.to_string())? {
        let rule = Opening::learned(learned).words();
        log::info!("learned of box {}: booking opens {rule}", gym.name);
    }
    Ok(())
}

/// Booked at a time at which the learned rule had it closed for certain: the rule is wrong.
fn unlearn(app: &App, gym: &Gym, day: NaiveDate, report: &BookReport) -> Result<()> {
    let learned = gym.opening.filter(|rule| rule.source == Source::Learned);
    let closed = |rule: &Opening| {
        let first = rule.first_try(day, report.row.start, gym.zone).to_utc();
        first > clock::now() + CLOCK_DOUBT
    };
    let Some(rule) = learned.filter(closed) else {
        return Ok(());
    };
    if report.outcome == Outcome::Booked
        && app.store.forget_opening(&gym.name, &rule.to_string())?
    {
        log::info!(
            "booked before the learned rule {rule} had box {} open booking: the rule is forgotten",
            gym.name
        );
    }
    Ok(())
}

fn view(gym: &Gym, day: NaiveDate, report: BookReport, session: SessionRef) -> BookView {
    let setting = gym.setting(day);
    let opening = waited_for(gym, day, &report);
    BookView {
        outcome: report.outcome,
        reservation_id: report.reservation,
        opens_at: opening.map(|opening| opening.opens_at(day, report.row.start, gym.zone)),
        guess: opening.is_some_and(|opening| opening.guess),
        class: Class::of(&report.row, setting),
        prebooking_id: None,
        asks_for_rule: false,
        message: report.message,
        book_state: report.state,
        gym: gym.name.clone(),
        session,
    }
}

/// By which rule a class opens that is not open yet: the one in force, or, where that says it
/// should be open already, what the refusal told.
fn waited_for(gym: &Gym, day: NaiveDate, report: &BookReport) -> Option<Opening> {
    if report.outcome != Outcome::TooEarly {
        return None;
    }
    let now = clock::now();
    let ahead = |rule: &Opening| rule.opens_at(day, report.row.start, gym.zone) > now;
    let told = report.learned.map(Opening::learned);
    gym.opening.filter(ahead).or(told.filter(ahead))
}
