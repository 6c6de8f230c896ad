//! `book`: books one class and confirms it in the schedule. `wait` books at the opening instant.

mod output;
mod wait;

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use super::app::App;
use super::args::{ClassArgs, DAY_HELP, coach, family, id};
use super::help::{Help, code};
use super::learn::OpeningObservation;
use super::{SessionRef, other_step, prebook};
use crate::booking::{BookResult, BoxClient, LoginCheck, Outcome, find, to_class};
use crate::clock;
use crate::diagnostics::schedule;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::class::ClassState;
use crate::model::opening::Opening;
use crate::model::prebooking::{Choice, PrebookRequest};
use crate::model::session::SessionKind;
use crate::model::zone::resolve;
use crate::platform::{BoxAt, Mine, Row};
use crate::prebook::BookingEnd;
use crate::sessions::{ActiveSession, SessionSelector};
use crate::signals::{self, SignalGuard};
use crate::text::append_flag;
use crate::ui::Ui;
use output::BookView;

const EXAMPLE: &str = "aimharder book tomorrow 18:30 wod";

const HELP: Help = Help {
    notes: DAY_HELP,
    examples: &[
        EXAMPLE,
        "aimharder book 2026-11-23 18:30 --waitlist --json",
        "aimharder book 2026-11-30 18:30 --prebook",
        "aimharder book fri 18:30 --wait",
    ],
    exit_codes: &[
        (
            0,
            "booked, on the waiting list, booked already, or prebooked",
        ),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused (full, no credit, limit, …)"),
        (5, "AimHarder unreachable, not booked"),
        (6, "no such class, or several"),
        (8, "outcome unknown"),
        (9, "booking not open yet"),
        code::INTERRUPTED,
    ],
};

/// Book a class and confirm it in the schedule
///
/// Acts with the device session unless --session says otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
#[allow(clippy::struct_excessive_bools)] // flags are what they are
pub(crate) struct BookArgs {
    #[command(flatten)]
    class: ClassArgs,
    /// Id of the class, as in `classes --json` and on terminals of at least 100 columns
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["time", "class"])]
    id: Option<String>,
    /// Only a class of this coach; a part of the name is enough
    #[arg(long, value_name = "NAME", value_parser = coach)]
    coach: Option<String>,
    /// Book for this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    family: Option<String>,
    /// If the class is full, join its waiting list
    #[arg(long)]
    waitlist: bool,
    /// If booking is not open yet, store a prebooking for `prebook run`
    #[arg(long)]
    prebook: bool,
    /// If booking is not open yet, wait and book at the opening instant
    #[arg(long, conflicts_with_all = ["prebook", "dry_run"])]
    wait: bool,
    /// Show what would be booked
    #[arg(long)]
    dry_run: bool,
}

impl BookArgs {
    /// Checks what clap cannot check.
    ///
    /// # Errors
    /// A missing or contradictory argument.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        let id = self.id.as_ref().map(|id| format!("--id {id}"));
        self.class.settle(None, id.as_deref())?;
        match (&self.class.day, self.class.time, &self.id) {
            (None, ..) => Err(format!(
                "which day? use DAY or --day, for example: `{EXAMPLE}`"
            )),
            (_, None, None) => Err(format!(
                "at what time does the class start? use TIME or --time, for example: `{EXAMPLE}`"
            )),
            (_, Some(time), Some(id)) => Err(format!(
                "the class is given twice, by its time {} and by --id {id}; leave one of them out",
                time.format("%H:%M")
            )),
            _ => Ok(()),
        }
    }

    /// The same command for the class that is described by `only`.
    fn command(&self, day: NaiveDate, only: &find::Description) -> String {
        let mut line = format!("aimharder book --day {day}");
        let start = only.start.map(|start| start.format("%H:%M").to_string());
        let values = match &only.id {
            Some(id) => vec![("--id", Some(id))],
            None => vec![
                ("--time", start.as_ref()),
                ("--class", only.name.as_ref()),
                ("--coach", only.coach.as_ref().or(self.coach.as_ref())),
            ],
        };
        for (flag, value) in values
            .into_iter()
            .chain([("--family", self.family.as_ref())])
        {
            if let Some(value) = value {
                append_flag(&mut line, flag, value);
            }
        }
        for (is_given, flag) in [
            (self.waitlist, " --waitlist"),
            (self.prebook, " --prebook"),
            (self.wait, " --wait"),
            (self.dry_run, " --dry-run"),
        ] {
            line.push_str(if is_given { flag } else { "" });
        }
        line
    }
}

