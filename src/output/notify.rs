//! `notify test`: which channel took it, and why another did not.

use std::io::{self, Write};

use serde::Serialize;

use crate::error::{ExitKind, Failure};
use crate::notify::Report;
use crate::ui::Output;
use crate::ui::table::{OutputStyle, Style};

/// Every channel of the config, in its order.
#[derive(Debug, Serialize)]
pub(crate) struct NotifyView {
    pub channels: Vec<ChannelView>,
}

/// How one of them took it.
#[derive(Debug, Serialize)]
pub(crate) struct ChannelView {
    /// its place in the config, from 1
    pub number: usize,
    pub channel: &'static str,
    pub ok: bool,
    pub error: Option<String>,
}

impl NotifyView {
    pub(crate) fn new(reports: Vec<Report>) -> Self {
        let view = |report: Report| ChannelView {
            number: report.number,
            channel: report.channel,
            ok: report.error.is_none(),
            error: report.error,
        };
        Self {
            channels: reports.into_iter().map(view).collect(),
        }
    }
}

impl ChannelView {
    fn name(&self) -> String {
        format!("[[notify]] {} ({})", self.number, self.channel)
    }
}

impl Output for NotifyView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        for channel in &self.channels {
            let name = channel.name();
            match &channel.error {
                None => writeln!(to, "{name}: {}", style.paint("told", Style::Good))?,
                Some(why) => {
                    writeln!(to, "{name}: {}: {why}", style.paint("not told", Style::Bad))?;
                }
            }
        }
        Ok(())
    }

    /// Whatever its cause, a channel that was not told is out of reach.
    fn failure(&self) -> Option<Failure> {
        let failed: Vec<_> = self.channels.iter().filter(|channel| !channel.ok).collect();
        let kind = match failed.len() {
            0 => return None,
            n if n == self.channels.len() => ExitKind::Unreachable,
            _ => ExitKind::Partial,
        };
        let names: Vec<String> = failed.iter().map(|channel| channel.name()).collect();
        Some(Failure::new(
            kind,
            format!("not told: {}", names.join(", ")),
        ))
    }
}
