//! `notify test`: does what is configured arrive?

use anyhow::Result;

use super::app::App;
use crate::cli::{NotifyArgs, NotifyCommand};
use crate::clock;
use crate::error::Failure;
use crate::notify;
use crate::output::NotifyView;
use crate::ui::Ui;

pub(super) fn run(args: &NotifyArgs, app: &App, ui: &mut Ui) -> Result<()> {
    match args.command {
        NotifyCommand::Test => test(app, ui),
    }
}

fn test(app: &App, ui: &mut Ui) -> Result<()> {
    if app.config.notify.is_empty() {
        return Err(Failure::usage("no [[notify]] in the config: nobody to tell").into());
    }
    let account = app.named_account();
    let reports = notify::test(&app.config, account.as_ref(), clock::now());
    ui.print(&NotifyView::new(reports))
}
