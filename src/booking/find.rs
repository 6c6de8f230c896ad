//! Finding the class that a description means. Pure.

use chrono::{NaiveDate, NaiveTime};

use crate::error::Failure;
use crate::platform::Row;
use crate::text::fold;

/// Classes named by an error that finds none.
const MAX_NEAREST: usize = 3;

/// How a class is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By the class id (`--id`).
    Id(String),
    /// By start and name.
    At {
        /// By the box's wall clock, to the minute.
        start: NaiveTime,
        /// A name or a part of one, as [`by_name`] reads it; `None` takes any class of that time.
        name: Option<String>,
    },
}

/// The class meant by start and name, or by id.
///
/// # Errors
/// No class fits, or several do: the message lists them.
pub fn one<'r>(rows: &'r [Row], wanted: &Wanted, day: NaiveDate) -> Result<&'r Row, Failure> {
    distinguished_by(rows, wanted, day, "--class or --id")
}

/// The same for a prebooking, which takes no id: the classes of its day may not have ids yet.
///
/// # Errors
/// No class fits, or several do: the message lists them.
pub fn prebooked<'r>(rows: &'r [Row], wanted: &Wanted, day: NaiveDate) -> Result<&'r Row, Failure> {
    distinguished_by(rows, wanted, day, "--class")
}

/// `flags`: the flags that distinguish classes at the same time.
fn distinguished_by<'r>(
    rows: &'r [Row],
    wanted: &Wanted,
    day: NaiveDate,
    flags: &str,
) -> Result<&'r Row, Failure> {
    let fitting: Vec<&Row> = match wanted {
        Wanted::Id(id) => rows.iter().filter(|row| row.id == *id).collect(),
        Wanted::At { start, name } => by_name(
            rows.iter().filter(|row| row.start == *start),
            name.as_deref(),
        ),
    };
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => Err(Failure::not_found(format!(
            "{} on {day}; {}",
            nothing(wanted),
            nearest(rows, wanted)
        ))),
        several => Err(Failure::not_found(format!(
            "several classes fit on {day}: {}; say which with {flags}",
            list(several, flags.contains("--id"))
        ))),
    }
}

/// The class to be cancelled, by time and name. If several classes fit and one of them is the member's, that one.
///
/// # Errors
/// No class fits, or several do: the message lists them and says which can be cancelled.
pub fn to_cancel<'r>(rows: &'r [Row], wanted: &Wanted, day: NaiveDate) -> Result<&'r Row, Failure> {
    let Wanted::At { start, name } = wanted else {
        return one(rows, wanted, day);
    };
    let at_that_time = rows.iter().filter(|row| row.start == *start);
    let fitting = by_name(at_that_time, name.as_deref());
    if fitting.len() < 2 {
        return one(rows, wanted, day);
    }
    let mut mine = fitting.iter().filter(|row| row.is_mine());
    if let (Some(only), None) = (mine.next(), mine.next()) {
        return Ok(only);
    }
    let named = fitting.iter().map(|row| {
        let mine = row.reservation.as_ref();
        let mine = mine.map_or_else(String::new, |id| format!(" (reservation {id})"));
        format!("{} {}{mine}", row.start.format("%H:%M"), row.name)
    });
    let none = fitting.iter().all(|row| row.reservation.is_none());
    let how = if none {
        "none of them is yours; see `aimharder bookings`"
    } else {
        "say which with --class or --reservation"
    };
    Err(Failure::not_found(format!(
        "several classes fit on {day}: {}; {how}",
        shortened(named.collect())
    )))
}

/// Matches by substring, ignoring case and accents. An exact match takes precedence over a substring match.
pub fn by_name<'r>(rows: impl Iterator<Item = &'r Row>, name: Option<&str>) -> Vec<&'r Row> {
    let Some(name) = name.map(fold) else {
        return rows.collect();
    };
    let fitting: Vec<&Row> = rows.filter(|row| fold(&row.name).contains(&name)).collect();
    let exact: Vec<&Row> = fitting
        .iter()
        .copied()
        .filter(|row| fold(&row.name) == name)
        .collect();
    if exact.is_empty() { fitting } else { exact }
}

fn nothing(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Id(id) => format!("no class with number {id}"),
        Wanted::At { start, name: None } => format!("no class at {}", start.format("%H:%M")),
        Wanted::At {
            start,
            name: Some(name),
        } => format!("no class {name:?} at {}", start.format("%H:%M")),
    }
}

/// The classes nearest to the time that was asked for. Without class ids: the text is stored and sent to phones.
fn nearest(rows: &[Row], wanted: &Wanted) -> String {
    if rows.is_empty() {
        return "no classes are published for that day".to_owned();
    }
    let Wanted::At { start, .. } = wanted else {
        return "`aimharder classes --json` shows the ids of that day".to_owned();
    };
    let mut nearest: Vec<&Row> = rows.iter().collect();
    nearest.sort_by_key(|row| (row.start - *start).abs());
    nearest.truncate(MAX_NEAREST);
    nearest.sort_by_key(|row| row.start);
    format!("nearest: {}", list(&nearest, false))
}

fn list(rows: &[&Row], with_ids: bool) -> String {
    let named = rows.iter().map(|row| {
        let id = with_ids.then(|| format!(" (id {})", row.id));
        let (start, id) = (row.start.format("%H:%M"), id.unwrap_or_default());
        format!("{start} {}{id}", row.name)
    });
    shortened(named.collect())
}

fn shortened(mut named: Vec<String>) -> String {
    named.sort();
    let more = named.len().saturating_sub(12);
    named.truncate(12);
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    named.join(", ") + &tail
}
