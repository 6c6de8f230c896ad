//! What refusals reveal about the opening.

use super::rule;
use crate::model::opening::{Opening, is_too_early_text, learn};

/// The key of a refusal, the rule that it teaches, and its text. `-` is none.
const REFUSALS: &str = "
-                              | 4d?   | No puedes reservar clases con más de 4 días de antelación
-                              | 4d?   | NO PUEDES RESERVAR CLASES CON MAS DE 4 DIAS DE ANTELACION
-                              | 4d?   | No pots reservar classes amb més de 4 dies d'antelació
-                              | 4d?   | No pots reservar classes amb més de 4 dies d’antelació
-                              | 4d?   | No pots reservar classes amb més de 4 dies d´antelació
-                              | 4d?   | No pots reservar classes amb m&eacute;s de <b>4</b> dies d&#39;antelaci&oacute;
-                              | 4d?   | You can't book classes with more than 4 days of anticipation
-                              | 1d?   | You can’t book classes more than 1 day in advance
-                              | 7d?   | You can't book more than 7 days en advance
-                              | 1d?   | No puedes reservar clases con más de 1 día de anticipación
-                              | 0d?   | No puedes reservar con más de 0 días de antelación
-                              | 366d? | No puedes reservar con más de 366 días de antelación
-                              | -     | No puedes reservar con más de 367 días de antelación
-                              | -     | No puedes reservar con más de 99999999999 días de antelación
-                              | 46h   | No puedes reservar clases con más de 46 horas de antelación
-                              | 48h   | No pots reservar amb més de 48 hores d'antelació
-                              | 1h    | You can't book more than 1 hour in advance
-                              | 72h   | No puedes reservar con más de 72h de antelación
-                              | -     | más de 0 horas de antelación
-                              | -     | más de 8785 horas de antelación
# a number is whole, or it is none
-                              | -     | más de 1,5 horas de antelación
-                              | -     | más de 1.500 horas de antelación
-                              | -     | más de -4 días de antelación
-                              | -     | entre 3-4 días de antelación
-                              | -     | más de cuatro días de antelación
-                              | -     | más de 4 de antelación
-                              | -     | más de 4 semanas de antelación
# several different ones are none
-                              | -     | más de 4 días y 12 horas de antelación
-                              | 4d?   | más de 4 días (4 días) de antelación
-                              | 4d?   | La clase 3 no se reserva con más de 4 días de antelación
# the other end of the window, and other refusals
-                              | -     | Debes reservar con al menos 2 horas de antelación
-                              | -     | Antelación mínima: 2 horas
-                              | -     | You must book at least 2 hours in advance
-                              | -     | Para cancelar, 2 horas de antelación
-                              | -     | Tienes un bono de 4 días
-                              | -     |
# keys
ERROR_ANTELACION_CLIENTE       | 4d?   | No puedes reservar clases con más de 4 días de antelación
ERROR_ANTELACION_CLIENTE       | 4d?   | 4 dias
 error_antelacion_cliente      | 4d?   | 4 dias
ERROR_ANTELACION_CLIENTE       | 46h   | más de 46 horas
ERROR_ANTELACION_CLIENTE       | -     | demasiado pronto
ERROR_ANTELACION_CLIENTE_HORAS | 46h   | No puedes reservar clases con más de 46 horas de antelación
ERROR_ANTELACION_CLIENTE_HORAS | -     | más de 4 días
                               | 4d?   | No puedes reservar clases con más de 4 días de antelación
NOPUEDESRESERVAMISMAHORA       | -     | más de 4 días de antelación
";

#[test]
fn refusals_teach() {
    for row in REFUSALS.lines().filter(|row| row.contains('|')) {
        let cells: Vec<&str> = row.split('|').collect();
        let [key, expected, text] = cells[..] else {
            panic!("{row}");
        };
        let key = Some(key).filter(|key| key.trim() != "-");
        let learned = learn(key, Some(text.trim()));
        let learned = learned.map_or("-".to_owned(), |opening| opening.to_string());
        assert_eq!(learned, expected.trim(), "{row}");
    }
    assert_eq!(learn(Some("ERROR_ANTELACION_CLIENTE"), None), None);
    assert_eq!(
        learn(Some(""), Some("más de 4 días de antelación")),
        Some(Opening::learned(rule("4d")))
    );
}

#[test]
fn texts_that_say_too_early() {
    for text in [
        "No puedes reservar clases con más de 4 días de antelación",
        "No pots reservar classes amb més de 4 dies d’antelació",
        "You can't book classes with more than 4 days of anticipation",
        "… más de 46 horas de antelación",
        "No puedes reservar con tanta antelación",
        "Solo puedes reservar con 4 días de antelación",
    ] {
        assert!(is_too_early_text(text), "{text:?}");
    }
    for text in [
        "Debes reservar con al menos 2 horas de antelación",
        "No puedes cancelar con más de 2 días de antelación",
        "No puedes hacer más de una reserva a la misma hora",
        "Has superado el límite de 4 días",
        "",
    ] {
        assert!(!is_too_early_text(text), "{text:?}");
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
