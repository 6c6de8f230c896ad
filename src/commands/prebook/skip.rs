//! `prebook skip`: dates on which the weekly rules of an account book nothing.

use std::collections::BTreeSet;
use std::str::FromStr;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::shown::{Shown, booked_class, rfc3339};
use super::{booking_remains, materialize_rules, to_shown};
use crate::clock;
use crate::commands::app::App;
use crate::commands::args::DayArg;
use crate::commands::help::{Help, code};
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::day;
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::weekly::Skip;
use crate::text::quote;
use crate::ui::Ui;
use crate::ui::dates::short_day;
use crate::ui::table::{OutputStyle, Style};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook skip 2026-12-24..2027-01-06",
        "aimharder prebook skip tomorrow",
        "aimharder prebook skip 2027-01-05..2027-01-06 --remove",
    ],
    exit_codes: &[
        (0, "done"),
        code::UNUSABLE_STORE,
        code::USAGE,
        (3, "no session"),
        (
            6,
            "--remove of dates that are not skipped, or several accounts",
        ),
    ],
};

/// Skip dates: weekly rules book nothing on them
///
/// Both ends are included. Prebookings added by day and existing bookings are left alone. Without a date, show the skips.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct PrebookSkipArgs {
    /// Date, or first and last date: 2026-12-24..2027-01-06
    #[arg(value_name = "FROM[..TO]")]
    days: Option<SkipArg>,
    /// Book on these dates again
    #[arg(long, requires = "days")]
    remove: bool,
}

/// A day or a range of days as it was written; which days they are depends on the box's calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SkipArg {
    from: DayArg,
    to: Option<String>,
}

impl FromStr for SkipArg {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        let (from, to) = match raw.split_once("..") {
            Some((from, to)) => (from, Some(to)),
            None => (raw, None),
        };
        let form = |why| format!("{why}, or a range: 2026-12-24..2027-01-06");
        to.map(DayArg::from_str).transpose().map_err(form)?;
        let days = Self {
            from: from.parse().map_err(form)?,
            to: to.map(str::to_owned),
        };
        // two dates need no calendar to be compared
        if let (Ok(from), Some(Ok(_))) = (from.parse(), to.map(NaiveDate::from_str)) {
            days.on(from)?;
        }
        Ok(days)
    }
}

impl SkipArg {
    /// The days, seen from `today` on the box's calendar. A weekday as the end is the first one from the beginning on.
    ///
    /// # Errors
    /// A range that ends before it begins.
    fn on(&self, today: NaiveDate) -> Result<Skip, String> {
        let from = self.from.on(today)?;
        let Some(to) = &self.to else {
            return Ok(Skip { from, to: from });
        };
        let origin = if day::parse_weekday(to).is_some() {
            from
        } else {
            today
        };
        let to = day::parse_day(to, origin)?;
        if to < from {
            return Err(format!(
                "{} ends before it begins; use {to}..{from}",
                quote(&format!("{from}..{to}"))
            ));
        }
        Ok(Skip { from, to })
    }
}

pub(super) fn run(args: &PrebookSkipArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let now = clock::now();
    let today = today(app, &account, now);
    let days = args.days.as_ref().map(|days| days.on(today));
    let days = days.transpose().map_err(Failure::usage)?;
    if let Some(days) = days.filter(|days| days.to < today && !args.remove) {
        let next = today + TimeDelta::days(7);
        let message =
            format!("{days} is over; for example: `aimharder prebook skip {today}..{next}`");
        return Err(Failure::usage(message).into());
    }
    let (mut removed, mut restored) = (vec![], vec![]);
    match days {
        Some(days) if args.remove => restored = restore(app, &account, days, now)?,
        Some(days) => removed = app.store.put_skip(&account, days)?,
        None => {}
    }
    let skips = merged(app.store.skips(&account)?);
    let looked_at = match days {
        Some(_) if args.remove => vec![],
        Some(days) => vec![days],
        None => skips.clone(),
    };
    let bookings = bookings(app, &account, &looked_at)?;
    let (removed, restored) = (to_shown(app, removed)?, to_shown(app, restored)?);
    let ids = |shown: &[Shown]| -> Vec<_> { shown.iter().map(|it| it.prebooking.id).collect() };
    let data = json!({
        "skips": skips,
        "bookings": bookings.iter().map(to_json).collect::<Vec<_>>(),
        "removed": ids(&removed),
        "restored": ids(&restored),
    });
    ui.print(&data, |style| {
        let mut lines = skip_lines(&account, &skips);
        let line = |what, shown: &Shown| format!("{what} {}", shown.line(now));
        lines.extend(removed.iter().map(|it| line("removed prebooking", it)));
        lines.extend(restored.iter().map(|it| line("prebooked again:", it)));
        lines.extend(bookings.iter().flat_map(|it| booking_lines(it, now, style)));
        lines
    })
}

