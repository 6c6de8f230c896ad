//! `prebook run`: books prebookings at their opening instants.
//!
//! * this file – the run, and the plan of a dry run
//! * `output` – what is printed
//! * `report` – lines on standard error and notifications

mod output;
mod report;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use chrono::TimeDelta;
use clap::Args;

use super::{materialize_rules, release_stale_claim};
use crate::booking::Outcome;
use crate::clock;
use crate::commands::app::App;
use crate::commands::automation;
use crate::commands::box_profile::names;
use crate::commands::failure;
use crate::commands::help::{Help, code};
use crate::commands::learn::OpeningObservation;
use crate::error::Failure;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::Progress;
use crate::model::session::SessionKind;
use crate::model::time::{self, human_age};
use crate::notify::Notifier;
use crate::prebook::plan::until;
use crate::prebook::{PrebookResult, Run, RunContext};
use crate::sessions::SessionSelector;
use crate::signals::{self, SignalGuard};
use crate::store::SessionRow;
use crate::ui::Ui;
use output::{RunView, announce_wait, lines};

const HELP: Help = Help {
    notes: "",
    examples: &[
        "aimharder prebook run",
        "aimharder prebook run --dry-run",
        "*/15 * * * * aimharder prebook run          (a crontab line)",
    ],
    exit_codes: &[
        (0, "booked, on the waiting list, postponed, or nothing due"),
        code::UNUSABLE_STORE,
        code::USAGE,
        code::LOGIN_REQUIRED,
        (4, "refused by AimHarder"),
        code::UNREACHABLE,
        (6, "no such class"),
        (7, "several of these, or some succeeded"),
        (8, "outcome unknown"),
        code::INTERRUPTED,
    ],
};

/// Book prebookings that open soon, each at its opening instant
///
/// For cron or a timer, every 15 minutes. Takes every prebooking that opens within the horizon, is overdue, or has an unknown
/// opening, and ends when it has tried all of them. Overlapping runs share the work and never book twice. With nothing due it
/// prints nothing.
///
/// A run with a watched full class looks for a free place every two minutes, for 14 minutes from its start.
///
/// Acts for all accounts and boxes unless --account or --box names one, with the background sessions unless --session says
/// otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) struct PrebookRunArgs {
    /// Take prebookings that open within this time
    #[arg(long, value_name = "DURATION", default_value = "16m", value_parser = time::parse_duration)]
    pub(crate) horizon: Duration,
    /// Repeat an attempt that proves no end until this long after the opening
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = time::parse_duration)]
    give_up: Duration,
    /// Show what would be booked, and when, without the network
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(super) fn run(args: &PrebookRunArgs, app: &App, ui: &mut Ui) -> Result<()> {
    check_account(app)?;
    let device = app.named_device(app.global.account.as_ref())?;
    if args.dry_run {
        automation::require_session(app)?;
        check_box(app)?;
        let view = plan(args, app, device.as_ref())?;
        return ui.print(&view, |style| view.plan(style));
    }
    let switch = app.config.ping.prebook.as_ref();
    automation::run(app, switch, ui, |ui| {
        book_all(args, app, device.as_ref(), ui)
    })
}

/// Refuses a named account of which nothing is stored: it is probably mistyped.
fn check_account(app: &App) -> Result<()> {
    let Some(account) = &app.global.account else {
        return Ok(());
    };
    let asked = Some(account);
    let nothing = app.store.sessions(asked)?.is_empty()
        && app.store.prebookings(asked)?.is_empty()
        && app.store.rules(asked)?.is_empty();
    if nothing {
        return Err(automation::unknown(account));
    }
    Ok(())
}

/// Refuses a named box that is not known: it is probably mistyped.
fn check_box(app: &App) -> Result<()> {
    let Some(name) = &app.global.gym else {
        return Ok(());
    };
    let known = app.store.boxes(None)?;
    if known.iter().any(|row| row.name == *name) || app.config.boxes.contains_key(name) {
        return Ok(());
    }
    let (open, rules) = (app.store.open_prebookings(None)?, app.store.rules(None)?);
    let requests = open.iter().map(|it| &it.request);
    let mut requests = requests.chain(rules.iter().map(|it| &it.request));
    if requests.any(|request| request.gym == *name) {
        return Ok(());
    }
    Err(Failure::not_found(format!(
        "no box {name:?} is known (known: {}); run `aimharder boxes --detect` if it is new",
        names(&known)
    ))
    .into())
}

