//! What refusals teach.

use super::rule;
use crate::model::opening::{Opening, is_too_early_text, learn};

#[test]
fn refusals_teach() {
    const KEY: Option<&str> = Some("ERROR_ANTELACION_CLIENTE");
    const HOURS: Option<&str> = Some("ERROR_ANTELACION_CLIENTE_HORAS");
    let days = |n: u16| Some(Opening::learned(rule(&format!("{n}d"))));
    let hours = |n: u16| Some(Opening::learned(rule(&format!("{n}h"))));
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

#[test]
fn only_what_a_refusal_teaches_is_read_back() {
    for stored in [
        "4d",
        "46h?",
        "4d@07:00",
        "4d@07:00?",
        "sun@20:00",
        "sun@20:00?",
        "367d?",
        "0h",
        "4D?",
        "4d??",
        "",
    ] {
        assert!(Opening::from_learned_text(stored).is_err(), "{stored}");
    }
    assert_eq!(
        Opening::from_learned_text("4d?"),
        Ok(Opening::learned(rule("4d")))
    );
}