pub(crate) fn run(args: &BookArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let pick = app.pick(&account, SessionKind::Device)?;
    let mut live = sessions.open(&account, &pick)?;
    let gym = app.profile(&account)?;
    let at = app.box_at(&gym, &mut live)?;
    let today = clock::now().with_timezone(&gym.zone).date_naive();
    let day = args.class.day().on(today).map_err(Failure::usage)?;
    // The response to a booking request shows a logout, so only a dry run has to ask.
    let check = if args.dry_run {
        LoginCheck::IfPossible
    } else {
        LoginCheck::Skipped
    };
    let rows = client(args, &at, &mut live).schedule_within(day, Duration::MAX, check)?;
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
        row: find::one(&rows, &description(args), day, |only| {
            args.command(day, only)
        })?,
    };
    warn_if_not_covered(wanted.row, &rows);
    let end = if args.wait {
        wanted.wait(app, &sessions, live, &rows, ui)?
    } else if args.dry_run {
        let result = BookResult::decided(wanted.row).unwrap_or_else(|| wanted.guessed(&rows));
        ended(result, &live, None)
    } else {
        let mut end = wanted.book(&mut live)?;
        wanted.learn(app, &end);
        wanted.suggest_rule(wanted.opening(), &mut end, None);
        end
    };
    let _guard = end.signal_guard;
    let mut view = wanted.view(end.booked, SessionRef::from(&end.session));
    let request = wanted.prebooking(&rows);
    if args.prebook && view.outcome == Outcome::TooEarly {
        wanted.prebook_instead(app, &request, &mut view)?;
    }
    view.next = wanted.next_step(&view, request);
    app.note_classes(&gym, &rows);
    ui.print_outcome(&view, view.failure(), |style| view.lines(style))
}

/// Warns if the schedule says that the membership does not cover the class. The booking is requested nevertheless.
fn warn_if_not_covered(row: &Row, rows: &[Row]) {
    if row.included != Some(false) || row.is_mine() {
        return;
    }
    let covered = rows.iter().filter(|row| row.included == Some(true));
    let names: BTreeSet<&str> = covered.map(|row| row.name.as_str()).collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    let covered = if names.is_empty() {
        names
    } else {
        format!("; of this day's classes it covers {names}")
    };
    log::warn!("your membership may not cover {}{covered}", row.name);
}

/// The class to book and the session that books it.
struct Wanted<'w> {
    args: &'w BookArgs,
    account: &'w Account,
    pick: &'w SessionSelector,
    gym: &'w BoxProfile,
    at: &'w BoxAt,
    day: NaiveDate,
    /// The class as the schedule showed it first.
    row: &'w Row,
}

/// The end of a booking without a wait.
fn ended(
    booked: BookResult,
    live: &ActiveSession<'_>,
    signal_guard: Option<SignalGuard>,
) -> BookingEnd {
    BookingEnd {
        booked,
        session: live.row().clone(),
        signal_guard,
        moved_to: None,
        at: clock::now(),
    }
}

