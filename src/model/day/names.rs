//! Names and usual short forms of weekdays and months, folded, in English, Spanish and Catalan.

use chrono::Weekday;

/// Folded names and usual short forms, Monday first.
pub(super) const WEEKDAYS: [(Weekday, &str, &[&str]); 7] = [
    (
        Weekday::Mon,
        "mon",
        &[
            "mon", "mo", "monday", "lunes", "l", "lun", "lu", "dilluns", "dl",
        ],
    ),
    (
        Weekday::Tue,
        "tue",
        &[
            "tue", "tu", "tues", "tuesday", "martes", "m", "mar", "ma", "dimarts", "dt",
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
            "x",
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
            "thu", "th", "thur", "thurs", "thursday", "jueves", "j", "jue", "ju", "dijous", "dj",
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
            "v",
            "vie",
            "vi",
            "divendres",
            "dv",
        ],
    ),
    (
        Weekday::Sat,
        "sat",
        &[
            "sat", "sa", "saturday", "sabado", "s", "sab", "dissabte", "ds",
        ],
    ),
    (
        Weekday::Sun,
        "sun",
        &[
            "sun", "su", "sunday", "domingo", "d", "dom", "do", "diumenge", "dg",
        ],
    ),
];

/// Folded names and short forms, January first.
pub(super) const MONTHS: [&[&str]; 12] = [
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
