//! Answers of `/api/book` (protocol.md §6) as a table, and that nothing but state 1 ever reads as booked.

use super::*;
use crate::platform::test_server::answered;

fn verdict_of(body: &str) -> Verdict {
    read(&answered(body))
        .unwrap_or_else(|e| panic!("{e}: {body}"))
        .verdict
}

#[test]
fn successes_and_doubts() {
    use Verdict::{Booked, Unproven};
    let table = [
        (
            r#"{"clasesContratadas":"10","hasPublicMemberships":0,"bookState":1,"id":"55501"}"#,
            Booked,
            Some("55501"),
        ),
        (r#"{"bookState":"1","id":55501}"#, Booked, Some("55501")),
        (
            r#"{"bookState":1,"errorMssg":"","error":null}"#,
            Booked,
            None,
        ),
        (r#"{"bookState":0,"id":55501}"#, Unproven, Some("55501")),
        (r#"{"bookState":"0"}"#, Unproven, None),
        ("{}", Unproven, None),
        (r#"{"id":"55501"}"#, Unproven, Some("55501")),
        (r#"{"bookState":null}"#, Unproven, None),
        (r#"{"bookState":"?"}"#, Unproven, None),
        (r#"{"bookState":2,"id":1}"#, Unproven, Some("1")),
        (
            r#"{"bookState":1,"id":5,"errorMssg":"No puedes"}"#,
            Unproven,
            Some("5"),
        ),
        (
            r#"{"bookState":1,"errorMssgLang":"NOPUEDESRESERVAMISMAHORA"}"#,
            Unproven,
            None,
        ),
        (r#"{"bookState":1,"error":true}"#, Unproven, None),
        (r#"{"error":{"code":7}}"#, Unproven, None),
        (r#"{"error":{"code":7,"message":"No"}}"#, Unproven, None),
    ];
    for (body, verdict, reservation) in table {
        let read = read(&answered(body)).unwrap();
        assert_eq!(
            (read.verdict, read.reservation.as_deref()),
            (verdict, reservation),
            "{body}"
        );
    }
}

#[test]
fn a_refusal_says_what_is_covered_and_how_many_are_allowed() {
    for (body, shown) in [
        (
            r#"{"bookState":-2,"clasesContratadas":"WOD, OPEN BOX"}"#,
            "no-credit (bookState -2): the membership covers WOD, OPEN BOX",
        ),
        (
            r#"{"bookState":-2,"errorMssg":"Sin bono","clasesContratadas":"10"}"#,
            "no-credit (bookState -2): Sin bono",
        ),
        (
            r#"{"bookState":-8,"max":2}"#,
            "limit-reached (bookState -8): at most 2 bookings of this class a day",
        ),
        (
            r#"{"bookState":-4,"errorMssg":"4"}"#,
            "too-early (bookState -4): at most 4 days ahead",
        ),
        (
            r#"{"bookState":-7,"errorMssg":15}"#,
            "too-late (bookState -7): less than 15 minutes before the class",
        ),
        (
            r#"{"bookState":-1,"clasesContratadas":"WOD","max":2}"#,
            "full (bookState -1)",
        ),
        ("{}", "unproven (no bookState)"),
    ] {
        assert_eq!(read(&answered(body)).unwrap().to_string(), shown);
    }
}

#[test]
fn every_refusal_of_the_table() {
    use Verdict::{
        Full, LimitReached, NoCredit, PaymentPending, Refused, SameHour, TooEarly, TooLate,
    };
    let stated = |rule: &str| TooEarly(Some(Opening::learned(rule.parse().unwrap())));
    let (days, hours) = (|| stated("4d"), || stated("46h"));
    let table = [
        (r#"{"bookState":-1}"#, Full),
        (r#"{"bookState":"-1","errorMssg":"Clase completa"}"#, Full),
        (r#"{"bookState":-2}"#, NoCredit),
        (r#"{"bookState":-4}"#, TooEarly(None)),
        (r#"{"bookState":-4,"errorMssg":"4"}"#, days()),
        (r#"{"bookState":-4,"message":4}"#, days()),
        (r#"{"bookState":-4,"errorMssg":0}"#, TooEarly(None)),
        (r#"{"bookState":-4,"errorMsg":true}"#, TooEarly(None)),
        (
            r#"{"bookState":-4,"errorMssgLang":false,"errorMssg":"4"}"#,
            days(),
        ),
        (r#"{"bookState":-4,"errorMssg":9999}"#, TooEarly(None)),
        (r#"{"bookState":-5}"#, PaymentPending),
        (r#"{"bookState":-7}"#, TooLate),
        (r#"{"bookState":-8,"max":2}"#, LimitReached),
        (r#"{"bookState":-9}"#, LimitReached),
        (
            r#"{"bookState":-12,"errorMssgLang":"HASSUPERADOLIMITCONTR"}"#,
            LimitReached,
        ),
        (
            r#"{"bookState":-12,"errorMssgLang":"NOPUEDESRESERVAMISMAHORA"}"#,
            SameHour,
        ),
        (
            r#"{"bookState":-12,"errorMssg":"No puedes hacer más de una reserva a la misma hora"}"#,
            SameHour,
        ),
        (
            r#"{"bookState":-12,"errorMssg":"Ya tienes una reserva a esa hora"}"#,
            SameHour,
        ),
        (
            r#"{"bookState":-12,"errorMssgLang":"ERROR_ANTELACION_CLIENTE","errorMssg":"No puedes reservar clases con más de 4 días de antelación"}"#,
            days(),
        ),
        (
            r#"{"bookState":-12,"errorMssg":"No puedes reservar clases con más de 4 días de antelación"}"#,
            days(),
        ),
        (
            r#"{"bookState":-12,"errorMssg":"No pots reservar classes amb més de 4 dies d’antelació"}"#,
            days(),
        ),
        (
            r#"{"bookState":-12,"errorMssg":"You can't book classes with more than 4 days of anticipation"}"#,
            days(),
        ),
        (
            r#"{"bookState":"-12","message":"You can't book classes with more than 4 days in advance"}"#,
            days(),
        ),
        (
            r#"{"bookState":-12,"errorMssgLang":"ERROR_ANTELACION_CLIENTE_HORAS","errorMssg":"No puedes reservar clases con más de 46 horas de antelación"}"#,
            hours(),
        ),
        (
            r#"{"bookState":-12,"errorMssgLang":"ERROR_ANTELACION_CLIENTE"}"#,
            TooEarly(None),
        ),
        (
            r#"{"error":{"code":1,"message":"ERROR_ANTELACION_CLIENTE"}}"#,
            TooEarly(None),
        ),
        (r#"{"errorMsg":"NOPUEDESRESERVAMISMAHORA"}"#, SameHour),
        (
            r#"{"error":"HASSUPERADOLIMITCONTR","bookState":-12}"#,
            LimitReached,
        ),
        // the key before the state, the state before the text
        (
            r#"{"bookState":-1,"errorMssgLang":"ERROR_ANTELACION_CLIENTE"}"#,
            TooEarly(None),
        ),
        (
            r#"{"bookState":-2,"errorMssg":"más de 4 días de antelación"}"#,
            NoCredit,
        ),
        (
            r#"{"bookState":-12,"errorMssgLang":"SOMETHING_NEW","errorMssg":"Ya tienes una reserva a esa hora"}"#,
            SameHour,
        ),
        (r#"{"bookState":-12}"#, Verdict::Unexplained),
        (r#"{"bookState":-12,"errorMssg":"Hoy no"}"#, Refused),
        (r#"{"bookState":-99,"errorMssg":"Hoy no"}"#, Refused),
        (r#"{"errorMssg":"Hoy no"}"#, Refused),
        (r#"{"bookState":-12,"error":{"message":"Hoy no"}}"#, Refused),
    ];
    for (body, verdict) in table {
        assert_eq!(verdict_of(body), verdict, "{body}");
    }
}

#[test]
fn a_refusal_passes_words_or_key_on_and_no_reservation() {
    let words = r#""errorMssg":"<p>Hoy &amp; ma&ntilde;ana no</p>\u001b[2J""#;
    for (words, message) in [
        (words, "Hoy & mañana no"),
        (r#""errorMssg":"""#, "NUEVO_ERROR"),
    ] {
        let body = format!(r#"{{"bookState":-12,"id":77,"errorMssgLang":"NUEVO_ERROR",{words}}}"#);
        let read = read(&answered(&body)).unwrap();
        assert_eq!((read.state, read.reservation), (Some(-12), None));
        assert_eq!(read.message.as_deref(), Some(message));
    }
}
