//! `book`: one class, now, and proven; `wait` – at its opening instant.

mod wait;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::app::App;
use super::gym::Gym;
use super::learn::Lesson;
use super::prebook;
use crate::aimharder::Row;
use crate::booking::{BookReport, Desk, Hold, Outcome, find, hold};
use crate::cli::BookArgs;
use crate::clock;
use crate::exit::Failure;
use crate::interrupt::{self, Shield};
use crate::model::class::{Class, ClassState};
use crate::model::prebooking::Choice;
use crate::model::session::SessionKind;
use crate::opening::Opening;
use crate::output::{BookView, Out, SessionRef};
use crate::prebook::Place;
use crate::prebook::plan::Calendar;

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
    } else if args.dry_run {
        Done {
            report: rehearse(&gym, day, row, &rows, args.waitlist),
            session: SessionRef::from(live.row()),
            shield: None,
        }
    } else {
        let done = Done::now(&mut desk, day, row, args.waitlist)?;
        app.learn(&lesson(&gym, day, &done.report, clock::now()));
        done
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

/// What came of it, and who acted.
struct Done {
    report: BookReport,
    session: SessionRef,
    /// a signal waits until the result is told
    shield: Option<Shield>,
}

impl Done {
    /// Book at once. A signal waits until the result is told, not only until there is one; and
    /// where there is none, until that is told.
    fn now(desk: &mut Desk<'_, '_>, day: NaiveDate, row: &Row, queue: bool) -> Result<Self> {
        let shield = interrupt::shield();
        match desk.book(day, row, queue) {
            Ok(report) => Ok(Self {
                report,
                session: SessionRef::from(desk.live.row()),
                shield: Some(shield),
            }),
            Err(e) => {
                shield.keep();
                Err(e.into())
            }
        }
    }
}

fn lesson<'l>(
    gym: &'l Gym,
    day: NaiveDate,
    report: &'l BookReport,
    at: DateTime<Utc>,
) -> Lesson<'l> {
    Lesson {
        gym,
        day,
        start: report.row.start,
        at,
        booked: report.outcome == Outcome::Booked,
        told: report.learned.as_slice(),
    }
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
