//! `cancel`: by day and time, or by the reservation's number.

use anyhow::Result;
use chrono::NaiveDate;

use super::app::App;
use super::box_profile::BoxProfile;
use crate::booking::{BoxClient, CancelOutcome, CancelReport, cancellable, find, to_class};
use crate::cli::CancelArgs;
use crate::clock;
use crate::error::Failure;
use crate::model::session::SessionKind;
use crate::output::{CancelView, SessionRef};
use crate::platform::Row;
use crate::signals;
use crate::ui::Ui;

pub(crate) fn run(args: &CancelArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let sessions = app.sessions();
    let mut live = sessions.open(&account, &app.pick(&account, SessionKind::Device)?)?;
    let gym = app.gym(&account)?;
    let at = app.box_at(&gym, &mut live)?;
    let mut client = BoxClient {
        live: &mut live,
        at,
        family: args.family.clone(),
    };

    let (day, row) = match &args.reservation {
        Some(id) => by_reservation(&mut client, id)?,
        None => by_time(&mut client, args, &gym)?,
    };
    // a signal waits until the result is told, not only until there is one
    let signal_guard = signals::signal_guard("cancellation");
    let report = if args.dry_run {
        rehearse(&row)
    } else {
        match client.cancel(day, &row, args.late) {
            Ok(report) => report,
            Err(e) => {
                // nor until it is told that there is none
                signal_guard.keep_unless(e.is_interrupted());
                return Err(e.into());
            }
        }
    };
    let shown = ui.print(&view(&gym, day, report, SessionRef::from(live.row())));
    drop(signal_guard);
    shown
}

fn by_time(
    client: &mut BoxClient<'_, '_>,
    args: &CancelArgs,
    gym: &BoxProfile,
) -> Result<(NaiveDate, Row)> {
    let (Some(day), Some(start)) = (&args.day, args.time) else {
        return Err(
            Failure::usage("name the class with --day and --time, or --reservation").into(),
        );
    };
    let today = clock::now().with_timezone(&gym.zone).date_naive();
    let day = day.on(today).map_err(Failure::usage)?;
    let rows = client.schedule(day)?.rows;
    let wanted = find::Wanted::At {
        start,
        name: args.class.clone(),
    };
    Ok((day, find::to_cancel(&rows, &wanted, day)?.clone()))
}

/// A reservation's number stands in the schedule only: look through the days that have bookings.
fn by_reservation(client: &mut BoxClient<'_, '_>, id: &str) -> Result<(NaiveDate, Row)> {
    for day in client.booked_days()? {
        let rows = client.schedule(day)?.rows;
        if let Some(row) = rows
            .into_iter()
            .find(|row| row.reservation.as_deref() == Some(id))
        {
            return Ok((day, row));
        }
    }
    Err(Failure::not_found(format!(
        "you have no reservation {id}; see `aimharder bookings`"
    ))
    .into())
}

/// What would become of it. Whether it would cost the credit only the platform knows, and its
/// answer is no rehearsal: it cancels where that is free (protocol.md §7).
fn rehearse(row: &Row) -> CancelReport {
    match cancellable(row) {
        Err(report) => *report,
        Ok(_) => CancelReport {
            outcome: CancelOutcome::WouldCancel,
            row: row.clone(),
            message: None,
            state: None,
        },
    }
}

fn view(gym: &BoxProfile, day: NaiveDate, report: CancelReport, session: SessionRef) -> CancelView {
    let setting = gym.setting(day);
    CancelView {
        outcome: report.outcome,
        class: to_class(&report.row, setting),
        message: report.message,
        cancel_state: report.state,
        gym: gym.name.clone(),
        session,
    }
}
