//! Figures and their bounds, printed as a table, as Markdown or as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use serde::Serialize;

/// One measured value. A name such as `near: median` is the median of the case `near`.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) what: String,
    pub(crate) measured: f64,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    /// Measured divided by the goal, if that is not zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    kept: bool,
    /// Peak memory of the measured process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) memory_mib: Option<f64>,
    /// Requests that reached the sandbox.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) requests: Option<usize>,
}

/// What a figure is compared with.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Goal {
    AtMost(f64),
    Exactly(f64),
    /// A value to compare it with, which is not a bound.
    Beside(f64),
    /// The figure explains others.
    None,
}

impl Goal {
    fn value(self) -> Option<f64> {
        match self {
            Self::AtMost(value) | Self::Exactly(value) | Self::Beside(value) => Some(value),
            Self::None => None,
        }
    }

    fn is_kept(self, measured: f64) -> bool {
        match self {
            Self::AtMost(bound) => measured <= bound,
            Self::Exactly(bound) => (measured - bound).abs() < 1e-9,
            Self::Beside(_) | Self::None => true,
        }
    }
}

impl Figure {
    pub(crate) fn new(
        what: impl Into<String>,
        measured: f64,
        unit: &'static str,
        goal: Goal,
    ) -> Self {
        Self {
            what: what.into(),
            measured,
            unit,
            goal,
            ratio: goal
                .value()
                .filter(|value| *value != 0.0)
                .map(|value| measured / value),
            kept: goal.is_kept(measured),
            memory_mib: None,
            requests: None,
        }
    }

    /// A count with an exact bound.
    pub(crate) fn count(what: impl Into<String>, found: usize, bound: usize) -> Self {
        Self::new(what, as_f64(found), "", Goal::Exactly(as_f64(bound)))
    }

    pub(crate) fn memory(self, mib: f64) -> Self {
        Self {
            memory_mib: Some(mib),
            ..self
        }
    }

    pub(crate) fn requests(self, made: usize) -> Self {
        Self {
            requests: Some(made),
            ..self
        }
    }

    /// The goal as it is printed: `≤ 5`, `= 0`, or a bare number to compare with.
    fn goal_cell(&self) -> Option<String> {
        let sign = match self.goal {
            Goal::AtMost(_) => "≤ ",
            Goal::Exactly(_) => "= ",
            Goal::Beside(_) | Goal::None => "",
        };
        let value = self.goal.value()?;
        Some(format!("{sign}{}", number(value)))
    }

    /// What is measured of its case, and the value with its bound.
    fn case_cell(&self) -> (String, String) {
        let (_, what) = self.what.split_once(": ").unwrap_or(("", &self.what));
        let mark = if self.kept { "" } else { ", MISSED" };
        let goal = self.goal_cell().map(|goal| format!(" ({goal}{mark})"));
        let value = format!("{} {}", number(self.measured), self.unit);
        (
            what.to_owned(),
            value.trim().to_owned() + &goal.unwrap_or_default(),
        )
    }

    fn cells(&self) -> [String; 6] {
        let ratio = self.ratio.map(|ratio| format!("{ratio:.2}"));
        let mark = if self.kept { "" } else { "  MISSED" };
        [
            self.what.clone(),
            format!("{} {:<3}", number(self.measured), self.unit),
            self.goal_cell().unwrap_or_default(),
            ratio.unwrap_or_default(),
            self.memory_mib
                .map(|mib| format!("{mib:.1} MiB"))
                .unwrap_or_default(),
            format!(
                "{}{mark}",
                self.requests.map(|n| n.to_string()).unwrap_or_default()
            ),
        ]
    }
}

/// Exact up to 2^52.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn as_f64(count: usize) -> f64 {
    count as f64
}

/// A number with at most two decimals, with fewer the larger it is.
fn number(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else if value.abs() < 100.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

/// A table for people.
pub(crate) fn lines(figures: &[Figure]) -> String {
    let head = [
        "figure",
        "measured    ",
        "bound",
        "ratio",
        "memory",
        "requests",
    ]
    .map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head)
        .chain(figures.iter().map(Figure::cells))
        .collect();
    let width = |at: usize| {
        rows.iter()
            .map(|row| row[at].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..6).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = format!("  {:<1$}", row[0], widths[0]);
        for at in 1..6 {
            let _ = write!(line, "  {:>1$}", row[at], widths[at]);
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// The figures as Markdown tables. The figures of a case that follow one another are one row.
pub(crate) fn markdown(figures: &[Figure]) -> String {
    let case = |figure: &Figure| {
        figure
            .what
            .split_once(": ")
            .map(|(case, _)| case.to_owned())
    };
    let names = ["figure", "measured", "bound", "", "memory", "requests"];
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = String::new();
    let mut last = Vec::new();
    for row in figures.chunk_by(|one, other| case(one).is_some() && case(one) == case(other)) {
        let (columns, cells): (Vec<String>, Vec<String>) = if let Some(case) = case(&row[0]) {
            [("case".to_owned(), case)]
                .into_iter()
                .chain(row.iter().map(Figure::case_cell))
                .unzip()
        } else {
            let cells = names.into_iter().zip(row[0].cells());
            cells
                .filter(|(name, _)| !name.is_empty())
                .map(|(name, cell)| (name.to_owned(), cell.trim().to_owned()))
                .unzip()
        };
        if columns != last {
            let _ = write!(
                text,
                "\n{}|{}\n",
                line(&columns),
                " --- |".repeat(columns.len())
            );
        }
        text += &line(&cells);
        last = columns;
    }
    text
}

/// All figures of a run of the bench.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: String,
    pub(crate) modes: BTreeMap<&'static str, Vec<Figure>>,
    /// Modes that could not be measured, and why.
    pub(crate) failed: BTreeMap<&'static str, String>,
}

impl Report {
    pub(crate) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let facts = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = facts
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let model = model.map_or("an unknown processor", |(_, model)| model.trim());
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default();
        Self {
            machine: format!("{cores} cores of {model}, load {load} before"),
            modes: BTreeMap::new(),
            failed: BTreeMap::new(),
        }
    }

    pub(crate) fn all_kept(&self) -> bool {
        self.modes.values().flatten().all(|figure| figure.kept)
    }
}
