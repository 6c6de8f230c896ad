//! What `prebook run` prints: the result of each prebooking, and the plan of a dry run.

use std::io::{self, Write};

use chrono::{DateTime, Local, NaiveDate};
use chrono_tz::Tz;
use serde::Serialize;

use super::place;
use crate::clock;
use crate::commands::SessionRef;
use crate::commands::app::App;
use crate::error::Failure;
use crate::model::instant::{maybe_instant, maybe_millis};
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::model::time::human_age;
use crate::prebook::plan::Calendar;
use crate::prebook::{Ending, Settled};
use crate::ui::Output;
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain};

#[derive(Debug, Default, Serialize)]
pub(super) struct RunView {
    pub due: usize,
    pub booked: usize,
    pub waitlisted: usize,
    pub failed: usize,
    pub postponed: usize,
    pub results: Vec<ResultView>,
    #[serde(skip)]
    pub failure: Option<Failure>,
    #[serde(skip)]
    pub dry_run: bool,
}

/// One prebooking's result.
#[derive(Debug, Clone, Serialize)]
pub(super) struct ResultView {
    pub id: i64,
    pub outcome: &'static str,
    #[serde(serialize_with = "maybe_instant")]
    pub opens_at: Option<DateTime<Tz>>,
    #[serde(serialize_with = "maybe_millis")]
    pub fired_at: Option<DateTime<Tz>>,
    pub attempts: i64,
    pub clock_offset_ms: Option<f64>,
    /// expected arrival minus opening, by the server's clock
    pub lateness_ms: Option<f64>,
    pub message: Option<String>,
    pub reservation_id: Option<String>,
    pub account: String,
    #[serde(rename = "box")]
    pub gym: String,
    pub day: NaiveDate,
    /// `18:30 WOD`
    pub class: String,
    pub session: Option<SessionRef>,
}

impl Output for RunView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.dry_run {
            return self.plan(style, to);
        }
        // each result was printed when it was known, failures on standard error
        Ok(())
    }

    fn failure(&self) -> Option<Failure> {
        self.failure.clone()
    }

    fn has_side_effects(&self) -> bool {
        !self.dry_run
    }
}

impl RunView {
    /// The plan of a dry run, in the box's time and, if it differs, in local time.
    fn plan(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let now = clock::now();
        let row = |result: &ResultView| {
            let opens = match result.opens_at {
                None => "at once, opening unknown".to_owned(),
                Some(at) if at <= now => format!("at once, open since {}", both_zones(at)),
                Some(at) => both_zones(at),
            };
            vec![
                plain(format!("#{}", result.id)),
                cell(opens, Style::Heading),
                plain(result.describe()),
                plain(&result.account),
            ]
        };
        let mut rows: Vec<Vec<Cell>> = self.results.iter().map(row).collect();
        // on a narrow terminal the class is below its opening
        let below = !style.fits(&rows, 0);
        if below {
            for row in &mut rows {
                row.truncate(2);
            }
        }
        for (line, result) in style.lines(&rows, 0, &[]).iter().zip(&self.results) {
            writeln!(to, "{line}")?;
            let notes = [result.describe(), result.account.clone()];
            for note in style.wrap(&notes, 4).iter().filter(|_| below) {
                writeln!(to, "{note}")?;
            }
        }
        Ok(())
    }
}

impl ResultView {
    /// Writes the line of a success; failures are reported on standard error.
    ///
    /// # Errors
    /// Those of the writer.
    pub(crate) fn line(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let (outcome, colour) = match self.outcome {
            "booked" => ("booked", Style::Good),
            "already_booked" => ("already booked", Style::Good),
            "waitlisted" => ("on the waiting list", Style::Mine),
            _ => return Ok(()),
        };
        write!(to, "{}: {}", style.paint(outcome, colour), self.describe())?;
        if let Some(id) = &self.reservation_id {
            write!(to, " (reservation {id})")?;
        }
        if let Some(late) = self.lateness_ms.filter(|late| late.abs() < 60_000.0) {
            write!(
                to,
                ", {late:+.1} ms from the opening, attempt {}",
                self.attempts
            )?;
        }
        match &self.message {
            Some(message) => writeln!(to, "; {message}"),
            None => writeln!(to),
        }
    }

    /// `18:30 WOD, Mon 23 Nov (crossfitdemo)`
    pub(crate) fn describe(&self) -> String {
        format!(
            "{}, {} ({})",
            self.class,
            self.day.format("%a %-d %b"),
            self.gym
        )
    }
}

/// Reports on a terminal what a run waits for: `waiting for 18:30 WOD of Mon 23 Nov (crossfitdemo), ana@example.org: first
/// request at …, in 12 min`
pub(super) fn waits_for(prebooking: &Prebooking, try_at: DateTime<Tz>) {
    let request = &prebooking.request;
    let line = format!(
        "waiting for {} of {} ({}), {}: first request at {}, in {}",
        request.first,
        prebooking.day.format("%a %-d %b"),
        request.gym,
        request.account,
        both_zones(try_at),
        human_age(try_at.to_utc() - clock::now()),
    );
    let _ = writeln!(io::stderr(), "{line}");
}

fn both_zones(at: DateTime<Tz>) -> String {
    let there = at.format("%a %-d %b %H:%M:%S").to_string();
    let here = at.with_timezone(&Local);
    if here.naive_local() == at.naive_local() {
        there
    } else {
        format!("{there} ({} here)", here.format("%a %H:%M:%S"))
    }
}

/// Counts a result and lists it.
pub(super) fn add(view: &mut RunView, result: ResultView, settled: &Settled) {
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
    view.results.push(result);
}

/// A result of this choice of a prebooking, before anything was done.
pub(super) fn blank(prebooking: &Prebooking, choice: &Choice) -> ResultView {
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
        account: prebooking.request.account.to_string(),
        gym: prebooking.request.gym.clone(),
        day: prebooking.day,
        class: choice.to_string(),
        session: None,
    }
}

/// The result of a settled prebooking.
pub(super) fn of(app: &App, settled: &Settled) -> ResultView {
    let zone = zone_of(app, &settled.prebooking);
    let blank = blank(&settled.prebooking, &settled.choice);
    ResultView {
        outcome: settled.ending.name(),
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

/// The box's time zone.
pub(super) fn zone_of(app: &App, prebooking: &Prebooking) -> Tz {
    place(app, &prebooking.request.gym).map_or(Calendar::UNKNOWN.zone, |place| place.calendar.zone)
}
