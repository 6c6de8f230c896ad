//! Tables and properties of opening rules, guesses and what refusals teach.

use super::*;
use crate::zone::parse_zone;
use proptest::prelude::*;

fn date(s: &str) -> NaiveDate {
    s.parse().unwrap()
}

fn time(s: &str) -> NaiveTime {
    NaiveTime::parse_from_str(s, "%H:%M").unwrap()
}

fn utc(s: &str) -> DateTime<Utc> {
    s.parse().unwrap()
}

#[test]
fn rules_and_their_canonical_form() {
    for (input, canonical) in [
        ("4d", "4d"),
        (" 4D ", "4d"),
        ("04d", "4d"),
        ("0d@00:00", "0d@00:00"),
        ("0d", "0d"),
        ("366d", "366d"),
        ("4d@7:00", "4d@07:00"),
        ("4d @ 07:00:30", "4d@07:00:30"),
        ("4d@07:00:00", "4d@07:00"),
        ("46h", "46h"),
        ("1H", "1h"),
        ("8784h", "8784h"),
        ("SUN@20:00", "sun@20:00"),
        ("domingo@20:00", "sun@20:00"),
        ("dg@20:00:01", "sun@20:00:01"),
    ] {
        let rule: Rule = input.parse().unwrap();
        assert_eq!(rule.to_string(), canonical, "{input:?}");
        assert_eq!(
            serde_json::to_string(&rule).unwrap(),
            format!("\"{canonical}\"")
        );
        assert_eq!(
            serde_json::from_str::<Rule>(&format!("\"{canonical}\"")).unwrap(),
            rule
        );
    }
}

#[test]
fn no_rules() {
    for (input, wrong) in [
        ("", "\"\" is no opening rule"),
        ("soon", "\"soon\" is no opening rule"),
        ("4", "\"4\" has no unit"),
        ("d", "is no opening rule"),
        ("-4d", "is no opening rule"),
        ("+4d", "is no opening rule"),
        ("4.5d", "is no opening rule"),
        ("4 d", "is no opening rule"),
        ("4w", "is no opening rule"),
        ("٤d", "is no opening rule"),
        ("4d?", "\"4d?\" is how a learned rule is shown"),
        ("367d", "has more than 366 days"),
        ("99999999999d", "has more than 366 days"),
        ("0h", "has not 1 to 8784 hours"),
        ("8785h", "has not 1 to 8784 hours"),
        ("46h@07:00", "has hours and a time of day"),
        ("4d@", "has no time of day after the @"),
        ("4d@24:00", "has no time of day after the @"),
        ("4d@07:00@08:00", "has no time of day after the @"),
        ("sun", "\"sun\" needs a time of day"),
        ("@20:00", "is no opening rule"),
        ("xyz@20:00", "is no opening rule"),
    ] {
        let error = input.parse::<Rule>().unwrap_err();
        assert!(error.contains(wrong), "{input:?}: {error}");
        assert!(
            error.ends_with("for example 4d, 4d@07:00, 46h or sun@20:00"),
            "{error}"
        );
        assert!(serde_json::from_value::<Rule>(input.into()).is_err());
    }
}

