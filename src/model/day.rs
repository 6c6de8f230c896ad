//! Days as people write them and as the platform labels them (cli.md "Days", protocol.md §5), in English, Spanish
//! and Catalan. `today` is an argument.

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::text::{clean, fold, quote};

const FORMS: &str = "for example today, fri, +3 or 2026-11-23";
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;
const MOST_DAYS_AHEAD: u64 = 3660;

/// Folded names and usual short forms, Monday first.
const WEEKDAYS: [(Weekday, &str, &[&str]); 7] = [
    (
        Weekday::Mon,
        "mon",
        &["mon", "mo", "monday", "lunes", "lun", "lu", "dilluns", "dl"],
    ),
    (
        Weekday::Tue,
        "tue",
        &[
            "tue", "tu", "tues", "tuesday", "martes", "mar", "ma", "dimarts", "dt",
        ],
    ),
    (
        Weekday::Wed,
        "wed",
        &[
            "wed",
            "we",
            "weds",
            "wednesday",
            "miercoles",
            "mie",
            "mi",
            "dimecres",
            "dc",
        ],
    ),
    (
        Weekday::Thu,
        "thu",
        &[
            "thu", "th", "thur", "thurs", "thursday", "jueves", "jue", "ju", "dijous", "dj",
        ],
    ),
    (
        Weekday::Fri,
        "fri",
        &[
            "fri",
            "fr",
            "friday",
            "viernes",
            "vie",
            "vi",
            "divendres",
            "dv",
        ],
    ),
    (
        Weekday::Sat,
        "sat",
        &["sat", "sa", "saturday", "sabado", "sab", "dissabte", "ds"],
    ),
    (
        Weekday::Sun,
        "sun",
        &[
            "sun", "su", "sunday", "domingo", "dom", "do", "diumenge", "dg",
        ],
    ),
];

