//! Finding the one class that is meant, for `book`, `cancel`, `prebook add` and runs alike. Pure.

use chrono::{NaiveDate, NaiveTime};

use crate::error::Failure;
use crate::model::prebooking::{Choice, PrebookRequest};
use crate::platform::Row;
use crate::text::fold;

/// Classes named by an error that finds none.
const MAX_NEAREST: usize = 3;

/// The description of a class. Every part that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Description {
    /// The class id on that day.
    pub id: Option<String>,
    /// By the box's wall clock, exact to the minute.
    pub start: Option<NaiveTime>,
    /// A name or part of one, as [`by_name`] reads it.
    pub name: Option<String>,
    /// The name of the coach or part of it, read in the same way.
    pub coach: Option<String>,
    /// Names, or parts of them, of classes that do not fit.
    pub exclude: Vec<String>,
}

impl Description {
    /// A choice of a prebooking. Only the first choice has the request's class id.
    pub fn of(request: &PrebookRequest, choice: &Choice) -> Self {
        let is_first = *choice == request.first;
        Self {
            id: request.class_id.clone().filter(|_| is_first),
            start: Some(choice.start),
            name: choice.class.clone(),
            coach: request.coach.clone(),
            exclude: request.exclude.clone(),
        }
    }

    /// The shortest description that fits this class and no other of its day.
    pub fn shortest(row: &Row, rows: &[Row]) -> Self {
        let then: Vec<&Row> = rows.iter().filter(|it| it.start == row.start).collect();
        Self::distinguishing(row, &then)
    }

    /// What fits this class and no other of `rows`: its time with its name, its coach, or its id.
    fn distinguishing(row: &Row, rows: &[&Row]) -> Self {
        let named = Self {
            start: Some(row.start),
            name: Some(row.name.clone()).filter(|name| !name.is_empty()),
            ..Self::default()
        };
        let coached = Self {
            coach: row.coach.clone(),
            ..named.clone()
        };
        let numbered = Self {
            id: Some(row.id.clone()),
            ..named.clone()
        };
        let rows: Vec<Row> = rows.iter().copied().cloned().collect();
        let is_enough = |wanted: &Self| wanted.fitting(&rows).len() == 1;
        let mut shorter = [named, coached].into_iter();
        shorter.find(is_enough).unwrap_or(numbered)
    }

    /// The request, with one of its choices described in this way.
    pub fn replace_in(&self, request: &PrebookRequest, choice: &Choice) -> PrebookRequest {
        let changed = Choice {
            start: choice.start,
            class: self.name.clone(),
        };
        let mut request = PrebookRequest {
            coach: self.coach.clone().or_else(|| request.coach.clone()),
            ..request.clone()
        };
        if let Some(alternative) = request.alternatives.iter_mut().find(|it| *it == choice) {
            *alternative = changed;
        } else {
            request.first = changed;
            request.class_id.clone_from(&self.id);
        }
        request
    }

    /// The classes of a day that fit.
    pub fn fitting<'r>(&self, rows: &'r [Row]) -> Vec<&'r Row> {
        let excluded: Vec<String> = self.exclude.iter().map(|name| fold(name)).collect();
        let rows_then = rows.iter().filter(|row| {
            let name = fold(&row.name);
            self.start.is_none_or(|start| row.start == start)
                && !excluded.iter().any(|part| name.contains(part))
        });
        let coached = matching(rows_then, self.coach.as_deref(), |row| {
            row.coach.as_deref().unwrap_or_default()
        });
        let mut fitting = by_name(coached.into_iter(), self.name.as_deref());
        fitting.retain(|row| self.id.as_ref().is_none_or(|id| row.id == *id));
        fitting
    }
}

/// The one class that fits. `command` writes the command line that chooses the class it is given.
///
/// # Errors
/// None or several: the message lists what there is, and names the next command.
pub fn one<'r>(
    rows: &'r [Row],
    wanted: &Description,
    day: NaiveDate,
    command: impl FnOnce(&Description) -> String,
) -> Result<&'r Row, Failure> {
    let fitting = wanted.fitting(rows);
    match fitting.as_slice() {
        [only] => Ok(only),
        [] => Err(Failure::not_found(format!(
            "{} on {day}; {}",
            with_description("no class", wanted),
            nearest(rows, wanted, day)
        ))),
        [first, ..] => Err(Failure::not_found(format!(
            "several classes fit on {day}: {}; choose one with --class, --coach or --id, for example: `{}`",
            list(&fitting, true),
            command(&Description::distinguishing(first, &fitting))
        ))),
    }
}

/// The class to be cancelled. If several classes fit and one of them is the member's, that one.
///
/// # Errors
/// None or several: the message lists what there is, and names the next command.
pub fn to_cancel<'r>(
    rows: &'r [Row],
    wanted: &Description,
    day: NaiveDate,
) -> Result<&'r Row, Failure> {
    let fitting = wanted.fitting(rows);
    let mine = fitting.iter().copied().filter(|row| row.is_mine());
    let mine: Vec<&Row> = mine.collect();
    if let ([only], _) | (_, [only]) = (fitting.as_slice(), mine.as_slice()) {
        return Ok(only);
    }
    let is_described = wanted.start.is_some() || wanted.name.is_some();
    Err(Failure::not_found(match mine.first() {
        Some(first) => several_bookings(first, &mine, day),
        None if is_described && fitting.is_empty() => format!(
            "{} on {day}; {}",
            with_description("no class", wanted),
            nearest(rows, wanted, day)
        ),
        None if is_described => format!(
            "{} on {day}; see `aimharder bookings`",
            with_description("you have no booking", wanted)
        ),
        None => format!("none of the classes on {day} is yours; see `aimharder bookings`"),
    }))
}

