//! Times of day, spans and durations, as people and the platform write them (`scripting.md`, "Days, times and durations";
//! `protocol.md`, §5).

use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};

use crate::text::{quote, whole_number};

/// The longest duration accepted, so that adding one to an instant cannot overflow.
const MAX_DAYS: u64 = 3660;

/// Reads a time of day in hours and minutes: `18:30`, `7:00`, `18.30` or `1830`.
///
/// # Errors
/// A message that quotes the input and shows valid forms.
pub fn parse_time(input: &str) -> Result<NaiveTime, String> {
    let word = input.trim();
    let (hours, minutes) = match word.split_once([':', '.']) {
        None if word.len() == 4 && word.is_ascii() => word.split_at(2),
        parts => parts.unwrap_or_default(),
    };
    hour_and_minute(hours, minutes)
        .ok_or_else(|| format!("{} is not a valid time; use 18:30 or 7:00", quote(word)))
}

/// Reads a time of day with or without seconds, for opening rules: `07:00`, `07:00:30`.
///
/// # Errors
/// A message that quotes the input and shows valid forms.
pub fn parse_time_with_seconds(input: &str) -> Result<NaiveTime, String> {
    hours_minutes_seconds(input.trim()).ok_or_else(|| {
        format!(
            "{} is not a valid time; use 07:00 or 07:00:30",
            quote(input.trim())
        )
    })
}

/// Reads the start and the end of a time from the platform: `18:30 - 19:30`, with or without spaces, with any dash. An end of
/// 24:00 is midnight. A missing or unreadable end is `None`, because the class can be booked without it.
pub fn parse_span(input: &str) -> Option<(NaiveTime, Option<NaiveTime>)> {
    let bare: String = input.chars().filter(|c| !c.is_whitespace()).collect();
    let Some((start, end)) = bare.split_once(is_dash) else {
        return Some((hours_minutes_seconds(&bare)?, None));
    };
    let end = match end {
        "24:00" => Some(NaiveTime::MIN),
        end => hours_minutes_seconds(end),
    };
    Some((hours_minutes_seconds(start)?, end))
}

/// Reads a duration: a whole number and its unit, as in `500ms`, `15s`, `14m`, `2h`, `7d`.
///
/// # Errors
/// A message that quotes the input and shows valid forms.
pub fn parse_duration(input: &str) -> Result<Duration, String> {
    const FORMS: &str = "use 15s, 500ms, 14m, 2h or 7d";
    let word = input.trim();
    let end = word
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(word.len());
    let (number, unit) = word.split_at(end);
    let millis: u64 = match unit {
        _ if number.is_empty() => 0,
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "" => {
            // "0s" and "0m" would suggest the same
            let number = if word.bytes().all(|digit| digit == b'0') {
                "15"
            } else {
                word
            };
            return Err(format!(
                "{} has no unit; use {number}s or {number}m",
                quote(word)
            ));
        }
        _ => 0,
    };
    if millis == 0 {
        return Err(format!("{} is not a valid duration; {FORMS}", quote(word)));
    }
    number
        .parse::<u64>()
        .ok()
        .and_then(|n| n.checked_mul(millis))
        .filter(|&total| total <= MAX_DAYS * 86_400_000)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{} is longer than {MAX_DAYS}d; {FORMS}", quote(word)))
}

/// Formats a duration as [`parse_duration`] reads it, in its largest whole unit: `90s`, `2m`, `0s`.
pub fn format_duration(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
    ];
    let whole = |(_, size): &&(&str, u128)| millis > 0 && millis.is_multiple_of(*size);
    match units.iter().find(whole) {
        Some((unit, size)) => format!("{}{unit}", millis / size),
        None if millis == 0 => "0s".to_owned(),
        None => format!("{millis}ms"),
    }
}

/// Formats an age for people: `45 s`, `3 min`, `2 h 5 min`, `4 d`. A negative age, which a stepped clock causes, is `0 s`.
pub fn human_age(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) if minutes % 60 == 0 => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d"),
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '~')
}

fn hours_minutes(s: &str) -> Option<NaiveTime> {
    let (hours, minutes) = s.split_once(':')?;
    hour_and_minute(hours, minutes)
}

fn hour_and_minute(hours: &str, minutes: &str) -> Option<NaiveTime> {
    NaiveTime::from_hms_opt(digits(hours)?, two_digits(minutes)?, 0)
}

fn hours_minutes_seconds(s: &str) -> Option<NaiveTime> {
    match s.rsplit_once(':') {
        Some((time, seconds)) if time.contains(':') => {
            let time = hours_minutes(time)?;
            chrono::Timelike::with_second(&time, two_digits(seconds)?)
        }
        _ => hours_minutes(s),
    }
}

fn two_digits(s: &str) -> Option<u32> {
    if s.len() == 2 { digits(s) } else { None }
}

