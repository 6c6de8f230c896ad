//! Days as people write them and as the platform labels them, in English, Spanish and Catalan (`scripting.md`, "Days, times and
//! durations"; `protocol.md`, §5). `today` is an argument.

mod names;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::text::{clean, fold, quote, whole_number};
use names::{MONTHS, WEEKDAYS, is_one_of};

const FORMS: &str = "use today, fri, +3 or 2026-11-23";
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;
const MAX_DAYS_AHEAD: u64 = 3660;

/// Returns the day that `input` means on `today`. A weekday or a date without a year is the next such day, today included.
///
/// # Errors
/// A message that quotes the input, says what is wrong and shows valid forms.
pub fn parse_day(input: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    let word = fold(input);
    let wrong = |what: &str| format!("{} {what}; {FORMS}", quote(input.trim()));
    let ahead = match word.as_str() {
        "today" | "hoy" | "avui" => Some(0),
        "tomorrow" | "manana" | "dema" => Some(1),
        _ => parse_weekday(&word).map(|weekday| u64::from(weekday.days_since(today.weekday()))),
    };
    let day = if let Some(ahead) = ahead {
        today.checked_add_days(Days::new(ahead))
    } else if let Some(number) = word.strip_prefix('+') {
        Some(days_ahead(number, today).ok_or_else(|| {
            wrong(&format!(
                "is not a number of days from 0 to {MAX_DAYS_AHEAD}"
            ))
        })?)
    } else if iso_digits(&word).is_some() {
        parse_iso(&word)
    } else if let Some((day, month)) = word.split_once('/') {
        let parts = whole_number(day).zip(whole_number(month));
        let (day, month) = parts.ok_or_else(|| wrong("is not a valid day"))?;
        next_date(day, month, today)
    } else {
        return Err(wrong("is not a valid day"));
    };
    let day = day.ok_or_else(|| wrong("is not in the calendar"))?;
    if YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        let (first, last) = (YEARS.start(), YEARS.end());
        Err(wrong(&format!("is outside the years {first} to {last}")))
    }
}

/// Returns the weekday with this English, Spanish or Catalan name, short form or Spanish letter. Case and accents are ignored.
pub fn parse_weekday(input: &str) -> Option<Weekday> {
    let word = fold(input);
    let word = word.strip_suffix('.').unwrap_or(&word);
    let number = WEEKDAYS.iter().position(|names| is_one_of(word, names))?;
    Weekday::try_from(u8::try_from(number).ok()?).ok()
}

/// Returns the short form used in rules, JSON and tables: `mon` … `sun`.
pub fn weekday_short(weekday: Weekday) -> &'static str {
    let names = WEEKDAYS[weekday.num_days_from_monday() as usize];
    names.split(' ').next().unwrap_or_default()
}

/// Returns the date in one of the platform's day labels, such as "Lunes, 23 de Noviembre de 2026", or in an ISO date. Returns
/// `None` for a label without a year. A weekday that contradicts the date is ignored.
pub fn parse_label(label: &str) -> Option<NaiveDate> {
    let words = fold(&clean(label));
    if iso_digits(&words).is_some() {
        return parse_iso(&words).filter(|day| YEARS.contains(&day.year()));
    }
    let tokens: Vec<&str> = words
        .split(|c: char| !c.is_alphanumeric())
        .filter(|token| !token.is_empty())
        .collect();
    let (day, year) = day_and_year(&tokens)?;
    NaiveDate::from_ymd_opt(year, month(&tokens)?, day).filter(|day| YEARS.contains(&day.year()))
}

/// The next day with this day of the month, on `today` or later. 29 February may be years ahead.
fn next_date(day: u64, month: u64, today: NaiveDate) -> Option<NaiveDate> {
    let (day, month) = (day.try_into().ok()?, month.try_into().ok()?);
    let years = today.year()..=today.year() + 8;
    let mut dates = years.filter_map(|year| NaiveDate::from_ymd_opt(year, month, day));
    dates.find(|date| *date >= today)
}

fn days_ahead(number: &str, today: NaiveDate) -> Option<NaiveDate> {
    let ahead = whole_number(number).filter(|&n| n <= MAX_DAYS_AHEAD)?;
    today.checked_add_days(Days::new(ahead))
}

/// The digits of `2026-11-23` or `20261123`, where `word` has one of these two shapes.
fn iso_digits(word: &str) -> Option<String> {
    let bytes = word.as_bytes();
    let digits: String = match bytes.len() {
        8 => word.to_owned(),
        10 if bytes[4] == b'-' && bytes[7] == b'-' => word.replace('-', ""),
        _ => return None,
    };
    (digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

fn parse_iso(word: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&iso_digits(word)?, "%Y%m%d").ok()
}

/// Exactly one day of the month (`23`, `1r`, `23rd`, `1o`) and one year of four digits.
fn day_and_year(tokens: &[&str]) -> Option<(u32, i32)> {
    let (mut day, mut year) = (None, None);
    for token in tokens {
        let end = token
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(token.len());
        let (digits, ordinal) = token.split_at(end);
        let repeated = match (digits.len(), ordinal) {
            (0, _) => false,
            (1 | 2, "" | "r" | "er" | "n" | "t" | "e" | "a" | "o" | "st" | "nd" | "rd" | "th") => {
                day.replace(digits.parse().ok()?).is_some()
            }
            (4, "") => year.replace(digits.parse().ok()?).is_some(),
            _ => return None,
        };
        if repeated {
            return None;
        }
    }
    Some((day?, year?))
}

/// The only month among the tokens. "mar" is also a weekday: if another month is named, it is not taken for one.
fn month(tokens: &[&str]) -> Option<u32> {
    let months = |tokens: &mut dyn Iterator<Item = &&str>| -> Vec<u32> {
        let mut found: Vec<u32> = tokens
            .filter_map(|token| (1..).zip(MONTHS).find(|(_, names)| is_one_of(token, names)))
            .map(|(number, _)| number)
            .collect();
        found.dedup();
        found
    };
    let certain = months(&mut tokens.iter().filter(|token| parse_weekday(token).is_none()));
    match certain.as_slice() {
        [month] => Some(*month),
        [] => match months(&mut tokens.iter()).as_slice() {
            [month] => Some(*month),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