fn several_bookings(first: &Row, mine: &[&Row], day: NaiveDate) -> String {
    let named = mine.iter().map(|row| {
        let id = row.reservation.as_ref();
        let id = id.map_or_else(String::new, |id| format!(" (reservation {id})"));
        format!("{} {}{id}", row.start.format("%H:%M"), row.name)
    });
    let example = first.reservation.as_ref().map_or_else(String::new, |id| {
        format!(", for example: `aimharder cancel --reservation {id}`")
    });
    format!(
        "several of your bookings fit on {day}: {}; choose one with --time, --class or --reservation{example}",
        shortened(named.collect())
    )
}

/// Case- and accent-insensitively by substring; an exact match takes precedence over a substring match.
pub fn by_name<'r>(rows: impl Iterator<Item = &'r Row>, name: Option<&str>) -> Vec<&'r Row> {
    matching(rows, name, |row| &row.name)
}

fn matching<'r>(
    rows: impl Iterator<Item = &'r Row>,
    wanted: Option<&str>,
    text: impl Fn(&Row) -> &str,
) -> Vec<&'r Row> {
    let Some(wanted) = wanted.map(fold) else {
        return rows.collect();
    };
    let (mut exact, mut partial) = (Vec::new(), Vec::new());
    for row in rows {
        let text = fold(text(row));
        if text == wanted {
            exact.push(row);
        } else if text.contains(&wanted) {
            partial.push(row);
        }
    }
    if exact.is_empty() { partial } else { exact }
}

/// `no class "wod" at 18:30 with coach "marta"`
fn with_description(what: &str, wanted: &Description) -> String {
    let mut text = what.to_owned();
    let start = wanted.start.map(|start| start.format("%H:%M").to_string());
    let quoted = |text: &Option<String>| text.as_ref().map(|text| format!("{text:?}"));
    for (word, value) in [
        ("", quoted(&wanted.name)),
        (" with id", wanted.id.clone()),
        (" at", start),
        (" with coach", quoted(&wanted.coach)),
    ] {
        if let Some(value) = value {
            text = format!("{text}{word} {value}");
        }
    }
    if !wanted.exclude.is_empty() {
        text.push_str(" that is not excluded");
    }
    text
}

/// The classes at the time that was asked for, or the nearest ones. Without class ids: the text is stored and sent to phones.
fn nearest(rows: &[Row], wanted: &Description, day: NaiveDate) -> String {
    if rows.is_empty() {
        return "no classes are published for that day".to_owned();
    }
    let Some(start) = wanted.start else {
        return format!("`aimharder classes {day} --json` shows the ids of that day");
    };
    let then: Vec<&Row> = rows.iter().filter(|row| row.start == start).collect();
    if !then.is_empty() {
        let by_coach = wanted.coach.is_some();
        return format!("at that time: {}", list(&then, by_coach));
    }
    let mut around: Vec<&Row> = rows.iter().collect();
    around.sort_by_key(|row| (row.start - start).abs());
    around.truncate(MAX_NEAREST);
    format!("nearest: {}", list(&around, false))
}

/// `18:30 WOD with Marta (id 1223249), 19:30 Yoga`. Coach and id are shown where several classes have to be distinguished.
fn list(rows: &[&Row], with_details: bool) -> String {
    let named = rows.iter().map(|row| {
        let mut text = format!("{} {}", row.start.format("%H:%M"), row.name);
        if with_details {
            let coach = row.coach.iter().map(|coach| format!(" with {coach}"));
            text.extend(coach.chain([format!(" (id {})", row.id)]));
        }
        text
    });
    shortened(named.collect())
}

/// In the order of their times; at most twelve.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: &str) -> Choice {
        Choice {
            start: start.parse().unwrap(),
            class: None,
        }
    }

    #[test]
    fn only_the_first_choice_has_the_class_id_and_is_described_anew() {
        let (first, other) = (at("18:30:00"), at("19:30:00"));
        let account = "ana@example.org".parse().unwrap();
        let request = PrebookRequest {
            class_id: Some("7".to_owned()),
            alternatives: vec![other.clone()],
            ..PrebookRequest::new(account, "crossfitdemo", first.clone())
        };
        assert_eq!(Description::of(&request, &first).id, Some("7".to_owned()));
        assert_eq!(Description::of(&request, &other).id, None);
        let named = Description {
            name: Some("WOD".to_owned()),
            ..Description::default()
        };
        let with_name = |choice: &Choice| Choice {
            class: named.name.clone(),
            ..choice.clone()
        };
        let changed = named.replace_in(&request, &first);
        assert_eq!(changed.first, with_name(&first));
        assert_eq!(
            (changed.alternatives, changed.class_id),
            (vec![other.clone()], None)
        );
        let changed = named.replace_in(&request, &other);
        assert_eq!(changed.alternatives, [with_name(&other)]);
        assert_eq!((changed.first, changed.class_id), (first, request.class_id));
    }

    #[test]
    fn a_long_list_is_cut_after_twelve_and_says_how_many_more() {
        let list = |many: usize| shortened(vec!["WOD".to_owned(); many]);
        let twelve = ["WOD"; 12].join(", ");
        assert_eq!(list(12), twelve);
        assert_eq!(list(14), format!("{twelve} and 2 more"));
    }
}