/// Removes a skip. Returns the occurrences that are prebooked again.
fn restore(
    app: &App,
    account: &Account,
    days: Skip,
    now: DateTime<Utc>,
) -> Result<Vec<Prebooking>> {
    let store = &app.store;
    let before = store.open_prebookings(Some(account))?;
    let before: BTreeSet<i64> = before.iter().map(|p| p.id).collect();
    if !store.remove_skip(account, days)? {
        let message = format!("{days} is not skipped; see `aimharder prebook skip`");
        return Err(Failure::not_found(message).into());
    }
    materialize_rules(app, Some(account), now)?;
    let mut restored = store.open_prebookings(Some(account))?;
    restored.retain(|p| days.contains(p.day) && !before.contains(&p.id));
    Ok(restored)
}

/// Skips, ordered by their first days, with those that overlap or follow each other as one.
fn merged(skips: Vec<Skip>) -> Vec<Skip> {
    let mut merged: Vec<Skip> = Vec::new();
    for skip in skips {
        match merged.last_mut() {
            Some(last) if last.to.succ_opt().is_none_or(|next| skip.from <= next) => {
                last.to = last.to.max(skip.to);
            }
            _ => merged.push(skip),
        }
    }
    merged
}

/// Today on the calendar of the account's first box.
fn today(app: &App, account: &Account, now: DateTime<Utc>) -> NaiveDate {
    let profiles = app.profiles(account).unwrap_or_default();
    let zone = profiles
        .first()
        .map_or(chrono_tz::Europe::Madrid, |profile| profile.zone);
    now.with_timezone(&zone).date_naive()
}

/// The bookings and waiting-list places of prebookings on these dates, with the booked class as the first choice.
fn bookings(app: &App, account: &Account, days: &[Skip]) -> Result<Vec<Shown>> {
    let mut stored = app.store.prebookings(Some(account))?;
    stored.retain(|p| {
        matches!(p.progress, Progress::Booked | Progress::Waitlisted)
            && days.iter().any(|skip| skip.contains(p.day))
    });
    for prebooking in &mut stored {
        let attempts = app.store.attempts(prebooking.id)?;
        prebooking.request.first = booked_class(prebooking, &attempts);
    }
    let mut bookings = to_shown(app, stored)?;
    // a class that was prebooked again is one booking
    let mut seen = BTreeSet::new();
    bookings.retain(|booking| {
        let id = booking.prebooking.reservation.clone();
        id.is_none_or(|id| seen.insert(id))
    });
    Ok(bookings)
}

/// A booking in the shape of `bookings`, with the id of the prebooking.
fn to_json(booking: &Shown) -> Value {
    let Prebooking {
        id, request, day, ..
    } = &booking.prebooking;
    json!({
        "id": id,
        "account": request.account,
        "day": day,
        "start": request.first.start.format("%H:%M").to_string(),
        "end": null,
        "starts_at": rfc3339(booking.starts_at(), "%:z"),
        "name": request.first.class,
        "box": request.gym,
        "reservation_id": booking.prebooking.reservation,
        "state": booking.prebooking.progress,
    })
}

fn skip_lines(account: &Account, skips: &[Skip]) -> Vec<String> {
    if skips.is_empty() {
        return vec![format!("{account}: no skips; weekly rules book every day")];
    }
    let day = |day: NaiveDate| day.format("%a %-d %b %Y").to_string();
    let line = |skip: &Skip| match (day(skip.from), day(skip.to)) {
        (from, to) if from == to => format!("  {from}"),
        (from, to) => format!("  {from} – {to}"),
    };
    let mut lines = vec![format!("{account}: weekly rules book nothing on")];
    lines.extend(skips.iter().map(line));
    lines
}

fn booking_lines(booking: &Shown, now: DateTime<Utc>, style: &OutputStyle) -> Vec<String> {
    let Prebooking {
        request,
        day,
        progress,
        reservation,
        ..
    } = &booking.prebooking;
    let state = match progress {
        Progress::Waitlisted => "on the waiting list",
        _ => "booked",
    };
    let line = format!(
        "still {state}: {} {} {}, {}",
        short_day(*day, booking.zone, now),
        request.first.start.format("%H:%M"),
        request.first.class.as_deref().unwrap_or("class"),
        request.gym,
    );
    let hint = booking_remains(reservation.as_deref(), &request.account);
    let mut lines = vec![style.paint(&line, Style::Mine).into_owned()];
    lines.extend(style.paragraph(&hint, 2, Style::Plain));
    lines
}
