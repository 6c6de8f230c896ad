//! Tables and properties of days and labels.

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
        ("L", "2026-11-23"),
        ("m", "2026-11-24"),
        ("X", "2026-11-25"),
        ("J", "2026-11-26"),
        ("V", "2026-11-27"),
        ("S", "2026-11-28"),
        ("D", "2026-11-29"),
        ("23/11", "2026-11-23"),
        ("22/11", "2027-11-22"),
        ("1/2", "2027-02-01"),
        ("01/12", "2026-12-01"),
        ("29/2", "2028-02-29"),
    ] {
        assert_eq!(parse_day(input, today), Ok(date(expected)), "{input:?}");
    }
}

#[test]
fn no_days() {
    for (input, wrong) in [
        ("", "\"\" is not a valid day"),
        ("someday", "\"someday\" is not a valid day"),
        ("3", "\"3\" is not a valid day"),
        ("-1", "\"-1\" is not a valid day"),
        ("2026-1-5", "\"2026-1-5\" is not a valid day"),
        ("2026/11/23", "is not a valid day"),
        ("23-11-2026", "is not a valid day"),
        ("١٢٣٤٥٦٧٨", "is not a valid day"),
        ("a\nb\u{1b}[31m", "\"a\\nb\\u{1b}[31m\" is not a valid day"),
        ("+", "\"+\" is not a number of days from 0 to 3660"),
        ("+-1", "is not a number of days"),
        ("++1", "is not a number of days"),
        ("+3661", "is not a number of days"),
        ("+99999999999999999999999", "is not a number of days"),
        ("2027-02-29", "\"2027-02-29\" is not in the calendar"),
        ("20261301", "is not in the calendar"),
        ("30/2", "is not in the calendar"),
        ("0/1", "is not in the calendar"),
        ("1/13", "is not in the calendar"),
        ("99999999999/1", "is not in the calendar"),
        ("/", "is not a valid day"),
        ("1/", "is not a valid day"),
        ("1/2/3", "is not a valid day"),
        ("+1/2", "is not a number of days"),
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
