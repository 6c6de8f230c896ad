//! `bookings`: what is booked, in every box of the account; as text, JSON or an iCalendar file (RFC 5545).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::Args;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::SessionRef;
use super::app::App;
use super::args::family;
use super::help::{Help, code};
use crate::booking::UpcomingBookings;
use crate::clock;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::instant::{hours_minutes, instant, maybe_hours_minutes};
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::session::SessionKind;
use crate::model::zone;
use crate::ui::dates::table_day;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, plain, shrink};
use crate::ui::{Output, PlainOutput, Ui};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder bookings",
        "aimharder bookings --history --json",
        "aimharder bookings --ics --history --prebookings > gym.ics",
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
    #[arg(long, conflicts_with = "json")]
    ics: bool,
    /// Add pending prebookings to the iCalendar file, as tentative events
    #[arg(long, requires = "ics")]
    prebookings: bool,
    /// Show the bookings of this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    family: Option<String>,
}

pub(crate) fn run(args: &BookingsArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let mut session = app.open(&sessions, &account, SessionKind::Device)?;
    let now = clock::now();
    let (mut bookings, mut history) = (Vec::new(), Vec::new());
    let mut places = BTreeMap::new();
    for profile in app.profiles(&account)? {
        let mut client = app.client(&profile, &mut session, args.family.clone())?;
        let found = client.upcoming()?;
        if args.history {
            history.extend(past(&profile, &found));
        }
        let title = profile.title.as_ref().unwrap_or(&profile.name);
        let place = std::iter::once(title).chain(&found.address);
        let place = place.cloned().collect::<Vec<_>>().join(", ");
        places.insert(profile.name.clone(), place);
        bookings.extend(coming(&profile, found));
    }
    bookings.sort_by_key(|booking| booking.starts_at);
    if args.ics {
        let prebookings = if args.prebookings {
            pending(args, app, &account)?
        } else {
            Vec::new()
        };
        let file = IcsFile {
            bookings,
            history,
            prebookings,
            places,
            account,
            family: args.family.clone(),
            now,
        };
        return ui.print(&PlainOutput {
            json: serde_json::Value::Null, // clap refuses --json beside --ics
            text: file.text(),
            has_side_effects: false,
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
        description: entry.description,
        online: entry.online,
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
        end: entry.end,
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

/// The pending prebookings of this person, each with the box's time zone.
fn pending(args: &BookingsArgs, app: &App, account: &Account) -> Result<Vec<(Prebooking, Tz)>> {
    let open = app.store.open_prebookings(Some(account))?.into_iter();
    let named = app.global.gym.as_ref();
    let listed = open.filter(|prebooking| {
        let request = &prebooking.request;
        prebooking.progress != Progress::Waitlisted
            && request.family == args.family
            && named.is_none_or(|name| *name == request.gym)
    });
    listed
        .map(|prebooking| {
            let zone = app.any_profile(&prebooking.request.gym)?.zone;
            Ok((prebooking, zone))
        })
        .collect()
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
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    online: Option<String>,
    reservation_id: Option<String>,
    state: &'static str,
}

#[derive(Debug, Serialize)]
struct PastBooking {
    day: NaiveDate,
    #[serde(serialize_with = "hours_minutes")]
    start: NaiveTime,
    #[serde(skip)]
    end: Option<NaiveTime>,
    name: String,
    r#box: String,
    #[serde(skip)]
    zone: Tz,
    state: &'static str,
}

/// First the name and the box are cut, then the box is left out.
const SHRINK: [ShrinkPriority; 3] = [shrink(2, 12), shrink(3, 8), shrink(3, 0)];

impl Output for BookingList {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        if self.bookings.is_empty() {
            writeln!(to, "nothing booked")?;
        }
        let mut rows: Vec<_> = self.bookings.iter().map(|b| b.row(self.now)).collect();
        // on a narrow terminal the reservation is below its booking: its number is never cut
        let below = !style.fits(&rows, 0);
        if below {
            for row in &mut rows {
                row.truncate(5);
            }
        }
        for (line, booking) in style.lines(&rows, 0, &SHRINK).iter().zip(&self.bookings) {
            writeln!(to, "{line}")?;
            if let Some(id) = booking.reservation_id.as_ref().filter(|_| below) {
                let note = format!("  reservation {id}");
                writeln!(to, "{}", style.paint(&note, Style::Faint))?;
            }
        }
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

/// The calendar file. Instants are in UTC, so that no time zone has to be described.
struct IcsFile {
    bookings: Vec<Booking>,
    history: Vec<PastBooking>,
    prebookings: Vec<(Prebooking, Tz)>,
    /// Name and address by box.
    places: BTreeMap<String, String>,
    account: Account,
    family: Option<String>,
    now: DateTime<Utc>,
}

/// What the three kinds of events have in common.
struct IcsEvent<'e> {
    r#box: &'e str,
    zone: Tz,
    day: NaiveDate,
    start: NaiveTime,
    end: Option<NaiveTime>,
    name: &'e str,
    status: EventStatus,
    notes: Vec<String>,
    link: Option<&'e str>,
}

impl IcsFile {
    fn text(&self) -> String {
        let mut calendar = Calendar::empty();
        calendar
            .append_property(("VERSION", "2.0"))
            .append_property(("PRODID", "-//aimharder//bookings//EN"))
            .append_property(("CALSCALE", "GREGORIAN"));
        let mut uids = BTreeSet::new();
        let bookings = self.bookings.iter().map(Booking::event);
        for event in bookings.chain(self.history.iter().map(PastBooking::event)) {
            let mut uid = self.uid(&event, "");
            if !uids.insert(uid.clone()) {
                // two places at one time, at most one of them booked
                uid = self.uid(&event, event.name);
                uids.insert(uid.clone());
            }
            calendar.push(self.event(&event, &uid));
        }
        let booked = uids.clone();
        for (prebooking, zone) in &self.prebookings {
            let event = prebooked(prebooking, *zone);
            let mut uid = self.uid(&event, "");
            // what is booked already is not shown twice
            if booked.contains(&uid) {
                continue;
            }
            if !uids.insert(uid.clone()) {
                uid = self.uid(&event, &prebooking.id.to_string());
            }
            calendar.push(self.event(&event, &uid));
        }
        calendar.to_string()
    }

    fn event(&self, event: &IcsEvent<'_>, uid: &str) -> Event {
        let instant = |wall| zone::resolve(event.zone, wall).to_utc();
        let place = self.places.get(event.r#box);
        let mut shown = Event::new();
        shown
            .uid(uid)
            .timestamp(self.now)
            .summary(event.name)
            .location(place.map_or(event.r#box, String::as_str))
            .status(event.status)
            .starts(instant(event.day.and_time(event.start)));
        if let Some(end) = event.ends_at() {
            shown.ends(instant(end));
        }
        if !event.notes.is_empty() {
            shown.description(&event.notes.join("\n"));
        }
        if let Some(link) = event.link {
            shown.url(link);
        }
        shown.done()
    }

    /// The same for the same person, box and time, so that a prebooking, its booking and its entry in the history are one
    /// event of a calendar that is imported again and again.
    fn uid(&self, event: &IcsEvent<'_>, class: &str) -> String {
        let (account, family, name) = (&self.account, self.family.as_deref(), event.r#box);
        let (day, start) = (event.day, event.start);
        let family = family.unwrap_or_default();
        let what = format!("{account}\n{family}\n{name}\n{day} {start} {class}");
        let digest = Sha256::digest(what);
        let (first, _) = digest.split_at(16);
        let hex = first
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        format!("{hex}@{name}.aimharder")
    }
}

impl IcsEvent<'_> {
    /// The platform gives the end as a time of day: one that is not after the start is on the next day.
    fn ends_at(&self) -> Option<NaiveDateTime> {
        let end = self.end?;
        let same_day = self.day.and_time(end);
        if end > self.start {
            Some(same_day)
        } else {
            same_day.checked_add_signed(TimeDelta::days(1))
        }
    }
}

impl Booking {
    fn event(&self) -> IcsEvent<'_> {
        let is_waiting = self.state != "booked";
        let waiting = is_waiting.then(|| "on the waiting list".to_owned());
        let reservation = self.reservation_id.as_ref();
        let reservation = reservation.map(|id| format!("reservation {id}"));
        let notes = [
            waiting,
            self.description.clone(),
            self.online.clone(),
            reservation,
        ];
        IcsEvent {
            r#box: &self.r#box,
            zone: self.starts_at.timezone(),
            day: self.day,
            start: self.start,
            end: self.end,
            name: &self.name,
            status: if is_waiting {
                EventStatus::Tentative
            } else {
                EventStatus::Confirmed
            },
            notes: notes.into_iter().flatten().collect(),
            link: self.online.as_deref(),
        }
    }
}

impl PastBooking {
    fn event(&self) -> IcsEvent<'_> {
        let (status, note) = match self.state {
            "late_cancelled" => (EventStatus::Cancelled, Some("cancelled late")),
            "waitlisted" => (EventStatus::Cancelled, Some("was on the waiting list")),
            _ => (EventStatus::Confirmed, None),
        };
        IcsEvent {
            r#box: &self.r#box,
            zone: self.zone,
            day: self.day,
            start: self.start,
            end: self.end,
            name: &self.name,
            status,
            notes: note.map(str::to_owned).into_iter().collect(),
            link: None,
        }
    }
}

fn prebooked(prebooking: &Prebooking, zone: Tz) -> IcsEvent<'_> {
    let request = &prebooking.request;
    let alternatives = request.alternatives.iter();
    let mut notes = vec![format!("prebooking {}", prebooking.id)];
    notes.extend(alternatives.map(|choice| format!("or {choice}")));
    IcsEvent {
        r#box: &request.gym,
        zone,
        day: prebooking.day,
        start: request.first.start,
        end: None,
        name: request.first.class.as_deref().unwrap_or("any class"),
        status: EventStatus::Tentative,
        notes,
        link: None,
    }
}
