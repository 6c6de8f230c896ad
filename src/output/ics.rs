//! `bookings --ics`: what is booked as an iCalendar file (RFC 5545). Instants are in UTC, so no time zone has to be described
//! to the calendar program; UIDs are stable, so reading the file again changes events and doubles none.

use std::io::{self, Write};

use chrono::{DateTime, TimeDelta, Utc};
use icalendar::{Calendar, Component, Event, EventLike, EventStatus};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::booking::BookingView;
use crate::model::account::Account;
use crate::model::zone;
use crate::ui::Output;
use crate::ui::table::OutputStyle;

/// What is booked, for calendar programs.
#[derive(Debug, Serialize)]
pub(crate) struct IcsView {
    pub bookings: Vec<BookingView>,
    pub account: Account,
    pub family: Option<String>,
    #[serde(skip)]
    pub now: DateTime<Utc>,
}

impl Output for IcsView {
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

impl IcsView {
    fn event(&self, booking: &BookingView) -> Event {
        let waiting = booking.state != "booked";
        let mut event = Event::new();
        event
            .uid(&self.uid(booking))
            .timestamp(self.now)
            .summary(&booking.name)
            .location(booking.title.as_ref().unwrap_or(&booking.gym))
            .status(if waiting {
                EventStatus::Tentative
            } else {
                EventStatus::Confirmed
            })
            .starts(booking.starts_at.to_utc());
        if let Some(end) = ends_at(booking) {
            event.ends(end);
        }
        let reservation = booking.reservation_id.as_ref();
        let number = reservation.map(|id| format!("reservation {id}"));
        let place = waiting.then(|| "on the waiting list".to_owned());
        let words: Vec<String> = place.into_iter().chain(number).collect();
        if !words.is_empty() {
            event.description(&words.join(", "));
        }
        event.done()
    }

    /// The same for the same reservation of the same person; without a number the class itself tells them apart.
    fn uid(&self, booking: &BookingView) -> String {
        let what = booking
            .reservation_id
            .clone()
            .unwrap_or_else(|| format!("{} {} {}", booking.day, booking.start, booking.name));
        let family = self.family.as_deref().unwrap_or_default();
        let whole = format!("{}\n{family}\n{}\n{what}", self.account, booking.gym);
        let digest = Sha256::digest(whole.as_bytes());
        let (first, _) = digest.split_at(16);
        let hex = first
            .iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        format!("{hex}@{}.aimharder", booking.gym)
    }
}

/// The end is told as a time of day: one that is not after the start is of the next day.
fn ends_at(booking: &BookingView) -> Option<DateTime<Utc>> {
    let end = booking.end?;
    let zone = booking.starts_at.timezone();
    let same_day = booking.day.and_time(end);
    let wall = if end > booking.start {
        same_day
    } else {
        same_day.checked_add_signed(TimeDelta::days(1))?
    };
    Some(zone::resolve(zone, wall).to_utc())
}