/// Folded names and short forms, January first.
const MONTHS: [&[&str]; 12] = [
    &["january", "jan", "enero", "ene", "gener", "gen"],
    &["february", "feb", "febrero", "febrer"],
    &["march", "mar", "marzo", "marc"],
    &["april", "apr", "abril", "abr"],
    &["may", "mayo", "maig"],
    &["june", "jun", "junio", "juny"],
    &["july", "jul", "julio", "juliol"],
    &["august", "aug", "agosto", "ago", "agost", "ag"],
    &[
        "september",
        "sep",
        "sept",
        "septiembre",
        "setiembre",
        "set",
        "setembre",
    ],
    &["october", "oct", "octubre"],
    &["november", "nov", "noviembre", "novembre"],
    &["december", "dec", "diciembre", "dic", "desembre", "des"],
];

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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(s: &str) -> NaiveDate {
        s.parse().unwrap()
    }

    #[test]
    fn days_people_write() {
        // a Monday
        let today = date("2026-11-23");
        for (input, expected) in [
            ("today", "2026-11-23"),
            (" HOY ", "2026-11-23"),
            ("avui", "2026-11-23"),
            ("tomorrow", "2026-11-24"),
            ("mañana", "2026-11-24"),
            ("man\u{303}ana", "2026-11-24"),
            ("manana", "2026-11-24"),
            ("demà", "2026-11-24"),
            ("DEMA", "2026-11-24"),
            ("mon", "2026-11-23"),
            ("Lunes", "2026-11-23"),
            ("dl.", "2026-11-23"),
            ("martes", "2026-11-24"),
            ("mar", "2026-11-24"),
            ("dimecres", "2026-11-25"),
            ("Miércoles", "2026-11-25"),
            ("mié", "2026-11-25"),
            ("thurs", "2026-11-26"),
            ("dv", "2026-11-27"),
            ("SÁBADO", "2026-11-28"),
            ("dissabte", "2026-11-28"),
            ("sun", "2026-11-29"),
            ("+0", "2026-11-23"),
            ("+3", "2026-11-26"),
            ("+3660", "2036-11-30"),
            ("2026-11-23", "2026-11-23"),
            ("20261123", "2026-11-23"),
            ("2028-02-29", "2028-02-29"),
            ("2000-01-01", "2000-01-01"),
            ("21001231", "2100-12-31"),
        ] {
            assert_eq!(parse_day(input, today), Ok(date(expected)), "{input:?}");
        }
    }

    #[test]
    fn no_days() {
        for (input, wrong) in [
            ("", "\"\" is no day"),
            ("someday", "\"someday\" is no day"),
            ("3", "\"3\" is no day"),
            ("-1", "\"-1\" is no day"),
            ("2026-1-5", "\"2026-1-5\" is no day"),
            ("2026/11/23", "is no day"),
            ("23-11-2026", "is no day"),
            ("١٢٣٤٥٦٧٨", "is no day"),
            ("a\nb\u{1b}[31m", "\"a\\nb\\u{1b}[31m\" is no day"),
            ("+", "\"+\" is no number of days from 0 to 3660"),
            ("+-1", "is no number of days"),
            ("++1", "is no number of days"),
            ("+3661", "is no number of days"),
            ("+99999999999999999999999", "is no number of days"),
            ("2027-02-29", "\"2027-02-29\" is not in the calendar"),
            ("20261301", "is not in the calendar"),
            (
                "1999-12-31",
                "\"1999-12-31\" is outside the years 2000 to 2100",
            ),
            ("21010101", "is outside the years"),
        ] {
            let error = parse_day(input, date("2026-11-23")).unwrap_err();
            assert!(error.contains(wrong), "{input:?}: {error}");
            assert!(error.ends_with(FORMS), "{input:?}: {error}");
        }
        assert!(parse_day("+3660", date("2099-01-01")).is_err());
        assert!(parse_day("tomorrow", NaiveDate::MAX).is_err());
    }

    #[test]
    fn labels() {
        for (label, expected) in [
            ("Lunes, 23 de Noviembre de 2026", "2026-11-23"),
            ("Dilluns, 23 de Novembre de 2026", "2026-11-23"),
            ("Monday, 23 November 2026", "2026-11-23"),
            ("Monday, November 23, 2026", "2026-11-23"),
            ("Monday, November 23rd, 2026", "2026-11-23"),
            ("23 de Noviembre de 2026", "2026-11-23"),
            ("1 d'abril de 2026", "2026-04-01"),
            ("Dimecres, 1 d’abril de 2026", "2026-04-01"),
            ("Divendres, 1r de maig de 2026", "2026-05-01"),
            ("1º de mayo de 2026", "2026-05-01"),
            ("31 de MARÇ de 2026", "2026-03-31"),
            ("mar. 24 nov. 2026", "2026-11-24"),
            ("mar 24 mar 2026", "2026-03-24"),
            ("24 mar 2026", "2026-03-24"),
            (
                "S&aacute;bado,&nbsp;28 de <b>noviembre</b> de 2026",
                "2026-11-28",
            ),
            ("29 de febrero de 2028", "2028-02-29"),
            ("2026-11-23", "2026-11-23"),
            (" 20261123 ", "2026-11-23"),
        ] {
            assert_eq!(parse_label(label), Some(date(expected)), "{label:?}");
        }
        for label in [
            "",
            "Lunes",
            "1r de maig",
            "29 de febrero de 2027",
            "32 de enero de 2026",
            "23 de Foo de 2026",
            "23 24 de mayo de 2026",
            "23 de mayo de junio de 2026",
            "23 de mayo de 2026 2027",
            "23 de mayo de 26",
            "23 de mayo de 1026",
            "1e9 de mayo de 2026",
            "2026-02-30",
        ] {
            assert_eq!(parse_label(label), None, "{label:?}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(input in "(?s).{0,40}|\\+?[0-9-]{0,12}", offset in 0u64..40_000) {
            let today = date("2000-01-01").checked_add_days(Days::new(offset)).unwrap();
            let _ = parse_day(&input, today);
            let _ = parse_label(&input);
        }

        #[test]
        fn dates_and_weekdays_come_back(offset in 0u64..36_800, ahead in 0u64..7) {
            let today = date("2000-01-01").checked_add_days(Days::new(offset)).unwrap();
            let day = today.checked_add_days(Days::new(ahead)).unwrap();
            prop_assert_eq!(parse_day(&day.to_string(), today), Ok(day));
            prop_assert_eq!(parse_day(weekday_short(day.weekday()), today), Ok(day));
            prop_assert_eq!(parse_label(&day.format("%A, %-d %B %Y").to_string()), Some(day));
        }
    }
}