impl Wanted<'_> {
    /// Books at once. Signals are deferred until the result, or its absence, is printed.
    fn book(&self, live: &mut ActiveSession<'_>) -> Result<BookingEnd> {
        let signal_guard = signals::signal_guard("booking");
        let booked = client(self.args, self.at, live).book(self.day, self.row, self.args.waitlist);
        match booked {
            Ok(result) => Ok(ended(result, live, Some(signal_guard))),
            Err(e) => {
                signal_guard.keep_unless(e.is_interrupted());
                Err(e.into())
            }
        }
    }

    /// The opening rule of the class.
    fn opening(&self) -> Option<Opening> {
        let rules = &self.gym.opening_rules;
        rules.rule_for(self.account, Some(&self.row.name))
    }

    /// Stores what the response shows about the opening.
    fn learn(&self, app: &App, end: &BookingEnd) {
        let (class, result) = (&self.row.name, &end.booked);
        let learned = result.learned.map(|learned| (class.clone(), learned));
        app.learn(&OpeningObservation {
            profile: self.gym,
            account: self.account,
            booked: (result.outcome == Outcome::Booked).then_some(class),
            day: self.day,
            start: self.row.start,
            at: end.at,
            reported: learned.as_slice(),
        });
    }

    /// Suggests the rule to set if the booking shows that a guess is wrong. `refused`: when it was last too early.
    fn suggest_rule(
        &self,
        rule: Option<Opening>,
        end: &mut BookingEnd,
        refused: Option<DateTime<Utc>>,
    ) {
        let at = end.at.with_timezone(&self.gym.zone);
        let result = &mut end.booked;
        let rule = rule.filter(|_| result.outcome == Outcome::Booked);
        let suggestion = rule.and_then(|rule| {
            let (gym, row) = (&self.gym.name, self.row);
            rule.suggestion(gym, &row.name, self.day, row.start, at, refused)
        });
        result.message = suggestion.or(result.message.take());
    }

    /// The request that has a run book this class.
    fn prebooking(&self, rows: &[Row]) -> PrebookRequest {
        let only = find::Description::shortest(self.row, rows);
        let first = Choice {
            start: self.row.start,
            class: only.name,
        };
        PrebookRequest {
            family: self.args.family.clone(),
            waitlist: self.args.waitlist,
            class_id: only.id,
            coach: self.args.coach.clone().or(only.coach),
            ..PrebookRequest::new(self.account.clone(), &self.gym.name, first)
        }
    }

    /// The next step if the class is not booked.
    fn next_step(&self, view: &BookView, request: PrebookRequest) -> Option<String> {
        let (args, day) = (self.args, self.day);
        Some(match view.outcome {
            Outcome::TooEarly if args.wait && view.opens_at.is_none() => format!(
                "the opening is unknown: set it, for example with `aimharder boxes set {} --opens 4d@07:00`, then wait again",
                self.gym.name
            ),
            Outcome::TooEarly => {
                format!("to have it booked then: `{}`", request.command(day))
            }
            Outcome::Full if self.row.waiting.is_some() && !args.waitlist => {
                let command = args.command(day, &self.by_id());
                format!("to join its waiting list: `{command} --waitlist`")
            }
            Outcome::Full => {
                let watched = PrebookRequest {
                    watch: true,
                    waitlist: false,
                    ..request
                };
                let command = watched.command(day);
                format!("to take a place that becomes free: `{command}`")
            }
            Outcome::PaymentPending => {
                let command = args.command(day, &self.by_id());
                format!("once it is paid: `{command}`")
            }
            outcome => return other_step(outcome, day, ""),
        })
    }

    fn by_id(&self) -> find::Description {
        find::Description {
            id: Some(self.row.id.clone()),
            ..find::Description::default()
        }
    }

    /// The probable outcome of a request, from the schedule alone.
    fn guessed(&self, rows: &[Row]) -> BookResult {
        let row = self.row;
        let another = rows.iter().any(|other| {
            other.id != row.id && other.start == row.start && other.mine == Mine::Booked
        });
        let state = to_class(row, self.day, self.gym, self.account, clock::now()).state;
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
        BookResult::unsent(outcome, Some(row.clone()), message.map(str::to_owned))
    }

    fn view(&self, result: BookResult, session: SessionRef) -> BookView {
        let opening = self.waited_for(&result);
        let row = result.row.as_ref().unwrap_or(self.row);
        BookView {
            outcome: result.outcome,
            opens_at: opening.map(|opening| opening.opens_at(self.day, row.start, self.gym.zone)),
            guess: opening.is_some_and(|opening| opening.is_guess()),
            class: to_class(row, self.day, self.gym, self.account, clock::now()),
            reservation_id: result.reservation,
            prebooking_id: None,
            next: None,
            message: result.message,
            book_state: result.state,
            gym: self.gym.name.clone(),
            session,
        }
    }

    /// The opening rule of a class that is not open yet: the rule in force or, if it has no instant between now and the start
    /// of the class, the rule in the refusal.
    fn waited_for(&self, result: &BookResult) -> Option<Opening> {
        if result.outcome != Outcome::TooEarly {
            return None;
        }
        let (zone, day, start) = (self.gym.zone, self.day, self.row.start);
        let now = clock::now();
        let starts = resolve(zone, day.and_time(start));
        let ahead = |rule: &Opening| {
            let opens = rule.opens_at(day, start, zone);
            opens > now && opens < starts
        };
        self.opening()
            .filter(ahead)
            .or(result.learned.filter(ahead))
    }

    /// Stores a prebooking for a class whose booking is not open yet; a dry run only reports it.
    fn prebook_instead(
        &self,
        app: &App,
        request: &PrebookRequest,
        view: &mut BookView,
    ) -> Result<()> {
        if self.args.dry_run {
            view.outcome = Outcome::WouldBook;
            view.message = Some("booking is not open yet, so it would be prebooked".into());
            return Ok(());
        }
        let class = &view.class;
        // if the refusal names a later opening than the rule in force, the refusal is right
        let ruled = self.opening().filter(|opening| !opening.is_guess());
        let ruled = ruled.map(|opening| opening.opens_at(class.day, class.start, self.gym.zone));
        let moved_to = view
            .opens_at
            .filter(|at| ruled.is_some_and(|ruled| ruled < *at));
        let moved_to = moved_to.map(|at| at.to_utc());
        let stored = app
            .store
            .put_prebooking(request, class.day, moved_to, clock::now())?;
        view.outcome = Outcome::Prebooked;
        view.prebooking_id = Some(stored.id);
        prebook::warn(app, self.account, &self.gym.name, schedule::start()).map(|_| ())
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

fn description(args: &BookArgs) -> find::Description {
    find::Description {
        id: args.id.clone(),
        start: args.class.time,
        name: args.class.class.clone(),
        coach: args.coach.clone(),
        exclude: Vec::new(),
    }
}
