//! `bookings`: what is booked, in every box of the account; as text, JSON or an iCalendar file (RFC 5545).

use std::io::{self, Write};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::Args;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::SessionRef;
use super::app::App;
use super::args::family;
use super::box_profile::BoxProfile;
use super::help::{Help, code};
use crate::booking::{BoxClient, UpcomingBookings};
use crate::clock;
use crate::model::account::Account;
use crate::model::instant::{hours_minutes, instant, maybe_hours_minutes};
use crate::model::session::SessionKind;
use crate::model::zone;
use crate::ui::dates::table_day;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, plain, shrink};
use crate::ui::{Output, Ui};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder bookings",
        "aimharder bookings --history --json",
        "aimharder bookings --ics > gym.ics",
    ],
    exit_codes: &[
        (0, "shown"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        code::UNREACHABLE,
        (6, "no such box"),
    ],
};

/// Show what is booked
///
/// Shows all boxes of the account unless --box names one. Acts with the device session unless --session says otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct BookingsArgs {
    /// Show past bookings too
    #[arg(long)]
    history: bool,
    /// Write an iCalendar file
    #[arg(long, conflicts_with_all = ["history", "json"])]
    ics: bool,
    /// Show the bookings of this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    family: Option<String>,
}

pub(crate) fn run(args: &BookingsArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let selector = app.pick(&account, SessionKind::Device)?;
    let mut session = sessions.open(&account, &selector)?;
    let now = clock::now();
    let (mut bookings, mut history) = (Vec::new(), Vec::new());
    for profile in app.gyms(&account)? {
        let at = app.box_at(&profile, &mut session)?;
        let mut client = BoxClient {
            live: &mut session,
            at,
            family: args.family.clone(),
        };
        let found = client.upcoming()?;
        if args.history {
            history.extend(past(&profile, &found));
        }
        bookings.extend(coming(&profile, found));
    }
    bookings.sort_by_key(|booking| booking.starts_at);
    if args.ics {
        return ui.print(&IcsFile {
            bookings,
            account,
            family: args.family.clone(),
            now,
        });
    }
    history.sort_by_key(|past| std::cmp::Reverse((past.day, past.start)));
    ui.print(&BookingList {
        bookings,
        history,
        session: SessionRef::from(session.row()),
        now,
    })
}

fn coming(profile: &BoxProfile, found: UpcomingBookings) -> impl Iterator<Item = Booking> {
    found.coming.into_iter().map(|entry| Booking {
        day: entry.day,
        start: entry.start,
        end: entry.end,
        starts_at: zone::resolve(profile.zone, entry.day.and_time(entry.start)),
        name: entry.name,
        r#box: profile.name.clone(),
        title: profile.title.clone(),
        reservation_id: entry.reservation,
        state: if entry.waiting {
            "waitlisted"
        } else {
            "booked"
        },
    })
}

fn past(profile: &BoxProfile, found: &UpcomingBookings) -> Vec<PastBooking> {
    let entries = found.past.iter().map(|entry| PastBooking {
        day: entry.day,
        start: entry.start,
        name: entry.name.clone(),
        r#box: profile.name.clone(),
        zone: profile.zone,
        state: match (entry.late_cancelled, entry.waiting) {
            (true, _) => "late_cancelled",
            (false, true) => "waitlisted",
            (false, false) => "booked",
        },
    });
    entries.collect()
}

