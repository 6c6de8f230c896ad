//! Reports results on standard error and as notifications: successes always, problems when they are new.

use anyhow::Result;

use crate::booking::Outcome;
use crate::commands::app::App;
use crate::commands::{other_step, outcome_words};
use crate::config::Event;
use crate::error::ExitKind;
use crate::model::prebooking::{PrebookRequest, Progress};
use crate::notify::{Notice, Notifier};
use crate::prebook::PrebookResult;
use crate::store::{self, Subject};
use crate::text::append_flag;
use crate::ui::Ui;
use crate::{alerts, clock};

/// Reports a result. If the store cannot say whether it is new, it is reported too.
pub(super) fn report(
    app: &App,
    ui: &mut Ui,
    notifier: &Notifier,
    result: &PrebookResult,
) -> Result<()> {
    if !result.is_change {
        return waiting_again(app, ui, notifier, result);
    }
    let sentence = sentence(result);
    if result.outcome == Outcome::Failed(ExitKind::Interrupted) {
        ui.status(&format!("error: {sentence}"));
        return Ok(());
    }
    let subject = Subject::Prebooking(result.prebooking.id);
    let meaning = result.meaning();
    let is_new = match meaning.kind {
        Some(kind) => {
            let is_new = alerts::record_failure(&app.store, subject, kind);
            if !matches!(is_new, Ok(false)) || ui.is_interactive() {
                ui.status(&format!("error: {sentence}"));
            }
            is_new
        }
        None if meaning.event == Event::Postponed => postponed(app, ui, result, &sentence),
        None => {
            if meaning.event == Event::Failed {
                ui.status(&sentence);
            }
            Ok(true)
        }
    };
    if !matches!(is_new, Ok(false)) {
        notifier.send(&notice(
            result,
            meaning.event,
            &details(result, meaning.event),
        ));
    }
    is_new?;
    // a place that is not given up because of a refusal is left
    let may_recover = meaning.kind.is_some_and(|kind| kind != ExitKind::Refused);
    let persists = result.progress() == Progress::Waitlisted && may_recover;
    if result.progress() != Progress::Pending && !persists {
        app.store.set_problem(subject, None)?;
    }
    Ok(())
}

/// A place on a waiting list was confirmed: a problem that kept runs from checking it is over, and so is its message.
fn waiting_again(
    app: &App,
    ui: &mut Ui,
    notifier: &Notifier,
    result: &PrebookResult,
) -> Result<()> {
    let id = result.prebooking.id;
    if app.store.problem(Subject::Prebooking(id))?.is_some() {
        app.store.settle(&result.next, None, 0)?;
    }
    if alerts::record_success(&app.store, Subject::Prebooking(id))? {
        let named = named(result);
        ui.status(&format!(
            "over: {named}: its place on the waiting list is confirmed again"
        ));
        notifier.send(&Notice {
            outcome: None,
            ..notice(result, Event::Recovered, "you are on the waiting list")
        });
    }
    Ok(())
}

/// Full under `--watch`, closed or too early: not a problem, but reported when it is new.
fn postponed(
    app: &App,
    ui: &mut Ui,
    result: &PrebookResult,
    sentence: &str,
) -> store::Result<bool> {
    if ui.is_interactive() {
        ui.status(sentence);
    }
    let id = result.prebooking.id;
    if alerts::record_success(&app.store, Subject::Prebooking(id))? && !ui.is_interactive() {
        ui.status(&format!("over: {sentence}"));
    }
    app.store.note_postponed(id, result.outcome.name())
}

fn notice(result: &PrebookResult, event: Event, details: &str) -> Notice {
    let request = &result.prebooking.request;
    let row = result.class.as_ref();
    let class = row.map(|row| row.name.clone());
    Notice {
        time: clock::now().with_timezone(&result.zone),
        gym: Some(request.gym.clone()),
        prebooking_id: Some(result.prebooking.id),
        class: class.or_else(|| result.choice.class.clone()),
        day: Some(result.prebooking.day),
        start: Some(row.map_or(result.choice.start, |row| row.start)),
        outcome: Some(result.outcome.name().to_owned()),
        reservation_id: result.reservation().map(str::to_owned),
        ..Notice::of_session(event, Some(request.account.clone()), details, clock::now())
    }
}

/// What a notification says beside the class: `full, you are on the waiting list`
fn details(result: &PrebookResult, event: Event) -> String {
    let reason = outcome_words(result.outcome);
    match (event, result.outcome, &result.next.message) {
        (Event::Booked, Outcome::AlreadyBooked, _) => reason.to_owned(),
        (Event::Booked, ..) => String::new(),
        (Event::Waitlisted, ..) => "full, you are on the waiting list".to_owned(),
        (_, Outcome::Failed(ExitKind::Refused), Some(message)) => message.clone(),
        (Event::LoginRequired, ..) => "it is not booked until you log in".to_owned(),
        (Event::Unreachable, ..) => "it is tried again".to_owned(),
        (Event::Postponed, ..) => format!("{reason}, it is tried again"),
        // the platform's own words are the reason
        (_, Outcome::Refused, Some(message)) => message.clone(),
        _ => reason.to_owned(),
    }
}

/// `prebooking 7 of ana@example.org, 18:30 WOD, Mon 23 Nov (crossfitdemo): the class is full`
pub(super) fn sentence(result: &PrebookResult) -> String {
    let reason = outcome_words(result.outcome);
    let details = match result.next.message.as_deref() {
        // the message includes the reason
        Some(message) if message.starts_with(reason) => message.to_owned(),
        Some(message) => format!("{reason} ({message})"),
        None => reason.to_owned(),
    };
    let next = if result.progress() == Progress::Pending {
        "; it stays pending and is tried again"
    } else {
        ""
    };
    let step = next_step(result).map_or_else(String::new, |step| format!("; {step}"));
    format!("{}: {details}{next}{step}", named(result))
}

/// The next command after a refusal.
fn next_step(result: &PrebookResult) -> Option<String> {
    let (request, day) = (&result.prebooking.request, result.prebooking.day);
    match result.outcome {
        Outcome::Full if result.progress() == Progress::Failed => {
            let watched = PrebookRequest {
                watch: true,
                waitlist: false,
                ..request.clone()
            };
            Some(format!(
                "to take a place that becomes free: `{}`",
                watched.command(day)
            ))
        }
        Outcome::PaymentPending => {
            let again = request.command(day);
            Some(format!("once it is paid: `{again}`"))
        }
        outcome => {
            let mut flags = String::new();
            append_flag(&mut flags, "--account", request.account.as_str());
            append_flag(&mut flags, "--box", &request.gym);
            other_step(outcome, day, &flags)
        }
    }
}

fn named(result: &PrebookResult) -> String {
    let prebooking = &result.prebooking;
    format!(
        "prebooking {} of {}, {}, {} ({})",
        prebooking.id,
        prebooking.request.account,
        result.choice,
        prebooking.day.format("%a %-d %b"),
        prebooking.request.gym,
    )
}