/// Executes the run, with its notifications.
fn book_all(
    args: &PrebookRunArgs,
    app: &App,
    device: Option<&SessionRow>,
    ui: &mut Ui,
) -> Result<(RunView, Option<Failure>, SignalGuard)> {
    check_box(app)?;
    raise_file_limit();
    // a device session acts for its own account only
    let account = device.map(|row| &row.account);
    let account = account.or(app.global.account.as_ref());
    let sessions = app.sessions();
    let mut context = RunContext::new(&sessions, selector(app, device), args.give_up);
    context.account = account;
    context.box_name = app.global.gym.as_deref();
    context.horizon = args.horizon;
    context.watch_every = clock::scaled(app.config.watch_every);
    let run = Run {
        context,
        profiles: &|gym| profile(app, gym),
        announce_wait: ui.is_interactive().then_some(announce_wait),
    };
    let view = Arc::new(Mutex::new(RunView::default()));
    if ui.is_json() {
        // if a signal ends the run, the results so far are printed
        let so_far = Arc::clone(&view);
        signals::set_exit_message(Box::new(move |_| Ui::print_interrupted(&*locked(&so_far))));
    }
    let notifier = Notifier::start(&app.config, app.main_account().as_ref());
    let done = run.execute(
        &|| materialize_rules(app, account, clock::now()),
        &mut |result| take(app, ui, &notifier, &view, result),
    );
    notifier.finish();
    // a signal does not end the program until the result is printed
    let signal_guard = signals::signal_guard("result");
    let view = std::mem::take(&mut *locked(&view));
    let failure = match done {
        Err(e) if view.results.is_empty() => return Err(e),
        Err(e) => Some(failure::of(&e)),
        Ok(()) => view.failure_of_results(),
    };
    Ok((view, failure, signal_guard))
}

/// Reports a result and adds it to the others.
fn take(
    app: &App,
    ui: &mut Ui,
    notifier: &Notifier,
    view: &Mutex<RunView>,
    result: PrebookResult,
) -> Result<()> {
    if !result.is_change {
        return report::report(app, ui, notifier, &result);
    }
    ui.print_part(|style| lines(&result, style));
    learn(app, &result);
    let reported = report::report(app, ui, notifier, &result);
    if result.outcome == Outcome::Full
        && result.progress() == Progress::Pending
        && ui.is_interactive()
    {
        let every = TimeDelta::from_std(app.config.watch_every).unwrap_or_default();
        ui.status(&format!(
            "looking for a free place every {} (Ctrl-C ends the run)",
            human_age(every)
        ));
    }
    locked(view).add(result);
    reported
}

/// The plan of a dry run, without network and without a change of the store.
fn plan(args: &PrebookRunArgs, app: &App, device: Option<&SessionRow>) -> Result<RunView> {
    let now = clock::now();
    let gym = app.global.gym.as_ref();
    let mut view = RunView::default();
    for prebooking in app.store.open_prebookings(app.global.account.as_ref())? {
        let prebooking = release_stale_claim(app, prebooking);
        let is_foreign = device.is_some_and(|row| row.account != prebooking.request.account);
        let is_elsewhere = gym.is_some_and(|gym| prebooking.request.gym != *gym);
        if prebooking.progress != Progress::Pending || is_foreign || is_elsewhere {
            continue;
        }
        let profile = match profile(app, &prebooking.request.gym) {
            Ok(profile) => profile,
            Err(why) => {
                log::warn!("prebooking {}: {why}", prebooking.id);
                continue;
            }
        };
        if profile.is_due(&prebooking, now, until(now, args.horizon)) {
            let (zone, outcome) = (profile.zone, Outcome::WouldBook);
            view.results.push(PrebookResult {
                opens_at: profile.soonest(&prebooking, now),
                ..PrebookResult::unsent(&prebooking, zone, outcome, None, now)
            });
        }
    }
    view.due = view.results.len();
    view.results
        .sort_by_key(|result| (result.opens_at, result.prebooking.id));
    Ok(view)
}

fn locked(view: &Mutex<RunView>) -> MutexGuard<'_, RunView> {
    view.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The session that acts.
fn selector(app: &App, device: Option<&SessionRow>) -> SessionSelector {
    match device {
        Some(row) => SessionSelector::Device(row.fingerprint.clone()),
        None => SessionSelector::Kind(app.global.session.unwrap_or(SessionKind::Background)),
    }
}

/// Every prebooking that waits for its opening holds two lock files and a connection.
fn raise_file_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(e) = setrlimit(Resource::Nofile, raised) {
        log::debug!("the limit on open files stays at {:?}: {e}", limit.current);
    }
}

/// A box that the store or the config knows.
fn profile(app: &App, name: &str) -> Result<BoxProfile, String> {
    let known = app.store.gym(name).map_err(|e| e.to_string())?.is_some();
    if !known && !app.config.boxes.contains_key(name) {
        return Err(format!(
            "box {name} is not in the store; run `aimharder boxes --detect`"
        ));
    }
    app.any_profile(name).map_err(|e| format!("{e:#}"))
}

/// Stores the opening rules that refusals state, and deletes a rule that a booking contradicts.
fn learn(app: &App, result: &PrebookResult) {
    let Ok(gym) = app.any_profile(&result.prebooking.request.gym) else {
        return; // nothing was requested
    };
    let is_booked = result.fired_at.is_some() && result.outcome == Outcome::Booked;
    let class = result.class.as_ref().filter(|_| is_booked);
    app.learn(&OpeningObservation {
        profile: &gym,
        account: &result.prebooking.request.account,
        booked: class.map(|row| row.name.as_str()),
        day: result.prebooking.day,
        start: result.choice.start,
        at: result.fired_at.unwrap_or_else(clock::now),
        reported: &result.learned,
    });
}
