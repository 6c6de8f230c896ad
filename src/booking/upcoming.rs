//! What is booked: `nextBookings` names the days and classes, the schedule of each day the
//! reservations' numbers (those of `nextBookings` are of no use, protocol.md §5).

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};

use super::{BoxClient, Error};
use crate::platform::{ListedBooking, Mine, NextBookings, Row};
use crate::sessions;
use crate::text::fold;

/// One box's part of the diary.
#[derive(Debug, Clone, Default)]
pub struct UpcomingBookings {
    /// the bookings and waiting-list places to come, in the platform's order
    pub coming: Vec<Entry>,
    /// past bookings that the platform still lists
    pub past: Vec<PastEntry>,
}

/// One booking to come.
#[derive(Debug, Clone)]
pub struct Entry {
    /// on the box's calendar
    pub day: NaiveDate,
    /// by the box's wall clock
    pub start: NaiveTime,
    /// `None` if neither `nextBookings` nor the schedule has it
    pub end: Option<NaiveTime>,
    /// the class's name
    pub name: String,
    /// on the waiting list instead of booked; the schedule row takes precedence over `nextBookings`
    pub waiting: bool,
    /// the number that cancelling wants; `None` where the schedule does not show the row as mine
    pub reservation: Option<String>,
}

/// One booking of the past.
#[derive(Debug, Clone)]
pub struct PastEntry {
    /// on the box's calendar
    pub day: NaiveDate,
    /// by the box's wall clock
    pub start: NaiveTime,
    /// the class's name
    pub name: String,
    /// it was only waited for
    pub waiting: bool,
    /// it was cancelled so late that the credit was lost (`lateCancel`)
    pub late_cancelled: bool,
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
            rows.extend(self.schedule(day)?.rows.into_iter().map(|row| (day, row)));
        }
        let coming = next
            .coming
            .iter()
            .filter_map(|booked| entry(booked, &rows))
            .collect();
        let past = next.history.iter().filter_map(|past| {
            Some(PastEntry {
                day: past.day?,
                start: past.start,
                name: past.name.clone(),
                waiting: past.state == Mine::Waiting,
                late_cancelled: past.late_cancelled,
            })
        });
        Ok(UpcomingBookings {
            coming,
            past: past.collect(),
        })
    }

    /// The days on which something is booked.
    ///
    /// # Errors
    /// As [`BoxClient::upcoming`].
    pub fn booked_days(&mut self) -> Result<BTreeSet<NaiveDate>, Error> {
        days_of(&self.next_bookings()?)
    }

    /// An empty diary looks the same to a dead session: then the login is proven alive.
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
                log::info!("an empty diary does not prove the login; asking who we are");
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
                "AimHarder names a day that is not understood: {:?}",
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
        reservation: mine.and_then(|row| row.reservation.clone()),
    })
}
