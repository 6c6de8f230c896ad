//! `cancel`: cancels a booking or gives up a waiting-list place, and confirms it in the schedule.

use anyhow::{Result, bail};
use chrono::NaiveDate;
use clap::Args;
use serde_json::json;

use super::app::App;
use super::args::{ClassArgs, DAY_HELP, family, id};
use super::help::{Help, code};
use super::{SessionRef, describe};
use crate::booking::{BoxClient, CancelOutcome, CancelResult, cancellable, find, to_class};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::box_profile::BoxProfile;
use crate::model::class::Class;
use crate::model::session::SessionKind;
use crate::platform::Row;
use crate::signals;
use crate::text::append_flag;
use crate::ui::Ui;
use crate::ui::table::{Style, cell, plain};

const HELP: Help = Help {
    notes: DAY_HELP,
    examples: &[
        "aimharder cancel tomorrow",
        "aimharder cancel mon 18:30 wod",
        "aimharder cancel --reservation 55501 --late",
    ],
    exit_codes: &[
        (0, "cancelled"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused, or a late cancellation without --late"),
        (5, "AimHarder unreachable, not cancelled"),
        (6, "not booked, not found, or ambiguous"),
        (8, "outcome unknown"),
        code::INTERRUPTED,
    ],
};

/// Cancel a booking and confirm it in the schedule
///
/// Acts with the device session unless --session says otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    class: ClassArgs,
    /// Number of the reservation, as in `aimharder bookings`
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with_all = ["day_word", "day", "time", "class"])]
    reservation: Option<String>,
    /// Cancel for this family member
    #[arg(long, value_name = "ID", value_parser = family)]
    family: Option<String>,
    /// Cancel even if it costs the credit
    #[arg(long)]
    late: bool,
    /// Show what would be cancelled
    #[arg(long)]
    dry_run: bool,
}

impl CancelArgs {
    /// Checks what clap cannot check.
    ///
    /// # Errors
    /// A missing or contradictory argument.
    pub(crate) fn settle(&mut self) -> Result<(), String> {
        self.class.settle(None, None)?;
        if self.class.day.is_none() && self.reservation.is_none() {
            return Err(
                "which booking? for example: `aimharder cancel tomorrow 18:30`, or `aimharder cancel --reservation 55501`"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

pub(crate) fn run(args: &CancelArgs, app: &App, ui: &mut Ui) -> Result<()> {
    let account = app.account()?;
    let mut session = app.open(&account, SessionKind::Device)?;
    let profile = app.profile(&account)?;
    let mut client = app.client(&profile, &mut session, args.family.clone())?;
    let (day, row) = match &args.reservation {
        Some(id) => by_reservation(&mut client, id)?,
        None => by_time(&mut client, args, &profile)?,
    };
    // a signal waits until the outcome is printed
    let signal_guard = signals::signal_guard("cancellation");
    let result = if args.dry_run {
        rehearse(&row)
    } else {
        match client.cancel(day, &row, args.late) {
            Ok(result) => result,
            Err(e) => {
                signal_guard.keep_unless(e.is_interrupted());
                return Err(e.into());
            }
        }
    };
    if result.outcome == CancelOutcome::Cancelled
        && let Some(reservation) = &row.reservation
        && let Err(e) = app.store.cancel_prebooking(&account, reservation)
    {
        log::warn!("if this was a prebooking, `prebook list --all` still shows it as booked: {e}");
    }
    let class = to_class(&result.row, day, &profile, &account, clock::now());
    let data = json!({
        "outcome": result.outcome,
        "class": class,
        "message": result.message,
        "cancel_state": result.state,
        "box": profile.name,
        "session": SessionRef::from(session.row()),
    });
    let state = match result.outcome {
        CancelOutcome::Cancelled => Some(cell("cancelled", Style::Good)),
        CancelOutcome::WouldCancel => Some(plain("would cancel")),
        _ => None,
    };
    let is_rehearsed = result.outcome == CancelOutcome::WouldCancel;
    let failure = failure(&result, &class, args.family.as_deref());
    let printed = ui.print_outcome(&data, failure, |style| match state {
        Some(state) if is_rehearsed => {
            let note = result.message.as_deref().unwrap_or_default();
            style.state(&state, &format!("{}; {note}", describe(&class)))
        }
        Some(state) => style.state(&state, &describe(&class)),
        None => Vec::new(),
    });
    drop(signal_guard);
    printed
}

fn by_time(
    client: &mut BoxClient<'_, '_>,
    args: &CancelArgs,
    profile: &BoxProfile,
) -> Result<(NaiveDate, Row)> {
    let today = profile.today(clock::now());
    let day = args.class.day().on(today).map_err(Failure::usage)?;
    let rows = client.schedule(day)?;
    let wanted = find::Description {
        start: args.class.time,
        name: args.class.class.clone(),
        ..find::Description::default()
    };
    Ok((day, find::to_cancel(&rows, &wanted, day)?.clone()))
}

/// Only the schedule has reservation numbers: reads the days that have bookings.
fn by_reservation(client: &mut BoxClient<'_, '_>, id: &str) -> Result<(NaiveDate, Row)> {
    for day in client.booked_days()? {
        let mut rows = client.schedule(day)?.into_iter();
        if let Some(row) = rows.find(|row| row.reservation.as_deref() == Some(id)) {
            return Ok((day, row));
        }
    }
    bail!(Failure::not_found(format!(
        "you have no reservation {id}; see `aimharder bookings`"
    )))
}

/// Whether a cancellation would cost the credit is not known without sending it (protocol.md §7).
fn rehearse(row: &Row) -> CancelResult {
    match cancellable(row) {
        Err(result) => *result,
        Ok(_) => CancelResult {
            outcome: CancelOutcome::WouldCancel,
            row: row.clone(),
            message: Some("whether this would cost the credit is not known in advance".to_owned()),
            state: None,
        },
    }
}

/// Why nothing is cancelled; `None` if it is, or would be.
fn failure(result: &CancelResult, class: &Class, family: Option<&str>) -> Option<Failure> {
    let (kind, why) = match result.outcome {
        CancelOutcome::Cancelled | CancelOutcome::WouldCancel => return None,
        CancelOutcome::NotBooked => (ExitKind::NotFound, "you have no booking there"),
        CancelOutcome::LateCancellation => {
            (ExitKind::Refused, "cancelling now would cost the credit")
        }
        CancelOutcome::Refused => (ExitKind::Refused, "AimHarder refused the cancellation"),
    };
    let mut message = format!("not cancelled: {}: {why}", describe(class));
    if let Some(from_server) = &result.message {
        message = format!("{message} ({from_server})");
    }
    let next = match (result.outcome, &class.reservation_id) {
        (CancelOutcome::LateCancellation, Some(id)) => {
            let mut command = format!("aimharder cancel --reservation {id} --late");
            if let Some(member) = family {
                append_flag(&mut command, "--family", member);
            }
            format!("to accept that: `{command}`")
        }
        (CancelOutcome::LateCancellation, None) => "add --late to accept that".to_owned(),
        _ => "see `aimharder bookings`".to_owned(),
    };
    Some(Failure::new(kind, format!("{message}; {next}")))
}
