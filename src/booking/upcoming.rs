//! Upcoming and past bookings: `nextBookings` names days and classes, and the schedule of each day has the reservation ids
//! (those of `nextBookings` are not usable, protocol.md §5).

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};

use super::{BoxClient, Error};
use crate::platform::{ListedBooking, Mine, NextBookings, Row};
use crate::sessions;
use crate::text::fold;

/// The bookings in one box.
#[derive(Debug, Clone, Default)]
pub struct UpcomingBookings {
    /// Upcoming bookings and waiting-list places, in the platform's order.
    pub coming: Vec<Entry>,
    /// Past bookings that the platform still lists.
    pub past: Vec<Entry>,
    /// The address of the box.
    pub address: Option<String>,
}

/// An upcoming or past booking.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The day on the box's calendar.
    pub day: NaiveDate,
    /// The start by the box's wall clock.
    pub start: NaiveTime,
    /// The end. `None` if neither `nextBookings` nor the schedule has it.
    pub end: Option<NaiveTime>,
    /// The name of the class.
    pub name: String,
    /// On the waiting list instead of booked; the schedule row takes precedence over `nextBookings`.
    pub waiting: bool,
    /// Of a past booking: it was cancelled so late that the credit was lost (`lateCancel`).
    pub late_cancelled: bool,
    /// The reservation id, which cancelling needs; `None` if the schedule does not show the row as the member's, and of a past
    /// booking, of which the schedule is not read.
    pub reservation: Option<String>,
    /// The description of the class.
    pub description: Option<String>,
    /// The link of an online class.
    pub online: Option<String>,
}

impl BoxClient<'_, '_> {
    /// Reads upcoming and past bookings.
    ///
    /// # Errors
    /// The platform's; also a response whose day labels cannot be read.
    pub fn upcoming(&mut self) -> Result<UpcomingBookings, Error> {
        let next = self.next_bookings()?;
        let days = days_of(&next)?;
        let mut rows: Vec<(NaiveDate, Row)> = Vec::new();
        for day in days {
            rows.extend(self.schedule(day)?.into_iter().map(|row| (day, row)));
        }
        let coming = next
            .coming
            .iter()
            .filter_map(|booked| entry(booked, &rows))
            .collect();
        let past = next.history.iter().filter_map(|past| entry(past, &[]));
        Ok(UpcomingBookings {
            coming,
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
    fn next_bookings(&mut self) -> sessions::Result<NextBookings> {
        let (at, family) = (&self.at, self.family.as_deref());
        let next = self.live.call(|platform, jar| {
            let next = platform.next_bookings(jar, at, family)?;
            log::info!(
                "AimHarder names {} bookings to come in this box, and {} of the past",
                next.coming.len(),
                next.history.len()
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

fn days_of(next: &NextBookings) -> Result<BTreeSet<NaiveDate>, Error> {
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

fn entry(booked: &ListedBooking, rows: &[(NaiveDate, Row)]) -> Option<Entry> {
    let day = booked.day?;
    let same = |row: &Row| row.start == booked.start && fold(&row.name) == fold(&booked.name);
    let mine = rows
        .iter()
        .map(|(day, row)| (*day, row))
        .find(|(on, row)| *on == day && same(row) && row.is_mine())
        .map(|(_, row)| row);
    let waiting = *mine.map_or(&booked.state, |row| &row.mine) == Mine::Waiting;
    Some(Entry {
        day,
        start: booked.start,
        end: booked.end.or_else(|| mine.and_then(|row| row.end)),
        name: booked.name.clone(),
        waiting,
        late_cancelled: booked.late_cancelled,
        reservation: mine.and_then(|row| row.reservation.clone()),
        description: mine.and_then(|row| row.description.clone()),
        online: mine.and_then(|row| row.online.clone()),
    })
}
