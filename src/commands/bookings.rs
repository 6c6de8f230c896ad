//! `bookings`: what is booked, in every box of the account.

use anyhow::Result;

use super::app::App;
use super::box_profile::BoxProfile;
use crate::booking::{BoxClient, UpcomingBookings};
use crate::cli::BookingsArgs;
use crate::clock;
use crate::model::session::SessionKind;
use crate::model::zone;
use crate::output::{BookingView, BookingsView, HistoryView, IcsView, SessionRef};
use crate::ui::Ui;

pub(crate) fn run(args: &BookingsArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let mut live = sessions.open(&account, &app.pick(&account, SessionKind::Device)?)?;
    let (mut bookings, mut history) = (Vec::new(), Vec::new());
    for gym in app.gyms(&account)? {
        let at = app.box_at(&gym, &mut live)?;
        let mut client = BoxClient {
            live: &mut live,
            at,
            family: args.family.clone(),
        };
        let upcoming = client.upcoming()?;
        bookings.extend(coming(&gym, &upcoming));
        if args.history {
            history.extend(past(&gym, &upcoming));
        }
    }
    bookings.sort_by_key(|booking| booking.starts_at);
    if args.ics {
        return ui.print(&IcsView {
            bookings,
            account,
            family: args.family.clone(),
            now: clock::now(),
        });
    }
    history.sort_by_key(|past| std::cmp::Reverse((past.day, past.start)));
    ui.print(&BookingsView {
        bookings,
        history,
        session: SessionRef::from(live.row()),
    })
}

fn coming(gym: &BoxProfile, upcoming: &UpcomingBookings) -> Vec<BookingView> {
    let entries = upcoming.coming.iter().map(|entry| BookingView {
        day: entry.day,
        start: entry.start,
        end: entry.end,
        starts_at: zone::resolve(gym.zone, entry.day.and_time(entry.start)),
        name: entry.name.clone(),
        gym: gym.name.clone(),
        title: gym.title.clone(),
        reservation_id: entry.reservation.clone(),
        state: if entry.waiting {
            "waitlisted"
        } else {
            "booked"
        },
    });
    entries.collect()
}

fn past(gym: &BoxProfile, upcoming: &UpcomingBookings) -> Vec<HistoryView> {
    let entries = upcoming.past.iter().map(|entry| HistoryView {
        day: entry.day,
        start: entry.start,
        name: entry.name.clone(),
        gym: gym.name.clone(),
        state: match (entry.late_cancelled, entry.waiting) {
            (true, _) => "late_cancelled",
            (false, true) => "waitlisted",
            (false, false) => "booked",
        },
    });
    entries.collect()
}
