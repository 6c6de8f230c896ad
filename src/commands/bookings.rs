//! `bookings`: what is booked, in every box of the account; as text, JSON or an iCalendar file (RFC 5545).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clap::Args;
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::SessionRef;
use super::app::App;
use super::args::family;
use super::help::{Help, code};
use crate::booking::{Booking, BookingState};
use crate::clock;
use crate::model::account::Account;
use crate::model::prebooking::{Prebooking, Progress};
use crate::model::session::SessionKind;
use crate::model::zone;
use crate::ui::Ui;
use crate::ui::dates::table_day;
use crate::ui::table::{Cell, OutputStyle, ShrinkPriority, Style, cell, plain, shrink};

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
    let mut session = app.open(&account, SessionKind::Device)?;
    let now = clock::now();
    let (mut bookings, mut history) = (Vec::new(), Vec::new());
    let mut places = BTreeMap::new();
    for profile in app.profiles(&account)? {
        let mut client = app.client(&profile, &mut session, args.family.clone())?;
        let found = client.upcoming(&profile)?;
        bookings.extend(found.coming);
        if args.history {
            history.extend(found.past);
        }
        let title = profile.title.unwrap_or_else(|| profile.name.clone());
        let place: Vec<_> = [Some(title), found.address].into_iter().flatten().collect();
        places.insert(profile.name, place.join(", "));
    }
    bookings.sort_by_key(|booking| booking.starts_at);
    history.sort_by_key(|past| Reverse((past.day, past.start)));
    if args.ics {
        let prebookings = if args.prebookings {
            pending(args, app, &account)?
        } else {
            Vec::new()
        };
        let family = args.family.as_deref().unwrap_or_default();
        let file = IcsFile {
            person: format!("{account}\n{family}"),
            places,
            now,
        };
        let text = file.text(&bookings, &history, &prebookings);
        // clap refuses --json beside --ics
        return ui.print(&Value::Null, |_| vec![text]);
    }
    let data = json!({
        "bookings": bookings,
        "history": history,
        "session": SessionRef::from(session.row()),
    });
    ui.print(&data, |style| table(&bookings, &history, now, style))
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

/// First the name and the box are cut, then the box is left out.
const SHRINK: [ShrinkPriority; 3] = [shrink(2, 12), shrink(3, 8), shrink(3, 0)];

fn table(
    bookings: &[Booking],
    history: &[Booking],
    now: DateTime<Utc>,
    style: &OutputStyle,
) -> Vec<String> {
    let mut lines = Vec::new();
    if bookings.is_empty() {
        lines.push("nothing booked".to_owned());
    }
    let reservation = |booking: &Booking| {
        let id = booking.reservation_id.as_ref();
        id.map_or_else(String::new, |id| format!("reservation {id}"))
    };
    let row = |booking| row(booking, Style::Mine, now);
    let mut rows: Vec<_> = bookings.iter().map(row).collect();
    for (row, booking) in rows.iter_mut().zip(bookings) {
        row.push(cell(reservation(booking), Style::Faint));
    }
    // on a narrow terminal the reservation is below its booking: its number is never cut
    let below = !style.fits(&rows);
    if below {
        for row in &mut rows {
            row.truncate(5);
        }
    }
    for (line, booking) in style.lines(&rows, 0, &SHRINK).into_iter().zip(bookings) {
        lines.push(line);
        if below {
            lines.extend(style.paragraph(&reservation(booking), 2, Style::Faint));
        }
    }
    if !history.is_empty() {
        lines.push(format!("\n{}", style.paint("Past", Style::Heading)));
        let rows: Vec<_> = history
            .iter()
            .map(|past| self::row(past, Style::Plain, now))
            .collect();
        lines.extend(style.lines(&rows, 0, &SHRINK));
    }
    lines
}

/// `usual` is the style of a place that was not cancelled.
fn row(booking: &Booking, usual: Style, now: DateTime<Utc>) -> Vec<Cell> {
    let state = match booking.state {
        BookingState::Booked => cell("booked", usual),
        BookingState::Waitlisted => cell("waiting list", usual),
        BookingState::LateCancelled => cell("cancelled late", Style::Bad),
    };
    vec![
        plain(table_day(booking.day, booking.starts_at.timezone(), now)),
        plain(booking.start.format("%H:%M").to_string()),
        plain(&booking.name),
        plain(&booking.gym),
        state,
    ]
}

/// A calendar file. Instants are in UTC, so that no time zone has to be described.
struct IcsFile {
    /// The account and the family member.
    person: String,
    /// Name and address by box.
    places: BTreeMap<String, String>,
    now: DateTime<Utc>,
}