#[test]
fn opening_instants() {
    for (rule, zone, day, start, expected) in [
        (
            "4d",
            "Europe/Madrid",
            "2026-11-24",
            "18:30",
            "2026-11-20T18:30:00+01:00",
        ),
        // protocol.md §6: the clocks change in between
        (
            "4d",
            "Europe/Madrid",
            "2026-10-28",
            "08:00",
            "2026-10-24T08:00:00+02:00",
        ),
        (
            "4d@07:00",
            "Europe/Madrid",
            "2026-10-28",
            "08:00",
            "2026-10-24T07:00:00+02:00",
        ),
        (
            "4d@07:00:30",
            "Europe/Madrid",
            "2026-11-24",
            "18:30",
            "2026-11-20T07:00:30+01:00",
        ),
        (
            "0d@00:00",
            "Europe/Madrid",
            "2026-11-24",
            "18:30",
            "2026-11-24T00:00:00+01:00",
        ),
        // hours that pass: 96 h are an hour off the wall over each change
        (
            "96h",
            "Europe/Madrid",
            "2026-10-28",
            "08:00",
            "2026-10-24T09:00:00+02:00",
        ),
        (
            "96h",
            "Europe/Madrid",
            "2027-03-30",
            "08:00",
            "2027-03-26T07:00:00+01:00",
        ),
        (
            "46h",
            "Europe/Madrid",
            "2026-11-24",
            "18:30",
            "2026-11-22T20:30:00+01:00",
        ),
        // the night into summer: 02:30 is not there
        (
            "4d@02:30",
            "Europe/Madrid",
            "2027-04-01",
            "18:30",
            "2027-03-28T03:00:00+02:00",
        ),
        (
            "sun@02:30",
            "Europe/Madrid",
            "2027-04-01",
            "18:30",
            "2027-03-28T03:00:00+02:00",
        ),
        // the night into winter: the first 02:30
        (
            "1d@02:30",
            "Europe/Madrid",
            "2026-10-26",
            "18:30",
            "2026-10-25T02:30:00+02:00",
        ),
        // a class in that night itself: it starts at the first 02:30
        (
            "1h",
            "Europe/Madrid",
            "2026-10-25",
            "02:30",
            "2026-10-25T01:30:00+02:00",
        ),
        (
            "1h",
            "Europe/Madrid",
            "2027-03-28",
            "02:30",
            "2027-03-28T01:00:00+01:00",
        ),
        // 29 February
        (
            "1d",
            "Europe/Madrid",
            "2028-03-01",
            "10:00",
            "2028-02-29T10:00:00+01:00",
        ),
        (
            "1d",
            "Europe/Madrid",
            "2027-03-01",
            "10:00",
            "2027-02-28T10:00:00+01:00",
        ),
        (
            "366d",
            "Europe/Madrid",
            "2029-03-01",
            "10:00",
            "2028-02-29T10:00:00+01:00",
        ),
        // whole weeks: the Sunday before, seven days before for a Sunday class
        (
            "sun@20:00",
            "Europe/Madrid",
            "2026-11-23",
            "18:30",
            "2026-11-22T20:00:00+01:00",
        ),
        (
            "sun@20:00",
            "Europe/Madrid",
            "2026-11-28",
            "18:30",
            "2026-11-22T20:00:00+01:00",
        ),
        (
            "sun@20:00",
            "Europe/Madrid",
            "2026-11-29",
            "21:00",
            "2026-11-22T20:00:00+01:00",
        ),
        (
            "mon@00:00",
            "Europe/Madrid",
            "2026-11-29",
            "10:00",
            "2026-11-23T00:00:00+01:00",
        ),
        (
            "4d",
            "America/New_York",
            "2027-03-16",
            "06:00",
            "2027-03-12T06:00:00-05:00",
        ),
        (
            "48h",
            "America/New_York",
            "2026-11-02",
            "06:00",
            "2026-10-31T07:00:00-04:00",
        ),
        (
            "4d",
            "Asia/Tokyo",
            "2026-10-28",
            "08:00",
            "2026-10-24T08:00:00+09:00",
        ),
        (
            "4d",
            "Atlantic/Canary",
            "2026-10-28",
            "08:00",
            "2026-10-24T08:00:00+01:00",
        ),
        (
            "1d@01:30",
            "Atlantic/Canary",
            "2027-03-29",
            "08:00",
            "2027-03-28T02:00:00+01:00",
        ),
        (
            "4d@22:00",
            "America/Caracas",
            "2026-11-24",
            "18:30",
            "2026-11-20T22:00:00-04:00",
        ),
        (
            "72h",
            "Europe/Berlin",
            "2027-03-29",
            "18:30",
            "2027-03-26T17:30:00+01:00",
        ),
    ] {
        let rule: Rule = rule.parse().unwrap();
        let tz = parse_zone(zone).unwrap();
        let instant = rule.opens_at(date(day), time(start), tz);
        assert_eq!(
            instant.to_rfc3339(),
            expected,
            "{rule} {zone} {day} {start}"
        );
    }
    let protocol = "4d".parse::<Rule>().unwrap();
    let instant = protocol.opens_at(date("2026-10-28"), time("08:00"), Tz::Europe__Madrid);
    assert_eq!(instant, utc("2026-10-24T06:00:00Z"));
}

