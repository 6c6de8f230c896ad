//! The workouts that a box publishes (`protocol.md`, §9).
//!
//! The box's page has the number of the publisher, whose posts [`Platform::activity`] lists, newest first. A post has no year
//! in its label and may be pinned years ahead, so [`Post::day`] is only present where label and date agree; otherwise
//! [`Platform::workout_day`] asks for the details.

use chrono::{DateTime, Days, NaiveDate};
use serde::Serialize;

use super::call::Response;
use super::lenient::Loose;
use super::{Error, Jar, Platform, Result, classify};
use crate::model::day::parse_label;
use crate::text;

/// A post further ahead of the platform's date than this is pinned.
const MAX_DAYS_AHEAD: u64 = 60;
/// How far after `timeLineContent` the publisher's number is looked for, in characters.
const NEARBY: usize = 80;
/// The lines of one text that are kept.
const MAX_LINES: usize = 100;
/// The line breaks of HTML.
const BREAKS: [&str; 7] = ["<br", "</p", "</div", "</li", "</tr", "</h", "\n"];

/// A published workout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// For [`Platform::workout_day`].
    pub id: Option<String>,
    /// The day it is for; `None` if the post does not say so clearly.
    pub day: Option<NaiveDate>,
    /// The class it is for.
    pub class: Option<String>,
    /// Its parts, in order.
    pub blocks: Vec<Block>,
}

/// A part of a workout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The title, cleaned.
    pub title: Option<String>,
    /// `for_time`, `amrap`, `emom` or `other`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The time cap as the platform writes it.
    pub time_cap: Option<String>,
    /// The notes without HTML, lines separated by `\n`.
    pub text: String,
    /// Its exercises.
    pub exercises: Vec<Exercise>,
}

/// One exercise of a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exercise {
    /// The name, cleaned.
    pub name: String,
    /// Repetitions, load and notes, for example `21-15-9 reps, 43 kg`.
    pub prescription: Option<String>,
}

impl Platform {
    /// `GET /` of a box: the number of its publisher, or `None` if the box publishes no workouts.
    ///
    /// # Errors
    /// Those of a page; [`Error::LoggedOut`] for the login page.
    pub fn publisher(&self, jar: &mut Jar, host: &str) -> Result<Option<String>> {
        self.ask(jar, self.page(host, "/", &[])?, read_publisher)
    }

    /// `GET /api/activity`: the newest posts, or those after a page, in the order of the platform; and the `after` of the next
    /// page, or `None` on the last one.
    ///
    /// # Errors
    /// Those of an API call; [`Error::Strange`] without a list.
    pub fn activity(
        &self,
        jar: &mut Jar,
        host: &str,
        publisher: &str,
        after: Option<&str>,
    ) -> Result<(Vec<Post>, Option<String>)> {
        let mut query = vec![("timeLineContent", "7"), ("userID", publisher)];
        match after {
            None => query.push(("timeLineFormat", "0")),
            Some(after) => query.extend([("timeLineFormat", "2"), ("loadAfter", after)]),
        }
        let call = self.script(host, "/api/activity", &query)?;
        self.ask(jar, call, read_activity)
    }

    /// `GET /api/activity/workout`: the day that a post is for, if its details have a readable one.
    ///
    /// # Errors
    /// Those of an API call.
    pub fn workout_day(&self, jar: &mut Jar, host: &str, id: &str) -> Result<Option<NaiveDate>> {
        let call = self.script(host, "/api/activity/workout", &[("SEID", id)])?;
        self.ask(jar, call, |response| {
            Ok(date(Loose(&classify::data(response)?).get("recordDate")))
        })
    }
}

/// Reads the page of a box.
///
/// # Errors
/// As for [`Platform::publisher`].
pub fn read_publisher(response: &Response) -> Result<Option<String>> {
    let read = classify::page(response).and_then(|page| match publisher_in(&page) {
        // a page with the number may have the form of the login too
        None if classify::is_login_page(response) => Err(Error::LoggedOut),
        None if !page.contains('<') => Err(response.strange("answered without a page")),
        publisher => Ok(publisher),
    });
    classify::or_login_page(response, read)
}

/// The number in `timeLineContent: 7, userID: N`.
fn publisher_in(page: &str) -> Option<String> {
    const NAME: &str = "timeLineContent";
    page.match_indices(NAME).find_map(|(at, _)| {
        let near: String = page[at + NAME.len()..].chars().take(NEARBY).collect();
        let (content, after) = near.split_once(':')?.1.split_once(',')?;
        let (_, id) = after.split_once("userID")?;
        let id = id.trim_start_matches(|c: char| c.is_whitespace() || "'\":".contains(c));
        let end = id.find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len());
        (content.trim() == "7" && end > 0).then(|| id[..end].to_owned())
    })
}

