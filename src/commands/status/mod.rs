//! `status`: gather the facts, judge them, show them. A config or store that cannot be used is the first of the problems
//! and stops nothing but what needs it. Nothing is written, not even a missing store.

mod logins;
mod machine;
mod plans;
mod server;

use anyhow::Result;

use super::app::{self, App};
use crate::cli::StatusArgs;
use crate::clock;
use crate::commands::args::GlobalArgs;
use crate::commands::failure;
use crate::config::Config;
use crate::output::{Manner, StatusView};
use crate::status::{self, Report, schedule};
use crate::store::Store;
use crate::ui::Ui;

pub(crate) fn run(args: &StatusArgs, global: GlobalArgs, ui: &mut Ui) -> Result<()> {
    let report = report(args, global)?;
    ui.print(&StatusView {
        findings: status::judge(&report),
        report,
        manner: manner(args),
        json: ui.is_json(),
    })
}

fn manner(args: &StatusArgs) -> Manner {
    match (args.prometheus, args.check) {
        (true, _) => Manner::Gauges,
        (_, true) => Manner::Check,
        _ => Manner::Screen,
    }
}

fn report(args: &StatusArgs, global: GlobalArgs) -> Result<Report> {
    // the slowest goes first: tools of the system, side by side with all that follows
    let look = schedule::look();
    let (config, config_facts) = machine::config(global.config.as_deref());
    let path = app::store_path(global.store.as_deref())?;
    let (store, store_facts) = machine::store(&path, config.as_ref());
    let mut report = Report {
        checked_at: clock::now(),
        version: env!("CARGO_PKG_VERSION"),
        program: std::env::current_exe().unwrap_or_else(|_| "aimharder".into()),
        accounts: Vec::new(),
        schedule: schedule::Schedule::default(),
        prebookings: status::Plans::default(),
        server: None,
        store: store_facts,
        config: config_facts,
        only: global.account.clone(),
    };
    let asks = args.asks() && config.is_some();
    fill(
        &mut report,
        (config.unwrap_or_default(), store),
        global,
        asks,
    );
    report.schedule = look.done(&path);
    Ok(report)
}

/// What the store tells, as far as it can be read: what cannot makes it unusable.
fn fill(
    report: &mut Report,
    (config, store): (Config, Option<Store>),
    global: GlobalArgs,
    asks: bool,
) {
    let Some(store) = store else {
        if asks {
            let platform = app::platform(&config);
            report.server = Some(server::ask(&platform, Vec::new()));
        }
        return;
    };
    let app = App::with(global, config, store, "status");
    if let Err(e) = facts(report, &app, asks) {
        report.store.usable = false;
        report.store.error = Some(failure::of(&e).message);
    }
}

fn facts(report: &mut Report, app: &App, asks: bool) -> Result<()> {
    report.accounts = logins::accounts(app, report.checked_at)?;
    report.prebookings = plans::of(app)?;
    if asks {
        let hosts = server::hosts(app, report)?;
        report.server = Some(server::ask(&app.platform, hosts));
    }
    Ok(())
}