#[test]
fn tries_of_a_guess() {
    let guess = Opening::learned(Learned::Days(4));
    assert_eq!(
        (guess.to_string().as_str(), guess.source),
        ("4d?", Source::Learned)
    );
    for (day, start, now, expected) in [
        (
            "2026-11-24",
            "18:40",
            "2026-11-01T00:00:00Z",
            "2026-11-20T00:00:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-19T22:59:59Z",
            "2026-11-20T00:00:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-19T23:00:00Z",
            "2026-11-20T00:30:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:10:00Z",
            "2026-11-20T18:30:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:30:00Z",
            "2026-11-20T18:40:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:39:59.999Z",
            "2026-11-20T18:40:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-20T17:40:00Z",
            "2026-11-20T19:00:00+01:00",
        ),
        (
            "2026-11-24",
            "18:40",
            "2026-11-22T09:00:00Z",
            "2026-11-22T10:30:00+01:00",
        ),
        // half hours that pass, over the night into summer
        (
            "2027-04-01",
            "18:30",
            "2027-03-28T00:45:00Z",
            "2027-03-28T03:00:00+02:00",
        ),
    ] {
        let next = guess.next_half_hour_try(utc(now), date(day), time(start), Tz::Europe__Madrid);
        assert_eq!(
            next.unwrap().to_rfc3339(),
            expected,
            "{day} {start} at {now}"
        );
    }
    let first = guess.first_try(date("2026-09-10"), time("10:00"), Tz::America__Santiago);
    assert_eq!(
        first.to_rfc3339(),
        "2026-09-06T01:00:00-03:00",
        "a midnight that is not there"
    );
}

#[test]
fn a_rule_is_tried_at_its_opening_only() {
    let opening = Opening::given("4d@07:00".parse().unwrap(), Source::Config);
    let (day, start, tz) = (date("2026-11-24"), time("18:30"), Tz::Europe__Madrid);
    let opens = opening.opens_at(day, start, tz);
    assert_eq!(opens.to_rfc3339(), "2026-11-20T07:00:00+01:00");
    assert_eq!(opening.first_try(day, start, tz), opens);
    let next = |now: &str| opening.next_half_hour_try(utc(now), day, start, tz);
    assert_eq!(next("2026-11-20T05:59:59Z"), Some(opens));
    assert_eq!(next("2026-11-20T06:00:00Z"), None);
    let hours = Opening::learned(Learned::Hours(46));
    assert!(!hours.guess && hours.first_try(day, start, tz) == hours.opens_at(day, start, tz));
}

#[test]
fn the_order_of_sources() {
    let rule = |s: &str| Some(s.parse::<Rule>().unwrap());
    let learned = Some(Learned::Days(4));
    for (option, config, set, expected) in [
        (rule("1d"), rule("2d"), rule("3d"), "1d Option"),
        (None, rule("2d"), rule("3d"), "2d Config"),
        (None, None, rule("3d"), "3d Set"),
        (None, None, None, "4d? Learned"),
    ] {
        let opening = Opening::choose(option, config, set, learned).unwrap();
        assert_eq!(format!("{opening} {:?}", opening.source), expected);
    }
    assert_eq!(Opening::choose(None, None, None, None), None);
    assert_eq!(
        serde_json::to_string(&Source::Learned).unwrap(),
        "\"learned\""
    );
}

