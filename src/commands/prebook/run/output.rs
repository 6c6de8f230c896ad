//! What `prebook run` prints: the result of each prebooking, and the plan of a dry run.

use std::collections::BTreeSet;
use std::io::{self, Write};

use chrono::{DateTime, Local};
use chrono_tz::Tz;
use serde::Serialize;

use super::report::sentence;
use crate::booking::Outcome;
use crate::clock;
use crate::commands::outcome_words;
use crate::error::{ExitKind, Failure};
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::time::human_age;
use crate::prebook::PrebookResult;
use crate::ui::dates::lateness;
use crate::ui::table::{Cell, OutputStyle, Style, cell, plain, shrink};

#[derive(Debug, Default, Serialize)]
pub(super) struct RunView {
    pub due: usize,
    booked: usize,
    waitlisted: usize,
    failed: usize,
    postponed: usize,
    pub results: Vec<PrebookResult>,
}

impl RunView {
    /// Counts a result and lists it, in place of an earlier one of the same prebooking.
    pub(super) fn add(&mut self, result: PrebookResult) {
        let id = result.prebooking.id;
        let earlier = self.results.iter().position(|it| it.prebooking.id == id);
        if let Some(earlier) = earlier.map(|at| self.results.remove(at)) {
            *self.counter(&earlier) -= 1;
        }
        *self.counter(&result) += 1;
        self.results.push(result);
        self.due = self.results.len();
    }

    fn counter(&mut self, result: &PrebookResult) -> &mut usize {
        match result.progress() {
            Progress::Booked => &mut self.booked,
            Progress::Waitlisted if result.outcome == Outcome::Waitlisted => &mut self.waitlisted,
            Progress::Pending | Progress::Waitlisted => &mut self.postponed,
            _ => &mut self.failed,
        }
    }

    /// The failure of the run: that of its results if all failed in one way, else `partial`.
    pub(super) fn failure_of_results(&self) -> Option<Failure> {
        let kind = |result: &PrebookResult| result.meaning().kind;
        let kinds: BTreeSet<ExitKind> = self.results.iter().filter_map(kind).collect();
        let first = self.results.iter().find(|result| kind(result).is_some())?;
        let has_succeeded = self.results.iter().any(|result| {
            let has_place = matches!(result.progress(), Progress::Booked | Progress::Waitlisted);
            has_place && kind(result).is_none()
        });
        let kind = match kinds.first() {
            Some(only) if kinds.len() == 1 && !has_succeeded => *only,
            _ => ExitKind::Partial,
        };
        let message = format!(
            "{} of {} prebookings were not booked: {}",
            self.failed + self.postponed,
            self.due,
            sentence(first)
        );
        // each result was reported when it was new
        Some(Failure {
            reported: true,
            ..Failure::new(kind, message)
        })
    }

    /// The plan of a dry run, in the box's time and, if it differs, in local time.
    pub(super) fn plan(&self, style: &OutputStyle) -> Vec<String> {
        let now = clock::now();
        let row = |result: &PrebookResult| {
            let opens_at = result.opens_at.map(|at| at.with_timezone(&result.zone));
            let opens = match opens_at {
                None => "at once, opening unknown".to_owned(),
                Some(at) if at <= now => format!("at once, open since {}", both_zones(at)),
                Some(at) => both_zones(at),
            };
            vec![
                plain(format!("#{}", result.prebooking.id)),
                cell(opens, Style::Heading),
                plain(describe(result)),
                plain(result.prebooking.request.account.as_str()),
            ]
        };
        let mut rows: Vec<Vec<Cell>> = self.results.iter().map(row).collect();
        // on a narrow terminal the class is below its opening
        let below = !style.fits(&rows);
        if below {
            for row in &mut rows {
                row.truncate(2);
            }
        }
        let mut lines = Vec::new();
        let table = style.lines(&rows, 0, &[shrink(1, 20)]).into_iter();
        for (line, result) in table.zip(&self.results) {
            lines.push(line);
            if below {
                let account = &result.prebooking.request.account;
                let note = format!("{}; {account}", describe(result));
                lines.extend(style.paragraph(&note, 4, Style::Plain));
            }
        }
        lines
    }
}

/// The line of a success. Failures are reported on standard error.
pub(super) fn lines(result: &PrebookResult, style: &OutputStyle) -> Vec<String> {
    let style_of = match result.outcome {
        Outcome::Booked | Outcome::AlreadyBooked => Style::Good,
        Outcome::Waitlisted => Style::Mine,
        _ => return Vec::new(),
    };
    let outcome = cell(outcome_words(result.outcome), style_of);
    let mut text = describe(result);
    if let Some(id) = result.reservation() {
        text = format!("{text} (reservation {id})");
    }
    if let Some(late) = result.lateness_ms().filter(|late| late.abs() < 60_000.0) {
        let attempt = result.attempts.len();
        text = format!("{text}, {}, attempt {attempt}", lateness(late));
    }
    if let Some(message) = &result.next.message {
        text = format!("{text}; {message}");
    }
    style.state(&outcome, &text)
}

/// `18:30 WOD, Mon 23 Nov (crossfitdemo)`
fn describe(result: &PrebookResult) -> String {
    let day = result.prebooking.day.format("%a %-d %b");
    format!(
        "{}, {day} ({})",
        result.class_name(),
        result.prebooking.request.gym
    )
}

/// Reports on a terminal what a run waits for: `waiting for 18:30 WOD of Mon 23 Nov (crossfitdemo), ana@example.org: first
/// request at …, in 12 min`
pub(super) fn announce_wait(prebooking: &Prebooking, try_at: DateTime<Tz>) {
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