impl IcsFile {
    fn text(
        &self,
        bookings: &[Booking],
        history: &[Booking],
        prebookings: &[(Prebooking, Tz)],
    ) -> String {
        let mut calendar = Calendar::empty();
        calendar
            .append_property(("VERSION", "2.0"))
            .append_property(("PRODID", "-//aimharder//bookings//EN"))
            .append_property(("CALSCALE", "GREGORIAN"));
        let mut uids = BTreeSet::new();
        let coming = bookings.iter().map(|booking| (booking, false));
        let past = history.iter().map(|booking| (booking, true));
        for (booking, is_past) in coming.chain(past) {
            let (gym, day, start) = (&booking.gym, booking.day, booking.start);
            let mut uid = self.uid(gym, day, start, "");
            if !uids.insert(uid.clone()) {
                // two places at one time, at most one of them booked
                uid = self.uid(gym, day, start, &booking.name);
                uids.insert(uid.clone());
            }
            calendar.push(self.booked(booking, is_past).uid(&uid).done());
        }
        let booked = uids.clone();
        for (prebooking, zone) in prebookings {
            let (gym, start) = (&prebooking.request.gym, prebooking.request.first.start);
            let mut uid = self.uid(gym, prebooking.day, start, "");
            // what is booked already is not shown twice
            if booked.contains(&uid) {
                continue;
            }
            if !uids.insert(uid.clone()) {
                uid = self.uid(gym, prebooking.day, start, &prebooking.id.to_string());
            }
            calendar.push(self.prebooked(prebooking, *zone).uid(&uid).done());
        }
        calendar.to_string()
    }

    fn booked(&self, booking: &Booking, is_past: bool) -> Event {
        let (status, note) = match booking.state {
            BookingState::Booked => (EventStatus::Confirmed, None),
            BookingState::Waitlisted if is_past => {
                (EventStatus::Cancelled, Some("was on the waiting list"))
            }
            BookingState::Waitlisted => (EventStatus::Tentative, Some("on the waiting list")),
            BookingState::LateCancelled => (EventStatus::Cancelled, Some("cancelled late")),
        };
        let reservation = booking.reservation_id.as_ref();
        let notes = [
            note.map(str::to_owned),
            booking.description.clone(),
            booking.online.clone(),
            reservation.map(|id| format!("reservation {id}")),
        ];
        let notes: Vec<String> = notes.into_iter().flatten().collect();
        let mut event = self.event(&booking.gym, &booking.name, booking.starts_at, &notes);
        event.status(status);
        if let Some(end) = booking.end {
            // a time of day: one that is not after the start is on the next day
            let days = TimeDelta::days(i64::from(end <= booking.start));
            let end = booking.day.and_time(end).checked_add_signed(days);
            let zone = booking.starts_at.timezone();
            event.ends(
                end.map_or(booking.starts_at, |end| zone::resolve(zone, end))
                    .to_utc(),
            );
        }
        if let Some(link) = &booking.online {
            event.url(link);
        }
        event
    }

    fn prebooked(&self, prebooking: &Prebooking, zone: Tz) -> Event {
        let request = &prebooking.request;
        let starts_at = zone::resolve(zone, prebooking.day.and_time(request.first.start));
        let mut notes = vec![format!("prebooking {}", prebooking.id)];
        notes.extend(request.alternatives.iter().map(|it| format!("or {it}")));
        let name = request.first.class.as_deref().unwrap_or("any class");
        let mut event = self.event(&request.gym, name, starts_at, &notes);
        event.status(EventStatus::Tentative).done()
    }

    fn event(&self, gym: &str, name: &str, starts_at: DateTime<Tz>, notes: &[String]) -> Event {
        let mut event = Event::new();
        event
            .timestamp(self.now)
            .summary(name)
            .location(self.places.get(gym).map_or(gym, String::as_str))
            .starts(starts_at.to_utc());
        if !notes.is_empty() {
            event.description(&notes.join("\n"));
        }
        event.done()
    }

    /// The same for the same person, box and time, so that a prebooking, its booking and its entry in the history are one
    /// event of a calendar that is imported again and again. `distinct` is for another one at the same time.
    fn uid(&self, gym: &str, day: NaiveDate, start: NaiveTime, distinct: &str) -> String {
        let what = format!("{}\n{gym}\n{day} {start} {distinct}", self.person);
        let digest = hex::encode(Sha256::digest(what));
        format!("{}@{gym}.aimharder", &digest[..32])
    }
}