/// Reads a page of posts.
///
/// # Errors
/// As for [`Platform::activity`].
pub fn read_activity(response: &Response) -> Result<(Vec<Post>, Option<String>)> {
    let data = classify::data(response)?;
    let data = Loose(&data);
    let elements = data.get("elements");
    if !elements.0.is_array() {
        return Err(response.strange("answered without a list of workouts"));
    }
    let today = date(data.get("curDate"));
    let posts = elements.items().map(|element| post(element, today));
    let next = data.get("lastLoaded").id().filter(|last| last != "-1");
    Ok((posts.collect(), next))
}

fn post(element: Loose<'_>, today: Option<NaiveDate>) -> Post {
    let rates = element.get("ejerRate");
    let blocks = (0..).zip(element.get("TIPOWODs").items());
    let blocks = blocks.map(|(index, part)| {
        let own = rates
            .items()
            .filter(|rate| rate.get("tipoWOD").int().unwrap_or(0) == index);
        block(part, own.filter_map(exercise))
    });
    Post {
        id: element.get("id").id(),
        day: clear_day(element, today),
        class: element.get("wodClass").words(),
        blocks: blocks.collect(),
    }
}

/// The date of `when` if the label has the same day and month, and the post is not pinned.
fn clear_day(element: Loose<'_>, today: Option<NaiveDate>) -> Option<NaiveDate> {
    let day = date(element.get("when"))?;
    let latest = today?.checked_add_days(Days::new(MAX_DAYS_AHEAD))?;
    let is_same = element.get("day").words().is_none_or(|label| {
        let year = day.format("%Y");
        parse_label(&format!("{label} {year}")).is_none_or(|labelled| labelled == day)
    });
    (day <= latest && is_same).then_some(day)
}

/// A date in one of the platform's forms: ISO, `23/11/2026`, a label, or seconds or milliseconds of the Unix clock.
fn date(value: Loose<'_>) -> Option<NaiveDate> {
    let text = value.raw()?;
    let first = text.split([' ', 'T']).next().unwrap_or_default();
    let instant = match first.len() {
        10 => first.parse().ok(),
        13 => first.parse::<i64>().ok().map(|millis| millis / 1000),
        _ => None,
    };
    let by_day = |form| NaiveDate::parse_from_str(first, form).ok();
    let instant = instant.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let day = instant.map(|at| at.date_naive());
    day.or_else(|| parse_label(first))
        .or_else(|| by_day("%d/%m/%Y"))
        .or_else(|| by_day("%d-%m-%Y"))
        .or_else(|| parse_label(&text))
}

fn block(block: Loose<'_>, exercises: impl Iterator<Item = Exercise>) -> Block {
    let notes = [block.get("notes"), block.get("notes2")];
    let lines = notes.into_iter().filter_map(Loose::raw);
    let lines: Vec<String> = lines.flat_map(|html| plain_lines(&html)).collect();
    Block {
        title: block.get("title").words(),
        kind: match block.get("type").int() {
            Some(2) => "amrap",
            Some(3) => "emom",
            Some(5) => "for_time",
            _ => "other",
        },
        time_cap: block.get("timecap").words().filter(|cap| cap != "0"),
        text: lines.join("\n"),
        exercises: exercises.collect(),
    }
}

/// The lines of HTML as plain text, each cleaned.
fn plain_lines(html: &str) -> Vec<String> {
    let lower = html.to_ascii_lowercase();
    let breaks = BREAKS.iter().flat_map(|tag| lower.match_indices(tag));
    let mut ends: Vec<usize> = breaks.map(|(at, _)| at).collect();
    ends.push(html.len());
    ends.sort_unstable();
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let lines = starts
        .zip(&ends)
        .map(|(start, end)| text::clean(&html[start..*end]));
    lines
        .filter(|line| !line.is_empty())
        .take(MAX_LINES)
        .collect()
}

