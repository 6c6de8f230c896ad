//! Reports results on standard error and as notifications: successes always, problems when they are new.

use anyhow::Result;

use super::codes::code;
use super::output::zone_of;
use super::sentence::{prebooking_sentence, still_waiting};
use crate::commands::app::App;
use crate::config::Event;
use crate::error::ExitKind;
use crate::model::prebooking::{Prebooking, Progress};
use crate::notify::{Notice, Notifier};
use crate::prebook::{Ending, Settled};
use crate::store::{self, Subject};
use crate::ui::Ui;
use crate::{alerts, clock};

/// Prints a result. If the store cannot say whether it is new, it is printed too.
pub(super) fn report(
    app: &App,
    ui: &mut Ui,
    notifier: &Notifier<'_>,
    settled: &Settled,
) -> Result<()> {
    let subject = Subject::Prebooking(settled.prebooking.id);
    if settled.ending == Ending::Trouble(ExitKind::Interrupted) {
        ui.status(&format!("error: {}", prebooking_sentence(settled)));
        return Ok(());
    }
    let (event, news) = match code(settled) {
        Some(kind) => {
            let news = alerts::record_failure(&app.store, subject, kind);
            if news_at_least(&news) || ui.is_interactive() {
                ui.status(&format!("error: {}", prebooking_sentence(settled)));
            }
            (problem(settled, kind), news)
        }
        None if settled.progress == Progress::Pending => {
            (Event::Postponed, postponed(app, ui, settled, subject))
        }
        None if settled.progress == Progress::Booked => (Event::Booked, Ok(true)),
        None if settled.progress == Progress::Cancelled => {
            ui.status(&prebooking_sentence(settled));
            (Event::Failed, Ok(true))
        }
        None => (Event::Waitlisted, Ok(true)),
    };
    if news_at_least(&news) {
        notifier.send(notice(app, settled, event));
    }
    news?;
    let problem_stands = settled.progress == Progress::Waitlisted && code(settled).is_some();
    if settled.progress != Progress::Pending && !problem_stands {
        app.store.set_problem(subject, None)?;
    }
    Ok(())
}

/// Its place on the waiting list was seen: what had kept runs from looking is over.
pub(super) fn still_waiting_again(
    app: &App,
    ui: &mut Ui,
    notifier: &Notifier<'_>,
    prebooking: &Prebooking,
) -> Result<()> {
    if alerts::record_success(&app.store, Subject::Prebooking(prebooking.id))? {
        let words = still_waiting(prebooking);
        ui.status(&format!("over: {words}"));
        let over = Notice {
            time: clock::now().with_timezone(&zone_of(app, prebooking)),
            gym: Some(prebooking.request.gym.clone()),
            prebooking_id: Some(prebooking.id),
            class: prebooking.request.first.class.clone(),
            day: Some(prebooking.day),
            start: Some(prebooking.request.first.start),
            reservation_id: prebooking.reservation.clone(),
            ..Notice::of_session(
                Event::Recovered,
                &prebooking.request.account,
                &words,
                clock::now(),
            )
        };
        notifier.send(over);
    }
    Ok(())
}

/// Full under watch, closed, too early: no problem, but worth a notice when it is new.
fn postponed(app: &App, ui: &mut Ui, settled: &Settled, subject: Subject) -> store::Result<bool> {
    let sentence = prebooking_sentence(settled);
    if ui.is_interactive() {
        ui.status(&sentence);
    }
    if alerts::record_success(&app.store, subject)? && !ui.is_interactive() {
        ui.status(&format!("over: {sentence}"));
    }
    app.store
        .note_postponed(settled.prebooking.id, settled.ending.name())
}

fn news_at_least(news: &store::Result<bool>) -> bool {
    *news.as_ref().unwrap_or(&true)
}

fn problem(settled: &Settled, kind: ExitKind) -> Event {
    match kind {
        _ if matches!(settled.progress, Progress::Failed | Progress::Expired) => Event::Failed,
        ExitKind::LoginRequired => Event::LoginRequired,
        ExitKind::Unreachable => Event::Unreachable,
        _ => Event::Postponed,
    }
}

fn notice(app: &App, settled: &Settled, event: Event) -> Notice {
    let prebooking = &settled.prebooking;
    let row = settled.class.as_ref();
    let named = || settled.choice.class.clone();
    Notice {
        time: clock::now().with_timezone(&zone_of(app, prebooking)),
        gym: Some(prebooking.request.gym.clone()),
        prebooking_id: Some(prebooking.id),
        class: row.map(|row| row.name.clone()).or_else(named),
        day: Some(prebooking.day),
        start: Some(row.map_or(settled.choice.start, |row| row.start)),
        outcome: Some(settled.ending.name().to_owned()),
        reservation_id: settled.reservation.clone(),
        ..Notice::of_session(
            event,
            &prebooking.request.account,
            &prebooking_sentence(settled),
            clock::now(),
        )
    }
}
