//! `status`: the same facts as a screen, as JSON, as gauges, and as a check that is silent when all is well.

mod gauges;
mod list;
mod plans;
mod screen;
mod words;

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use crate::error::{ExitKind, Failure};
use crate::status::Report;
use crate::status::findings::{Finding, verdict};
use crate::ui::Output;
use crate::ui::table::OutputStyle;

/// How `status` was asked to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Screen,
    Check,
    Gauges,
}

/// `status`
#[derive(Debug)]
pub(crate) struct StatusView {
    pub report: Report,
    /// problems first
    pub findings: Vec<Finding>,
    pub manner: Manner,
    /// for programs, which read its error alone
    pub json: bool,
}

/// A finding as scripts read it.
#[derive(Debug, Serialize)]
struct Told {
    code: &'static str,
    kind: Option<ExitKind>,
    message: String,
    remedy: Option<String>,
}

impl Told {
    fn of(finding: &Finding) -> Self {
        let (message, remedy) = words::of(finding);
        Self {
            code: finding.code(),
            kind: finding.problem(),
            message,
            remedy,
        }
    }
}

impl StatusView {
    fn problems(&self) -> impl Iterator<Item = &Finding> {
        let found = self.findings.iter();
        found.filter(|finding| finding.problem().is_some())
    }

    /// The error: how many there are where all are told already, else how many and the first.
    fn in_one_line(&self, first: &Finding) -> String {
        let all = self.problems().count();
        if !self.json && self.manner != Manner::Gauges {
            let plural = if all == 1 { "" } else { "s" };
            return format!("{all} problem{plural}, see above");
        }
        let (message, remedy) = words::of(first);
        let more = match all {
            0 | 1 => String::new(),
            all => format!("{all} problems; the first: "),
        };
        let remedy = remedy.map_or_else(String::new, |remedy| format!("; {remedy}"));
        format!("{more}{message}{remedy}")
    }

    fn hints(&self) -> impl Iterator<Item = &Finding> {
        let found = self.findings.iter();
        found.filter(|finding| finding.problem().is_none())
    }
}

impl Serialize for StatusView {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct All<'v> {
            well: bool,
            problems: Vec<Told>,
            hints: Vec<Told>,
            #[serde(flatten)]
            report: &'v Report,
        }
        All {
            well: self.problems().next().is_none(),
            problems: self.problems().map(Told::of).collect(),
            hints: self.hints().map(Told::of).collect(),
            report: &self.report,
        }
        .serialize(to)
    }
}

impl Output for StatusView {
    fn write_text(&self, style: &OutputStyle, to: &mut dyn Write) -> io::Result<()> {
        match self.manner {
            Manner::Screen => screen::screen(self, style, to),
            Manner::Check => list::problems(self, style, to),
            Manner::Gauges => gauges::gauges(self, to),
        }
    }

    /// A config or store that cannot be used always; with `--check` any problem.
    fn failure(&self) -> Option<Failure> {
        let broken = |finding: &&Finding| {
            matches!(
                finding,
                Finding::ConfigUnusable(_) | Finding::StoreUnusable(_)
            )
        };
        let first = match self.manner {
            Manner::Check => self.problems().next(),
            Manner::Screen | Manner::Gauges => self.findings.iter().find(broken),
        }?;
        let kind = match self.manner {
            Manner::Check => verdict(&self.findings)?,
            Manner::Screen | Manner::Gauges => first.problem()?,
        };
        Some(Failure::new(kind, self.in_one_line(first)))
    }
}