/// One or two ASCII digits.
fn digits(s: &str) -> Option<u32> {
    if s.len() <= 2 { whole_number(s) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hms(h: u32, m: u32, s: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(h, m, s).unwrap()
    }

    #[test]
    fn times() {
        for (input, expected) in [
            ("18:30", Some(hms(18, 30, 0))),
            ("7:00", Some(hms(7, 0, 0))),
            (" 07:05 ", Some(hms(7, 5, 0))),
            ("0:00", Some(hms(0, 0, 0))),
            ("23:59", Some(hms(23, 59, 0))),
            ("24:00", None),
            ("18:60", None),
            ("18:3", None),
            ("18:030", None),
            ("018:30", None),
            ("18:30:00", None),
            ("18", None),
            (":30", None),
            ("18:", None),
            ("-1:30", None),
            ("+1:30", None),
            ("18:+3", None),
            ("18.30", Some(hms(18, 30, 0))),
            ("7.05", Some(hms(7, 5, 0))),
            ("1830", Some(hms(18, 30, 0))),
            ("0700", Some(hms(7, 0, 0))),
            ("700", None),
            ("2400", None),
            ("18.3", None),
            ("+730", None),
            ("1é3", None),
            ("ab30", None),
            ("6:30pm", None),
            ("18 :30", None),
            ("١٨:٣٠", None),
            ("", None),
        ] {
            assert_eq!(parse_time(input).ok(), expected, "{input:?}");
        }
        let error = parse_time("half six\n").unwrap_err();
        assert_eq!(error, "\"half six\" is not a valid time; use 18:30 or 7:00");
    }

    #[test]
    fn times_with_seconds() {
        for (input, expected) in [
            ("07:00", Some(hms(7, 0, 0))),
            ("07:00:30", Some(hms(7, 0, 30))),
            ("7:00:05", Some(hms(7, 0, 5))),
            ("07:00:60", None),
            ("07:00:5", None),
            ("07:00:30:00", None),
            ("07:00:", None),
            ("24:00:00", None),
        ] {
            assert_eq!(parse_time_with_seconds(input).ok(), expected, "{input:?}");
        }
    }

    #[test]
    fn spans() {
        let (start, end) = (hms(18, 30, 0), hms(19, 30, 0));
        for (input, expected) in [
            ("18:30 - 19:30", Some((start, Some(end)))),
            ("18:30-19:30", Some((start, Some(end)))),
            ("18:30 – 19:30", Some((start, Some(end)))),
            ("18:30—19:30", Some((start, Some(end)))),
            (" 18:30\u{a0}-  19:30\n", Some((start, Some(end)))),
            ("18:30:00 - 19:30:00", Some((start, Some(end)))),
            ("18:30", Some((start, None))),
            ("18:30 -", Some((start, None))),
            ("23:00 - 24:00", Some((hms(23, 0, 0), Some(hms(0, 0, 0))))),
            ("23:30 - 00:30", Some((hms(23, 30, 0), Some(hms(0, 30, 0))))),
            ("24:00", None),
            ("18:30 - late", Some((start, None))),
            ("18:30 - 24:30", Some((start, None))),
            ("18:30 - 19:30 - 20:30", Some((start, None))),
            ("- 19:30", None),
            ("", None),
        ] {
            assert_eq!(parse_span(input), expected, "{input:?}");
        }
    }

    #[test]
    fn durations_are_formatted_in_their_largest_unit() {
        for text in ["0s", "1ms", "1500ms", "90s", "2m", "90m", "2h", "7d"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(format_duration(Duration::from_secs(3600)), "1h");
    }

    #[test]
    fn durations() {
        for (input, millis) in [
            ("500ms", 500),
            ("15s", 15_000),
            ("14m", 840_000),
            ("2h", 7_200_000),
            ("7d", 604_800_000),
            (" 0s ", 0),
            ("007s", 7_000),
            ("3660d", 316_224_000_000),
        ] {
            assert_eq!(
                parse_duration(input),
                Ok(Duration::from_millis(millis)),
                "{input:?}"
            );
        }
        for (input, wrong) in [
            ("", "\"\" is not a valid duration; use 15s"),
            ("fast", "\"fast\" is not a valid duration"),
            ("s", "\"s\" is not a valid duration"),
            ("15", "\"15\" has no unit; use 15s or 15m"),
            ("0", "\"0\" has no unit; use 15s or 15m"),
            ("1.5h", "is not a valid duration"),
            ("-5s", "is not a valid duration"),
            ("+5s", "is not a valid duration"),
            ("15 s", "is not a valid duration"),
            ("15S", "is not a valid duration"),
            ("1w", "is not a valid duration"),
            ("2h30m", "is not a valid duration"),
            ("3661d", "is longer than 3660d"),
            ("99999999999999999999s", "is longer than 3660d"),
            ("18446744073709551615d", "is longer than 3660d"),
        ] {
            let error = parse_duration(input).unwrap_err();
            assert!(error.contains(wrong), "{input:?}: {error}");
        }
    }

    #[test]
    fn ages() {
        for (seconds, expected) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3 * 60 + 59, "3 min"),
            (3600, "1 h"),
            (2 * 3600 + 5 * 60, "2 h 5 min"),
            (86_399, "23 h 59 min"),
            (86_400, "1 d"),
            (4 * 86_400 + 7_000, "4 d"),
        ] {
            assert_eq!(
                human_age(TimeDelta::seconds(seconds)),
                expected,
                "{seconds}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics(input in "(?s).{0,30}|[0-9:smhd -]{0,30}", seconds in any::<i64>()) {
            let _ = (parse_time(&input), parse_time_with_seconds(&input), parse_duration(&input));
            let _ = parse_span(&input);
            let _ = TimeDelta::try_seconds(seconds).map(human_age);
        }

        #[test]
        fn times_come_back(h in 0u32..24, m in 0u32..60, s in 0u32..60) {
            let time = hms(h, m, s);
            prop_assert_eq!(parse_time_with_seconds(&time.to_string()), Ok(time));
            prop_assert_eq!(parse_time(&time.format("%H:%M").to_string()), Ok(hms(h, m, 0)));
            prop_assert_eq!(parse_span(&time.format("%H:%M - %H:%M").to_string()), Some((hms(h, m, 0), Some(hms(h, m, 0)))));
        }
    }
}
