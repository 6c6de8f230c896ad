//! Tables and properties of opening rules, guesses and what refusals reveal.

mod instants;
mod properties;
mod refusals;
mod rules;
mod suggestion;
mod tries;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::Rule;

fn date(s: &str) -> NaiveDate {
    s.parse().unwrap()
}

fn time(s: &str) -> NaiveTime {
    NaiveTime::parse_from_str(s, "%H:%M").unwrap()
}

fn utc(s: &str) -> DateTime<Utc> {
    s.parse().unwrap()
}

fn rule(s: &str) -> Rule {
    s.parse().unwrap()
}

/// The rows of a table without its comments. Columns are separated by spaces.
fn rows<const N: usize>(table: &str) -> impl Iterator<Item = [&str; N]> {
    let rows = table
        .lines()
        .filter(|row| !row.is_empty() && !row.starts_with('#'));
    rows.map(|row| {
        row.split_whitespace()
            .collect::<Vec<_>>()
            .try_into()
            .unwrap()
    })
}
