//! `notify test`: sends a test message to every configured channel.

use anyhow::Result;
use clap::Subcommand;
use serde_json::json;

use super::app::App;
use super::help::{Help, code};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::notify::{self, Report};
use crate::ui::Ui;
use crate::ui::table::{OutputStyle, Style};

const HELP: Help = Help {
    notes: "",
    examples: &["aimharder notify test", "aimharder -v notify test --json"],
    exit_codes: &[
        (0, "delivered to every channel"),
        code::UNUSABLE_STORE,
        (2, "wrong usage or config, or no [[notify]] in the config"),
        (5, "delivered to no channel"),
        (7, "delivered to some channels"),
    ],
};

/// Test the notification channels of the config
#[derive(Debug, Subcommand)]
#[command(after_long_help = HELP, add = HELP)]
pub(crate) enum NotifyCommand {
    /// Send a test message to every channel, whatever its `on`
    ///
    /// The event is the first of the channel's `on`. A command gets it as one JSON line on standard input and in the
    /// environment: AIMHARDER_EVENT, AIMHARDER_TEXT (the line that the other channels show), AIMHARDER_MESSAGE,
    /// AIMHARDER_ACCOUNT, AIMHARDER_BOX, AIMHARDER_CLASS and so on. What it prints is logged with -v.
    #[command(after_long_help = HELP, add = HELP)]
    Test,
}

pub(crate) fn run(command: &NotifyCommand, app: &App, ui: &mut Ui) -> Result<()> {
    match command {
        NotifyCommand::Test => test(app, ui),
    }
}

fn test(app: &App, ui: &mut Ui) -> Result<()> {
    if app.config.notify.is_empty() {
        return Err(Failure::usage("the config has no [[notify]] channel to test").into());
    }
    let account = app.named_account();
    let channels = notify::test(&app.config, account.as_ref(), clock::now());
    let to_json = |it: &Report| json!({ "number": it.number, "channel": it.channel, "ok": it.error.is_none(), "error": it.error });
    let data = json!({ "channels": channels.iter().map(to_json).collect::<Vec<_>>() });
    ui.print_outcome(&data, failure(&channels), |style| {
        channels
            .iter()
            .map(|channel| line(channel, style))
            .collect()
    })
}

fn line(channel: &Report, style: &OutputStyle) -> String {
    let name = name(channel);
    match &channel.error {
        None => format!("{name}: {}", style.paint("delivered", Style::Good)),
        Some(why) => {
            let failed = style.paint("not delivered", Style::Bad);
            format!("{name}: {failed}: {why}")
        }
    }
}

fn failure(channels: &[Report]) -> Option<Failure> {
    let failed: Vec<_> = channels.iter().filter(|it| it.error.is_some()).collect();
    let kind = match failed.len() {
        0 => return None,
        n if n == channels.len() => ExitKind::Unreachable,
        _ => ExitKind::Partial,
    };
    let names: Vec<String> = failed.into_iter().map(name).collect();
    let message = format!("not delivered: {}", names.join(", "));
    Some(Failure::new(kind, message))
}

/// `[[notify]] 1 (webhook)`
fn name(channel: &Report) -> String {
    format!("[[notify]] {} ({})", channel.number, channel.channel)
}