#[test]
fn refusals_teach() {
    const KEY: Option<&str> = Some("ERROR_ANTELACION_CLIENTE");
    const HOURS: Option<&str> = Some("ERROR_ANTELACION_CLIENTE_HORAS");
    let days = |n| Some(Learned::Days(n));
    let hours = |n| Some(Learned::Hours(n));
    for (key, text, expected) in [
        (
            None,
            "No puedes reservar clases con más de 4 días de antelación",
            days(4),
        ),
        (
            None,
            "NO PUEDES RESERVAR CLASES CON MAS DE 4 DIAS DE ANTELACION",
            days(4),
        ),
        (
            None,
            "No pots reservar classes amb més de 4 dies d'antelació",
            days(4),
        ),
        (
            None,
            "No pots reservar classes amb més de 4 dies d’antelació",
            days(4),
        ),
        (
            None,
            "No pots reservar classes amb més de 4 dies d´antelació",
            days(4),
        ),
        (
            None,
            "No pots reservar classes amb m&eacute;s de <b>4</b> dies d&#39;antelaci&oacute;",
            days(4),
        ),
        (
            None,
            "You can't book classes with more than 4 days of anticipation",
            days(4),
        ),
        (
            None,
            "You can’t book classes more than 1 day in advance",
            days(1),
        ),
        (None, "You can't book more than 7 days en advance", days(7)),
        (
            None,
            "No puedes reservar clases con más de 1 día de anticipación",
            days(1),
        ),
        (
            None,
            "No puedes reservar con más de 0 días de antelación",
            days(0),
        ),
        (
            None,
            "No puedes reservar con más de 366 días de antelación",
            days(366),
        ),
        (
            None,
            "No puedes reservar con más de 367 días de antelación",
            None,
        ),
        (
            None,
            "No puedes reservar con más de 99999999999 días de antelación",
            None,
        ),
        (
            None,
            "No puedes reservar clases con más de 46 horas de antelación",
            hours(46),
        ),
        (
            None,
            "No pots reservar amb més de 48 hores d'antelació",
            hours(48),
        ),
        (None, "You can't book more than 1 hour in advance", hours(1)),
        (
            None,
            "No puedes reservar con más de 72h de antelación",
            hours(72),
        ),
        (None, "más de 0 horas de antelación", None),
        (None, "más de 8785 horas de antelación", None),
        // a number is whole, or it is none
        (None, "más de 1,5 horas de antelación", None),
        (None, "más de 1.500 horas de antelación", None),
        (None, "más de -4 días de antelación", None),
        (None, "entre 3-4 días de antelación", None),
        (None, "más de cuatro días de antelación", None),
        (None, "más de 4 de antelación", None),
        (None, "más de 4 semanas de antelación", None),
        // several different ones are none
        (None, "más de 4 días y 12 horas de antelación", None),
        (None, "más de 4 días (4 días) de antelación", days(4)),
        (
            None,
            "La clase 3 no se reserva con más de 4 días de antelación",
            days(4),
        ),
        // the other end of the window, and other refusals
        (
            None,
            "Debes reservar con al menos 2 horas de antelación",
            None,
        ),
        (None, "Antelación mínima: 2 horas", None),
        (None, "You must book at least 2 hours in advance", None),
        (None, "Para cancelar, 2 horas de antelación", None),
        (None, "Tienes un bono de 4 días", None),
        (None, "", None),
        // keys
        (
            KEY,
            "No puedes reservar clases con más de 4 días de antelación",
            days(4),
        ),
        (KEY, "4 dias", days(4)),
        (Some(" error_antelacion_cliente "), "4 dias", days(4)),
        (KEY, "más de 46 horas", hours(46)),
        (KEY, "demasiado pronto", None),
        (
            HOURS,
            "No puedes reservar clases con más de 46 horas de antelación",
            hours(46),
        ),
        (HOURS, "más de 4 días", None),
        (
            Some(""),
            "No puedes reservar clases con más de 4 días de antelación",
            days(4),
        ),
        (
            Some("NOPUEDESRESERVAMISMAHORA"),
            "más de 4 días de antelación",
            None,
        ),
    ] {
        assert_eq!(learn(key, Some(text)), expected, "{key:?} {text:?}");
    }
    assert_eq!(learn(KEY, None), None);
}

