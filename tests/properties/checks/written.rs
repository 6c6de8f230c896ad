//! Values that people write, and the platform's labels of days: a value that is shown and read again is the same.

use aimharder::model::day::{parse_day, parse_label, parse_weekday, weekday_short};
use aimharder::model::opening::{Opening, Rule};
use aimharder::model::prebooking::Choice;
use aimharder::model::time::{parse_duration, parse_span, parse_time, parse_time_with_seconds};
use aimharder::model::weekly::{parse_weekdays, weekday_names};
use aimharder::model::zone::{parse_zone, resolve};
use chrono::{Datelike, Days, NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;

use super::one_line;

const ZONES: [Tz; 6] = [
    Tz::Europe__Madrid,
    Tz::Atlantic__Canary,
    Tz::America__New_York,
    Tz::Pacific__Apia,
    Tz::Australia__Lord_Howe,
    Tz::UTC,
];

/// The value; an error must be a line that can be shown.
fn read<T>(result: Result<T, String>) -> Option<T> {
    result.map_err(|why| one_line(&why)).ok()
}

pub fn days(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let today = NaiveDate::from_ymd_opt(2026, 11, 21).expect("a day");
    if let Some(day) = read(parse_day(&text, today)) {
        within_years(day);
        for form in ["%Y-%m-%d", "%Y%m%d"] {
            assert_eq!(parse_day(&day.format(form).to_string(), today), Ok(day));
        }
        let ahead = (day - today).num_days();
        if ahead >= 0 && !text.contains(|c: char| c.is_ascii_digit()) {
            assert!(ahead < 7, "a name means a day within a week");
        }
    }
    if let Some(day) = parse_label(&text) {
        within_years(day);
        assert_eq!(parse_label(&day.to_string()), Some(day));
        let label = day.format("%A, %d de %B de %Y").to_string();
        assert_eq!(parse_label(&label), Some(day), "{label}");
    }
    if let Some(weekday) = parse_weekday(&text) {
        assert_eq!(parse_weekday(weekday_short(weekday)), Some(weekday));
    }
    if let Some(days) = read(parse_weekdays(&text)) {
        assert_eq!(parse_weekdays(&weekday_names(days).join(",")), Ok(days));
    }
}

pub fn within_years(day: NaiveDate) {
    assert!((2000..=2100).contains(&day.year()), "{day}");
}

pub fn times(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Some(time) = read(parse_time(&text)) {
        let shown = time.format("%H:%M").to_string();
        assert_eq!(parse_time(&shown), Ok(time));
        assert_eq!(parse_time_with_seconds(&shown), Ok(time));
        assert_eq!(parse_span(&shown), Some((time, None)));
    }
    if let Some(time) = read(parse_time_with_seconds(&text)) {
        assert_eq!(parse_time_with_seconds(&time.to_string()), Ok(time));
    }
    if let Some((start, end)) = parse_span(&text) {
        let end_of = |end: NaiveTime| format!(" - {end}");
        let shown = format!("{start}{}", end.map(end_of).unwrap_or_default());
        assert_eq!(parse_span(&shown), Some((start, end)));
    }
    if let Some(duration) = read(parse_duration(&text)) {
        let millis = duration.as_millis();
        assert!(millis <= 3660 * 86_400_000);
        assert_eq!(parse_duration(&format!("{millis}ms")), Ok(duration));
    }
    if let Some(zone) = read(parse_zone(&text)) {
        assert_eq!(parse_zone(zone.name()), Ok(zone));
    }
    if let Some(choice) = read(text.parse::<Choice>()) {
        assert_eq!(choice.to_string().parse(), Ok(choice));
    }
}

/// A rule, and optionally a day and a time of a class, on a line each.
pub fn rules(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let rule = lines.next().unwrap_or_default();
    let today = NaiveDate::from_ymd_opt(2026, 3, 29).expect("a day");
    let day = lines.next().and_then(|day| parse_day(day, today).ok());
    let start = lines.next().and_then(|time| parse_time(time).ok());
    let (day, start) = (day.unwrap_or(today), start.unwrap_or_default());

    let learned = Opening::from_learned_text(rule).ok();
    learned.into_iter().for_each(super::words::comes_back);
    if let Some(learned) = learned {
        tries(learned, day, start);
    }
    if let Some(rule) = read(rule.parse::<Rule>()) {
        assert_eq!(rule.to_string().parse(), Ok(rule));
        ZONES
            .into_iter()
            .for_each(|zone| opens(rule, day, start, zone));
    }
}

/// An opening is before its class by the time in the rule.
fn opens(rule: Rule, day: NaiveDate, start: NaiveTime, zone: Tz) {
    let opens = rule.opens_at(day, start, zone);
    let starts = resolve(zone, day.and_time(start));
    let wall = opens.naive_local();
    match rule {
        Rule::Hours(hours) => assert_eq!(starts - opens, TimeDelta::hours(hours.into())),
        Rule::Days { days, at } => {
            let printed = (day - Days::new(days.into())).and_time(at.unwrap_or(start));
            // a wall time that does not exist moves forward, at most over the gap
            assert!(
                wall >= printed && wall - printed <= TimeDelta::hours(25),
                "{rule} {zone} {day} {start}"
            );
        }
        Rule::Weekly { day: weekday, at } => {
            assert!(wall.date() < day + Days::new(1) && day - wall.date() <= TimeDelta::days(7));
            assert!(
                opens < starts || zone == Tz::Pacific__Apia,
                "{rule} {zone} {day} {start}"
            );
            let moved = wall != wall.date().and_time(at);
            assert!(moved || wall.date().weekday() == weekday);
        }
    }
}

/// The attempts of a guess go forward and begin no later than the guess itself.
fn tries(opening: Opening, day: NaiveDate, start: NaiveTime) {
    for zone in ZONES {
        let first = opening.first_try(day, start, zone);
        assert!(first <= opening.opens_at(day, start, zone));
        let mut now = first.to_utc() - TimeDelta::milliseconds(1);
        for _ in 0..4 {
            let Some(next) = opening.next_half_hour_try(now, day, start, zone) else {
                break;
            };
            assert!(next > now && next >= first);
            now = next.to_utc();
        }
    }
}
