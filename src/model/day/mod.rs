//! Days as people write them and as the platform labels them (cli.md "Days", protocol.md §5), in English, Spanish
//! and Catalan. `today` is an argument.

mod names;

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::text::{clean, fold, quote};
use names::{MONTHS, WEEKDAYS};

const FORMS: &str = "for example today, fri, +3 or 2026-11-23";
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;
const MOST_DAYS_AHEAD: u64 = 3660;

/// The day that `input` means on `today`; a weekday is the next one, today included. The error says what was wrong
/// and shows right forms.
pub fn parse_day(input: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    let word = fold(input);
    let unknown = || format!("{} is no day, {FORMS}", quote(input.trim()));
    let ahead = match word.as_str() {
        "today" | "hoy" | "avui" => Some(0),
        "tomorrow" | "manana" | "dema" => Some(1),
        _ => parse_weekday(&word).map(|weekday| u64::from(weekday.days_since(today.weekday()))),
    };
    let day = if let Some(ahead) = ahead {
        today.checked_add_days(Days::new(ahead))
    } else if let Some(number) = word.strip_prefix('+') {
        Some(days_ahead(number, today).ok_or_else(|| {
            format!(
                "{} is no number of days from 0 to {MOST_DAYS_AHEAD}, {FORMS}",
                quote(input.trim())
            )
        })?)
    } else if iso_digits(&word).is_some() {
        parse_iso(&word)
    } else {
        return Err(unknown());
    };
    let day =
        day.ok_or_else(|| format!("{} is not in the calendar, {FORMS}", quote(input.trim())))?;
    if YEARS.contains(&day.year()) {
        Ok(day)
    } else {
        Err(format!(
            "{} is outside the years {} to {}, {FORMS}",
            quote(input.trim()),
            YEARS.start(),
            YEARS.end()
        ))
    }
}

/// A weekday by its English, Spanish or Catalan name or short form, whatever its case and accents.
pub fn parse_weekday(input: &str) -> Option<Weekday> {
    let word = fold(input);
    let word = word.strip_suffix('.').unwrap_or(&word);
    let found = WEEKDAYS.iter().find(|(_, _, names)| names.contains(&word));
    found.map(|&(weekday, _, _)| weekday)
}

/// The short form used in rules, JSON and tables: `mon` … `sun`.
pub fn weekday_short(weekday: Weekday) -> &'static str {
    WEEKDAYS[weekday.num_days_from_monday() as usize].1
}

/// The date in one of the platform's day labels, such as "Lunes, 23 de Noviembre de 2026"; also ISO. A label without
/// a year names no date. A weekday that contradicts the date is not heeded.
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

fn days_ahead(number: &str, today: NaiveDate) -> Option<NaiveDate> {
    let ahead = ascii_number(number).filter(|&n| n <= MOST_DAYS_AHEAD)?;
    today.checked_add_days(Days::new(ahead))
}

fn ascii_number(s: &str) -> Option<u64> {
    s.bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| s.parse().ok())?
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
    let digits = iso_digits(word)?;
    let (year, rest) = digits.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
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

/// The one month among the tokens. "mar" is a weekday too, and yields to another month's name.
fn month(tokens: &[&str]) -> Option<u32> {
    let months = |tokens: &mut dyn Iterator<Item = &&str>| -> Vec<u32> {
        let mut found: Vec<u32> = tokens
            .filter_map(|token| (1..).zip(MONTHS).find(|(_, names)| names.contains(token)))
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