#[test]
fn texts_that_say_too_early() {
    for (text, expected) in [
        (
            "No puedes reservar clases con más de 4 días de antelación",
            true,
        ),
        (
            "No pots reservar classes amb més de 4 dies d’antelació",
            true,
        ),
        (
            "You can't book classes with more than 4 days of anticipation",
            true,
        ),
        ("… más de 46 horas de antelación", true),
        ("No puedes reservar con tanta antelación", true),
        ("Solo puedes reservar con 4 días de antelación", true),
        ("Debes reservar con al menos 2 horas de antelación", false),
        ("No puedes cancelar con más de 2 días de antelación", false),
        ("No puedes hacer más de una reserva a la misma hora", false),
        ("Has superado el límite de 4 días", false),
        ("", false),
    ] {
        assert_eq!(is_too_early_text(text), expected, "{text:?}");
    }
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let at =
        (0u32..86_400).prop_map(|s| NaiveTime::from_num_seconds_from_midnight_opt(s, 0).unwrap());
    prop_oneof![
        (0u16..=366, proptest::option::of(at.clone()))
            .prop_map(|(days, at)| Rule::Days { days, at }),
        (1u16..=8784).prop_map(Rule::Hours),
        (0u8..7, at).prop_map(|(day, at)| Rule::Weekly {
            day: chrono::Weekday::try_from(day).unwrap(),
            at
        }),
    ]
}

proptest! {
    #[test]
    fn rules_come_back(rule in any_rule()) {
        prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule));
    }

    #[test]
    fn what_was_learned_comes_back(days in 0u16..=366, hours in 1u16..=8784) {
        for learned in [Learned::Days(days), Learned::Hours(hours)] {
            prop_assert_eq!(learned.to_string().parse::<Learned>(), Ok(learned));
        }
        let spanish = format!("No puedes reservar clases con más de {days} días de antelación");
        prop_assert_eq!(learn(None, Some(&spanish)), Some(Learned::Days(days)));
        let english = format!("You can't book more than {hours} hours in advance");
        prop_assert_eq!(learn(None, Some(&english)), Some(Learned::Hours(hours)));
    }

    #[test]
    fn never_panics(text in "(?s).{0,60}|[0-9dh@:? ]{0,12}|(más de |[0-9]{0,6} ?|dias |horas |antelacion|[.,-]){0,8}") {
        let _ = (text.parse::<Rule>(), text.parse::<Learned>(), is_too_early_text(&text));
        let _ = (learn(None, Some(&text)), learn(Some("ERROR_ANTELACION_CLIENTE"), Some(&text)));
    }

    #[test]
    fn tries_go_forward(day in 0u64..36_000, second in 0u32..86_400, ahead in 0i64..20_000_000, days in 0u16..=366) {
        let day = date("2001-06-01") + chrono::Days::new(day);
        let start = NaiveTime::from_num_seconds_from_midnight_opt(second, 0).unwrap();
        let guess = Opening::learned(Learned::Days(days));
        let first = guess.first_try(day, start, Tz::Europe__Madrid);
        prop_assert!(first <= guess.opens_at(day, start, Tz::Europe__Madrid));
        let now = first.to_utc() - TimeDelta::hours(1) + TimeDelta::milliseconds(ahead);
        let next = guess.next_half_hour_try(now, day, start, Tz::Europe__Madrid).unwrap();
        prop_assert!(next > now && (next >= first) && (next - now.with_timezone(&next.timezone()) <= TimeDelta::hours(1)));
    }
}
