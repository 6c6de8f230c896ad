//! `prebook skip`: days on which an account's rules book nothing.

use anyhow::Result;
use chrono::{NaiveDate, TimeDelta};

use super::Boxes;
use crate::cli::PrebookSkip;
use crate::clock;
use crate::commands::app::App;
use crate::error::Failure;
use crate::model::account::Account;
use crate::model::prebooking::{Choice, Prebooking, Progress};
use crate::model::weekly::Skip;
use crate::model::zone;
use crate::output::{SkipsView, StandingView};
use crate::store::Shot;
use crate::ui::Ui;

pub(super) fn run(args: &PrebookSkip, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let boxes = Boxes::of(app);
    let today = today(app, &account);
    let days = args.days.as_ref().map(|days| days.on(today));
    let days = days.transpose().map_err(Failure::usage)?;
    if let Some(days) = days.filter(|days| days.to < today && !args.remove) {
        let next = today + TimeDelta::days(7);
        let words = format!("{days} is over; for example: aimharder prebook skip {today}..{next}");
        return Err(Failure::usage(words).into());
    }
    let removed = match days {
        Some(days) if args.remove => book_again(app, &account, days)?,
        Some(days) => app.store.put_skip(&account, days)?,
        None => vec![],
    };
    let skips = app.store.skips(&account)?;
    let looked_at = match days {
        Some(_) if args.remove => vec![],
        Some(days) => vec![days],
        None => skips.clone(),
    };
    ui.print(&SkipsView {
        changed: days.is_some(),
        bookings: standing(&boxes, &account, &looked_at)?,
        removed: boxes.views(removed)?,
        skips,
        account,
        now: clock::now(),
    })
}

/// Take days out of those left out. No prebooking is removed by that.
fn book_again(app: &App, account: &Account, days: Skip) -> Result<Vec<Prebooking>> {
    if app.store.remove_skip(account, days)? {
        return Ok(vec![]);
    }
    let words = format!("{days} is not left out; see `aimharder prebook skip`");
    Err(Failure::not_found(words).into())
}

/// Today on the calendar of the account's box; the boxes of one account share their zone, or very nearly.
fn today(app: &App, account: &Account) -> NaiveDate {
    let gym = app
        .gyms(account)
        .ok()
        .and_then(|gyms| gyms.into_iter().next());
    let zone = gym.map_or(chrono_tz::Europe::Madrid, |gym| gym.zone);
    clock::now().with_timezone(&zone).date_naive()
}

/// What the store knows to be booked or queued for on these days.
fn standing(boxes: &Boxes<'_>, account: &Account, days: &[Skip]) -> Result<Vec<StandingView>> {
    let stored = boxes.app.store.prebookings(Some(account))?;
    let on_these = stored.into_iter().filter(|p| {
        matches!(p.progress, Progress::Booked | Progress::Waitlisted)
            && days.iter().any(|skip| skip.contains(p.day))
    });
    let views = on_these.map(|prebooking| {
        let got = got(&prebooking, &boxes.app.store.shots(prebooking.id)?);
        let gym = boxes.get(&prebooking.request.gym)?;
        Ok(StandingView {
            id: prebooking.id,
            account: prebooking.request.account,
            day: prebooking.day,
            start: got.start,
            end: None,
            starts_at: zone::resolve(gym.zone, prebooking.day.and_time(got.start)),
            name: got.class,
            gym: gym.name,
            reservation_id: prebooking.reservation,
            state: prebooking.progress,
        })
    });
    let mut views = views.collect::<Result<Vec<_>>>()?;
    views.sort_by_key(|view| (view.starts_at, view.id));
    Ok(views)
}

/// The class that was had: history names it (`18:30 WOD (id 1223249)`); without, the first choice.
fn got(prebooking: &Prebooking, shots: &[Shot]) -> Choice {
    let id = prebooking.class_id.as_ref().map(|id| format!(" (id {id})"));
    let had = id.and_then(|id| {
        let labels = shots.iter().rev().map(|shot| shot.class.as_str());
        labels
            .filter_map(|label| label.strip_suffix(&id))
            .find_map(|label| label.parse().ok())
    });
    had.unwrap_or_else(|| prebooking.request.first.clone())
}