fn exercise(rate: Loose<'_>) -> Option<Exercise> {
    let name = rate.get("ejerName").words()?;
    let amounts = rate.get("valor1");
    let amounts = amounts.items().chain([amounts]).filter_map(Loose::words);
    let amounts: Vec<String> = amounts.collect();
    let amount = amounts.join("-");
    let form = rate.get("formaReg").int();
    let unit = match form {
        Some(1) => " s",
        Some(2 | 6) => " (distance)",
        Some(3 | 4) => " reps",
        Some(5) => " cal",
        _ => "",
    };
    let load_unit = match rate.get("tipoud").int() {
        Some(0) => " kg",
        Some(4) => " %RM",
        _ => "",
    };
    let load = rate.get("valor2").words().filter(|load| load != "0");
    let has_load = matches!(form, Some(4 | 6));
    let parts = [
        (!amount.is_empty()).then(|| format!("{amount}{unit}")),
        load.filter(|_| has_load)
            .map(|load| format!("{load}{load_unit}")),
        rate.get("notes").words(),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    Some(Exercise {
        name,
        prescription: (!parts.is_empty()).then(|| text::clean_again(&parts.join(", "))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test_server::answered;
    use serde_json::Value;

    fn day(text: &str) -> Option<NaiveDate> {
        text.parse().ok()
    }

    #[test]
    fn the_publisher_is_in_a_script_of_the_page() {
        for (page, expected) in [
            (
                "<script>x({timeLineContent: 7, userID: 123});</script>",
                Some("123"),
            ),
            (r#"{"timeLineContent":7,"userID":"45"}"#, Some("45")),
            (
                "timeLineContent: 3, userID: 9; timeLineContent: 7, userID: 10",
                Some("10"),
            ),
            ("timeLineContent: 7, userID: none", None),
            ("timeLineContent", None),
            ("", None),
        ] {
            assert_eq!(publisher_in(page).as_deref(), expected, "{page}");
        }
        let form = "<span id=loginErrors></span><input name=pw>";
        let both = format!("{form}timeLineContent: 7, userID: 10");
        let read = |page: &str| read_publisher(&answered(page));
        assert_eq!(read(&both), Ok(Some("10".to_owned())));
        assert_eq!(read(form), Err(Error::LoggedOut));
        assert_eq!(read("<p>"), Ok(None));
        for no_page in ["", "[]", "x"] {
            assert!(matches!(read(no_page), Err(Error::Strange(_))), "{no_page}");
        }
    }

    #[test]
    fn dates_have_several_forms() {
        for (value, expected) in [
            (Value::from("2026-01-19"), day("2026-01-19")),
            (Value::from("2026-01-19 10:30:00"), day("2026-01-19")),
            (Value::from("2026-01-19T10:30:00"), day("2026-01-19")),
            (Value::from("19/01/2026"), day("2026-01-19")),
            (Value::from("19-01-2026"), day("2026-01-19")),
            (Value::from("19 de Enero de 2026"), day("2026-01-19")),
            (Value::from(1_768_816_800), day("2026-01-19")),
            (Value::from(1_768_816_800_000i64), day("2026-01-19")),
            (Value::from("soon"), None),
            (Value::Null, None),
            (Value::from("9999999999999"), None),
        ] {
            let read = date(Loose(&value));
            let within = read.filter(|day| day.format("%Y").to_string().len() == 4);
            assert_eq!(within.filter(|_| expected.is_some()), expected, "{value}");
        }
    }

    #[test]
    fn a_workout_has_blocks_with_exercises() {
        let body = r#"{"elements":[
            {"id": 7, "wodClass": "WOD", "day": "19 Ene", "when": "2026-01-19", "TIPOWODs": [
                {"title": "Fran", "type": "5", "timecap": 10, "notes": "<p>Por <b>tiempo</b></p><p>Rx&nbsp;43</p>", "notes2": null},
                {"title": "Core", "type": 3}],
             "ejerRate": [
                {"ejerId": 1, "ejerName": "Thruster", "tipoWOD": 0, "valor1": [21, 15, 9], "valor2": "43", "formaReg": 4, "tipoud": 0},
                {"ejerName": "Plank", "tipoWOD": "1", "valor1": ["60"], "formaReg": 1, "notes": "sin parar"},
                {"ejerName": ""}]},
            {"id": 8, "day": "20 Ene", "when": "2056-01-20"},
            {"id": 9, "day": "18 Ene", "when": "2026-01-19"}, 5],
            "curDate": "2026-01-20", "lastLoaded": 9}"#;
        let (posts, next) = read_activity(&answered(body)).unwrap();
        assert_eq!(next.as_deref(), Some("9"));
        let [fran, pinned, other, odd] = posts.as_slice() else {
            panic!("{posts:?}")
        };
        assert_eq!(
            (fran.day, fran.class.as_deref()),
            (day("2026-01-19"), Some("WOD"))
        );
        assert_eq!((pinned.day, other.day, odd.day), (None, None, None));
        let thruster = Exercise {
            name: "Thruster".to_owned(),
            prescription: Some("21-15-9 reps, 43 kg".to_owned()),
        };
        let plank = Exercise {
            name: "Plank".to_owned(),
            prescription: Some("60 s, sin parar".to_owned()),
        };
        let block = |title: &str, kind, cap: Option<&str>, text: &str, exercise| Block {
            title: Some(title.to_owned()),
            kind,
            time_cap: cap.map(str::to_owned),
            text: text.to_owned(),
            exercises: vec![exercise],
        };
        assert_eq!(
            fran.blocks,
            [
                block(
                    "Fran",
                    "for_time",
                    Some("10"),
                    "Por tiempo\nRx 43",
                    thruster
                ),
                block("Core", "emom", None, "", plank),
            ]
        );
    }

    #[test]
    fn a_list_is_needed_and_the_last_page_has_no_next() {
        let last = read_activity(&answered(r#"{"elements":[],"lastLoaded":"-1"}"#));
        assert_eq!(last, Ok((vec![], None)));
        for body in ["{}", r#"{"elements":null}"#, "<html>"] {
            let read = read_activity(&answered(body));
            assert!(matches!(read, Err(Error::Strange(_))), "{body}");
        }
    }
}
