//! `classes`: the schedule, seen by a login that is known to be alive.

use std::time::Duration;

use anyhow::Result;
use chrono::{Days, NaiveDate};

use super::app::App;
use super::box_profile::BoxProfile;
use crate::booking::{BoxClient, LoginCheck, find, to_class};
use crate::cli::ClassesArgs;
use crate::clock;
use crate::commands::args::DayArg;
use crate::error::Failure;
use crate::model::class::{Class, ClassState};
use crate::model::session::SessionKind;
use crate::output::{ClassesView, SessionRef};
use crate::platform::Row;
use crate::ui::Ui;

pub(crate) fn run(args: &ClassesArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let mut live = sessions.open(&account, &app.pick(&account, SessionKind::Device)?)?;
    let gym = app.gym(&account)?;
    let at = app.box_at(&gym, &mut live)?;
    let first = args.day.clone().unwrap_or_else(DayArg::today);
    let days = days(&first, args.days, &gym)?;
    let mut client = BoxClient {
        live: &mut live,
        at,
        family: args.family.clone(),
    };
    let (mut classes, mut seen) = (Vec::new(), Vec::new());
    for day in &days {
        let check = if client.live.has_shown_login() {
            LoginCheck::Skipped
        } else {
            LoginCheck::IfPossible
        };
        let rows = client.schedule_within(*day, Duration::MAX, check)?.rows;
        classes.extend(fitting(&rows, *day, args, &gym));
        seen.extend(rows);
    }
    let login_verified = live.has_shown_login();
    if !login_verified {
        log::warn!(
            "the login could not be verified: your bookings may be missing from the schedule"
        );
    }
    app.note_classes(&gym, &seen);
    ui.print(&ClassesView {
        gym: gym.name,
        timezone: gym.zone.name().to_owned(),
        session: SessionRef::from(live.row()),
        login_verified,
        classes,
        days,
        filtered: args.class.is_some() || args.open,
    })
}

fn days(first: &DayArg, count: u8, gym: &BoxProfile) -> Result<Vec<NaiveDate>> {
    let today = clock::now().with_timezone(&gym.zone).date_naive();
    let first = first.on(today).map_err(Failure::usage)?;
    Ok((0..count)
        .filter_map(|n| first.checked_add_days(Days::new(u64::from(n))))
        .collect())
}

fn fitting(rows: &[Row], day: NaiveDate, args: &ClassesArgs, gym: &BoxProfile) -> Vec<Class> {
    let setting = gym.setting(day);
    let rows = find::by_name(rows.iter(), args.class.as_deref());
    let mut classes: Vec<Class> = rows
        .into_iter()
        .map(|row| to_class(row, setting))
        .filter(|class| !args.open || class.state == ClassState::Open)
        .collect();
    classes.sort_by(|a, b| (a.start, &a.name).cmp(&(b.start, &b.name)));
    classes
}
