//! `book`: one class, now, and proven; `wait` – at its opening instant.

mod wait;

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::app::App;
use super::box_profile::BoxProfile;
use super::learn::OpeningObservation;
use super::prebook;
use crate::booking::{
    BookReport, BoxClient, Hold, LoginCheck, Outcome, decided, find, hold, to_class,
};
use crate::cli::BookArgs;
use crate::clock;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::class::ClassState;
use crate::model::opening::Opening;
use crate::model::session::SessionKind;
use crate::model::zone::resolve;
use crate::output::{BookView, SessionRef};
use crate::platform::{BoxAt, Row};
use crate::sessions::{ActiveSession, SessionSelector};
use crate::signals::{self, SignalGuard};
use crate::ui::Ui;

pub(crate) fn run(args: &BookArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let pick = app.pick(&account, SessionKind::Device)?;
    let mut live = sessions.open(&account, &pick)?;
    let gym = app.gym(&account)?;
    let at = app.box_at(&gym, &mut live)?;
    let today = clock::now().with_timezone(&gym.zone).date_naive();
    let day = args.day.on(today).map_err(Failure::usage)?;
    // The response to a booking request shows a logout, so only a dry run has to ask.
    let check = if args.dry_run {
        LoginCheck::IfPossible
    } else {
        LoginCheck::Skipped
    };
    let rows = client(args, &at, &mut live)
        .schedule_within(day, Duration::MAX, check)?
        .rows;
    if args.dry_run && !live.has_shown_login() {
        log::warn!(
            "the login could not be verified: bookings of {day} may be missing from the schedule"
        );
    }
    let wanted = Wanted {
        args,
        account: &account,
        pick: &pick,
        gym: &gym,
        at: &at,
        day,
        row: find::one(&rows, &description(args), day)?,
    };
    let done = if args.wait {
        wanted.wait(app, &sessions, live, ui)?
    } else if args.dry_run {
        wanted.rehearse(&rows, &live)
    } else {
        let mut done = wanted.book(&mut live)?;
        let now = clock::now();
        app.learn(&wanted.lesson(&done.report, now));
        wanted.tell_better(gym.opening, &mut done.report, now, None);
        done
    };
    let _guard = done.signal_guard;
    let mut view = view(&gym, day, done.report, done.session);
    view.asks_for_rule = args.wait && view.outcome == Outcome::TooEarly && view.opens_at.is_none();
    if args.prebook && view.outcome == Outcome::TooEarly {
        prebook::instead(args, app, &gym, &account, &mut view)?;
    }
    app.note_classes(&gym, &rows);
    ui.print(&view)
}

/// The class that is wanted, where, and who asks.
struct Wanted<'w> {
    args: &'w BookArgs,
    account: &'w Account,
    pick: &'w SessionSelector,
    gym: &'w BoxProfile,
    at: &'w BoxAt,
    day: NaiveDate,
    /// as the schedule showed it first
    row: &'w Row,
}

/// What came of it, and who acted.
struct Done {
    report: BookReport,
    session: SessionRef,
    /// a signal waits until the result is told
    signal_guard: Option<SignalGuard>,
}