#[derive(Debug, Serialize)]
struct BookingList {
    bookings: Vec<Booking>,
    history: Vec<PastBooking>,
    session: SessionRef,
    #[serde(skip)]
    now: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct Booking {
    day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    start: NaiveTime,
    #[serde(serialize_with = "maybe_hours_minutes")]
    end: Option<NaiveTime>,
    #[serde(serialize_with = "instant")]
    starts_at: DateTime<Tz>,
    name: String,
    r#box: String,
    #[serde(skip)]
    title: Option<String>,
    reservation_id: Option<String>,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct PastBooking {
    day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    start: NaiveTime,
    name: String,
    r#box: String,
    #[serde(skip)]
    zone: Tz,
    state: &'static str,
}

/// First the name and the box are cut, then the box and the reservation are left out.
const SHRINK: [ShrinkPriority; 4] = [shrink(2, 12), shrink(3, 8), shrink(3, 0), shrink(5, 0)];

impl Output for BookingList {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.bookings.is_empty() {
            writeln!(to, "nothing booked")?;
        }
        let rows: Vec<_> = self.bookings.iter().map(|b| b.row(self.now)).collect();
        style.table(&rows, 0, &SHRINK, to)?;
        if !self.history.is_empty() {
            writeln!(to, "\n{}", style.paint("Past", Style::Heading))?;
            let rows: Vec<_> = self.history.iter().map(|b| b.row(self.now)).collect();
            style.table(&rows, 0, &SHRINK, to)?;
        }
        Ok(())
    }
}

impl Booking {
    fn row(&self, now: DateTime<Utc>) -> Vec<Cell> {
        let state = match self.state {
            "booked" => "booked",
            _ => "waiting list",
        };
        let reservation = self.reservation_id.as_ref();
        let reservation = reservation.map(|id| format!("reservation {id}"));
        vec![
            plain(table_day(self.day, self.starts_at.timezone(), now)),
            plain(self.start.format("%H:%M").to_string()),
            plain(&self.name),
            plain(&self.r#box),
            cell(state, Style::Mine),
            cell(reservation.unwrap_or_default(), Style::Faint),
        ]
    }
}

impl PastBooking {
    fn row(&self, now: DateTime<Utc>) -> Vec<Cell> {
        let state = match self.state {
            "late_cancelled" => cell("cancelled late", Style::Bad),
            "waitlisted" => plain("waiting list"),
            _ => plain("booked"),
        };
        vec![
            plain(table_day(self.day, self.zone, now)),
            plain(self.start.format("%H:%M").to_string()),
            plain(&self.name),
            plain(&self.r#box),
            state,
        ]
    }
}

/// Instants are in UTC, so that no time zone has to be described; UIDs are stable, so that importing the file again changes
/// events and adds none twice.
#[derive(Debug, Serialize)]
struct IcsFile {
    bookings: Vec<Booking>,
    account: Account,
    family: Option<String>,
    #[serde(skip)]
    now: DateTime<Utc>,
}

impl Output for IcsFile {
    fn write_text(&self, _: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        let mut calendar = Calendar::empty();
        calendar
            .append_property(("VERSION", "2.0"))
            .append_property(("PRODID", "-//aimharder//bookings//EN"))
            .append_property(("CALSCALE", "GREGORIAN"));
        for booking in &self.bookings {
            calendar.push(self.event(booking));
        }
        write!(to, "{calendar}")
    }
}

impl IcsFile {
    fn event(&self, booking: &Booking) -> Event {
        let is_waiting = booking.state != "booked";
        let mut event = Event::new();
        event
            .uid(&self.uid(booking))
            .timestamp(self.now)
            .summary(&booking.name)
            .location(booking.title.as_ref().unwrap_or(&booking.r#box))
            .status(if is_waiting {
                EventStatus::Tentative
            } else {
                EventStatus::Confirmed
            })
            .starts(booking.starts_at.to_utc());
        if let Some(end) = booking.ends_at() {
            event.ends(end);
        }
        let waiting = is_waiting.then(|| "on the waiting list".to_owned());
        let reservation = booking.reservation_id.as_ref();
        let reservation = reservation.map(|id| format!("reservation {id}"));
        let notes: Vec<String> = waiting.into_iter().chain(reservation).collect();
        if !notes.is_empty() {
            event.description(&notes.join(", "));
        }
        event.done()
    }

    /// The same for the same reservation of the same person. Without a reservation number, the class identifies the event.
    fn uid(&self, booking: &Booking) -> String {
        let what = booking
            .reservation_id
            .clone()
            .unwrap_or_else(|| format!("{} {} {}", booking.day, booking.start, booking.name));
        let (family, name) = (self.family.as_deref().unwrap_or_default(), &booking.r#box);
        let digest = Sha256::digest(format!("{}\n{family}\n{name}\n{what}", self.account));
        let (first, _) = digest.split_at(16);
        let hex = first
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        format!("{hex}@{name}.aimharder")
    }
}

impl Booking {
    /// The platform gives the end as a time of day: one that is not after the start is on the next day.
    fn ends_at(&self) -> Option<DateTime<Utc>> {
        let end = self.end?;
        let same_day = self.day.and_time(end);
        let wall = if end > self.start {
            same_day
        } else {
            same_day.checked_add_signed(TimeDelta::days(1))?
        };
        Some(zone::resolve(self.starts_at.timezone(), wall).to_utc())
    }
}
