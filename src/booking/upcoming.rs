//! Upcoming and past bookings: `nextBookings` names days and classes, and the schedule of each day has the reservation ids
//! (those of `nextBookings` are not usable, protocol.md §5).

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde::Serialize;

use super::{BoxClient, Error};
use crate::model::box_profile::BoxProfile;
use crate::model::instant::{hours_minutes, instant, maybe_hours_minutes};
use crate::model::zone;
use crate::platform::{Bookings, ListedBooking, Mine, Row};
use crate::sessions;
use crate::text::fold;

/// An upcoming or past booking.
#[derive(Debug, Clone, Serialize)]
pub struct Booking {
    /// The day on the box's calendar.
    pub day: NaiveDate,
    /// The start by the box's wall clock.
    #[serde(serialize_with = "hours_minutes")]
    pub start: NaiveTime,
    /// The end. `None` if neither `nextBookings` nor the schedule has it.
    #[serde(serialize_with = "maybe_hours_minutes")]
    pub end: Option<NaiveTime>,
    /// The start as an instant.
    #[serde(serialize_with = "instant")]
    pub starts_at: DateTime<Tz>,
    /// The name of the class.
    pub name: String,
    /// The name of the box.
    #[serde(rename = "box")]
    pub gym: String,
    /// The description of the class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The link of an online class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub online: Option<String>,
    /// The reservation id, which cancelling needs; `None` if the schedule does not show the row as the member's, and of a past
    /// booking, of which the schedule is not read.
    pub reservation_id: Option<String>,
    /// The schedule row takes precedence over `nextBookings`.
    pub state: BookingState,
}

/// What a booking is, or was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingState {
    /// A place in the class.
    Booked,
    /// A place on its waiting list.
    Waitlisted,
    /// Of a past booking: it was cancelled so late that the credit was lost (`lateCancel`).
    LateCancelled,
}

impl BoxClient<'_, '_> {
    /// Reads upcoming and past bookings in the box of this profile.
    ///
    /// # Errors
    /// The platform's; also a response whose day labels cannot be read.
    pub fn upcoming(&mut self, profile: &BoxProfile) -> Result<Bookings<Booking>, Error> {
        let next = self.next_bookings()?;
        let days = days_of(&next)?;
        let mut rows: Vec<(NaiveDate, Row)> = Vec::new();
        for day in days {
            rows.extend(self.schedule(day)?.into_iter().map(|row| (day, row)));
        }
        let coming = next.coming.iter();
        let coming = coming.filter_map(|listed| booking(listed, &rows, profile));
        let past = next.past.iter().filter_map(|listed| {
            let mut past = booking(listed, &[], profile)?;
            if listed.late_cancelled {
                past.state = BookingState::LateCancelled;
            }
            Some(past)
        });
        Ok(Bookings {
            coming: coming.collect(),
            past: past.collect(),
            address: next.address.clone(),
        })
    }

    /// The days on which something is booked.
    ///
    /// # Errors
    /// As [`BoxClient::upcoming`].
    pub fn booked_days(&mut self) -> Result<BTreeSet<NaiveDate>, Error> {
        days_of(&self.next_bookings()?)
    }

    /// A dead session gets an empty list too, so the login is checked if the list is empty.
    fn next_bookings(&mut self) -> sessions::Result<Bookings<ListedBooking>> {
        let (at, family) = (&self.at, self.family.as_deref());
        let next = self.live.call(|platform, jar| {
            let next = platform.next_bookings(jar, at, family)?;
            log::info!(
                "AimHarder names {} bookings to come in this box, and {} of the past",
                next.coming.len(),
                next.past.len()
            );
            if next.coming.is_empty() {
                log::info!("an empty list of bookings does not prove the login; asking whoami");
                platform.whoami(jar)?;
            }
            Ok(next)
        })?;
        self.live.note_login();
        Ok(next)
    }
}

fn days_of(next: &Bookings<ListedBooking>) -> Result<BTreeSet<NaiveDate>, Error> {
    let days = next.coming.iter().map(|booked| {
        booked.day.ok_or_else(|| {
            Error::NotDone(format!(
                "a day in AimHarder's list of bookings cannot be read: {:?}",
                booked.label
            ))
        })
    });
    days.collect()
}

fn booking(
    listed: &ListedBooking,
    rows: &[(NaiveDate, Row)],
    profile: &BoxProfile,
) -> Option<Booking> {
    let (day, start) = (listed.day?, listed.start);
    let same = |row: &Row| row.start == start && fold(&row.name) == fold(&listed.name);
    let mine = rows
        .iter()
        .find(|(on, row)| *on == day && same(row) && row.is_mine())
        .map(|(_, row)| row);
    let state = match mine.map_or(&listed.state, |row| &row.mine) {
        Mine::Waiting => BookingState::Waitlisted,
        _ => BookingState::Booked,
    };
    Some(Booking {
        day,
        start,
        end: listed.end.or_else(|| mine.and_then(|row| row.end)),
        starts_at: zone::resolve(profile.zone, day.and_time(start)),
        name: listed.name.clone(),
        gym: profile.name.clone(),
        description: mine.and_then(|row| row.description.clone()),
        online: mine.and_then(|row| row.online.clone()),
        reservation_id: mine.and_then(|row| row.reservation.clone()),
        state,
    })
}