impl Wanted<'_> {
    /// Book at once. A signal waits until the result is told, not only until there is one; and
    /// where there is none, until that is told.
    fn book(&self, live: &mut ActiveSession<'_>) -> Result<Done> {
        let signal_guard = signals::signal_guard("booking");
        let booked = client(self.args, self.at, live).book(self.day, self.row, self.args.waitlist);
        match booked {
            Ok(report) => Ok(Done {
                report,
                session: SessionRef::from(live.row()),
                signal_guard: Some(signal_guard),
            }),
            Err(e) => {
                signal_guard.keep_unless(e.is_interrupted());
                Err(e.into())
            }
        }
    }

    /// What it teaches, asked for at this instant of the server's clock.
    fn lesson<'l>(&'l self, report: &'l BookReport, at: DateTime<Utc>) -> OpeningObservation<'l> {
        OpeningObservation {
            gym: self.gym,
            day: self.day,
            start: report.row.start,
            at,
            booked: report.outcome == Outcome::Booked,
            told: report.learned.as_slice(),
        }
    }

    /// A guessed rule that the booking has shown to be wrong is told with the one to set. `refused`: when it was last too early.
    fn tell_better(
        &self,
        rule: Option<Opening>,
        report: &mut BookReport,
        at: DateTime<Utc>,
        refused: Option<DateTime<Utc>>,
    ) {
        let class = (self.day, report.row.start);
        let at = at.with_timezone(&self.gym.zone);
        let better = rule.filter(|_| report.outcome == Outcome::Booked);
        let better = better.and_then(|rule| rule.better(class, at, refused));
        if let Some(better) = better {
            report.message = Some(better.words(&self.gym.name));
        }
    }

    /// What would become of it, from the schedule alone.
    fn rehearse(&self, rows: &[Row], live: &ActiveSession<'_>) -> Done {
        Done {
            report: decided(self.row).unwrap_or_else(|| self.guessed(rows)),
            session: SessionRef::from(live.row()),
            signal_guard: None,
        }
    }

    /// What AimHarder would probably answer.
    fn guessed(&self, rows: &[Row]) -> BookReport {
        let row = self.row;
        let another = rows.iter().any(|other| {
            other.id != row.id && other.start == row.start && hold(other) == Some(Hold::Booked)
        });
        let state = to_class(row, self.gym.setting(self.day)).state;
        let is_full = state == ClassState::Full;
        let outcome = match state {
            ClassState::Past => Outcome::TooLate,
            ClassState::NotOpen => Outcome::TooEarly,
            _ if another => Outcome::SameTime,
            // without a list there is nothing to queue on
            ClassState::Full if !self.args.waitlist || row.waiting.is_none() => Outcome::Full,
            _ => Outcome::WouldBook,
        };
        let message = match outcome {
            Outcome::Full if row.waiting.is_none() => Some("it has no waiting list"),
            Outcome::WouldBook if is_full => {
                Some("the class is full: a place on its waiting list would be requested")
            }
            _ => None,
        };
        BookReport {
            outcome,
            reservation: None,
            row: row.clone(),
            message: message.map(str::to_owned),
            state: None,
            learned: None,
        }
    }
}

fn client<'d, 's>(
    args: &BookArgs,
    at: &BoxAt,
    live: &'d mut ActiveSession<'s>,
) -> BoxClient<'d, 's> {
    BoxClient {
        live,
        at: at.clone(),
        family: args.family.clone(),
    }
}

fn description(args: &BookArgs) -> find::Wanted {
    match (&args.id, args.time) {
        (Some(id), _) => find::Wanted::Id(id.clone()),
        (None, start) => find::Wanted::At {
            start: start.unwrap_or_default(),
            name: args.class.clone(),
        },
    }
}

fn view(gym: &BoxProfile, day: NaiveDate, report: BookReport, session: SessionRef) -> BookView {
    let setting = gym.setting(day);
    let opening = waited_for(gym, day, &report);
    BookView {
        outcome: report.outcome,
        reservation_id: report.reservation,
        opens_at: opening.map(|opening| opening.opens_at(day, report.row.start, gym.zone)),
        guess: opening.is_some_and(|opening| opening.guess),
        class: to_class(&report.row, setting),
        prebooking_id: None,
        asks_for_rule: false,
        message: report.message,
        book_state: report.state,
        gym: gym.name.clone(),
        session,
    }
}

/// By which rule a class opens that is not open yet: the one in force, or, where that names no
/// instant between now and the class's start, what the refusal told.
fn waited_for(gym: &BoxProfile, day: NaiveDate, report: &BookReport) -> Option<Opening> {
    if report.outcome != Outcome::TooEarly {
        return None;
    }
    let now = clock::now();
    let starts = resolve(gym.zone, day.and_time(report.row.start));
    let ahead = |rule: &Opening| {
        let opens = rule.opens_at(day, report.row.start, gym.zone);
        opens > now && opens < starts
    };
    let told = report.learned.map(Opening::learned);
    gym.opening.filter(ahead).or(told.filter(ahead))
}
