//! The texts of the platform for users, in Spanish, Catalan and English (protocol.md §5 and §6).

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::opening::Notice;

/// The language of an account, which texts and day labels follow.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Language {
    #[default]
    Es,
    Ca,
    En,
}

/// A text that depends on the language only.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    WrongCredentials,
    Locked,
    SameHour,
    Full,
    NoCredit,
    PaymentPending,
    TooLate,
    Limit,
    Contracted,
    Unavailable,
}

impl Language {
    fn pick(self, es: &'static str, ca: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Es => es,
            Self::Ca => ca,
            Self::En => en,
        }
    }

    pub(crate) fn text(self, text: Text) -> &'static str {
        let (es, ca, en) = match text {
            Text::WrongCredentials => (
                "Correo electrónico y/o contraseña incorrecto",
                "Correo electrónico y/o contraseña incorrecto",
                "Wrong email and/or password",
            ),
            // only "demasiadas veces" was seen, in Spanish
            Text::Locked => return "Has intentado entrar demasiadas veces. Prueba más tarde.",
            Text::SameHour => (
                "No puedes hacer más de una reserva a la misma hora",
                "No pots fer més d'una reserva a la mateixa hora",
                "You can't make more than one booking at the same time",
            ),
            Text::Full => (
                "La clase está completa",
                "La classe és plena",
                "The class is full",
            ),
            Text::NoCredit => (
                "No tienes clases disponibles o tu tarifa no incluye esta clase",
                "No tens classes disponibles o la teva tarifa no inclou aquesta classe",
                "You have no classes left or your membership does not include this class",
            ),
            Text::PaymentPending => (
                "Tienes un pago pendiente",
                "Tens un pagament pendent",
                "You have a pending payment",
            ),
            Text::TooLate => (
                "Ya no puedes reservar esta clase",
                "Ja no pots reservar aquesta classe",
                "It is too late to book this class",
            ),
            Text::Limit => (
                "Has llegado al límite de clases",
                "Has arribat al límit de classes",
                "You have reached the limit of classes",
            ),
            Text::Contracted => (
                "Has superado el límite de clases contratadas",
                "Has superat el límit de classes contractades",
                "You have exceeded the contracted limit of classes",
            ),
            Text::Unavailable => (
                "Clase no disponible",
                "Classe no disponible",
                "Class not available",
            ),
        };
        self.pick(es, ca, en)
    }

    /// The key and text of "too early"; the apostrophe of Catalan is the typographic one half of the time.
    pub(crate) fn too_early(self, notice: Notice) -> (&'static str, String) {
        let (key, n, unit) = match notice {
            Notice::Days(n) => (
                "ERROR_ANTELACION_CLIENTE",
                n,
                self.pick("días", "dies", "days"),
            ),
            Notice::Hours(n) => (
                "ERROR_ANTELACION_CLIENTE_HORAS",
                n,
                self.pick("horas", "hores", "hours"),
            ),
        };
        let apostrophe = if n % 2 == 0 { '\'' } else { '\u{2019}' };
        let text = match self {
            Self::Es => format!("No puedes reservar clases con más de {n} {unit} de antelación"),
            Self::Ca => {
                format!("No pots reservar classes amb més de {n} {unit} d{apostrophe}antelació")
            }
            Self::En if n % 2 == 0 => {
                format!("You can't book classes with more than {n} {unit} of anticipation")
            }
            Self::En => format!("You can't book classes with more than {n} {unit} in advance"),
        };
        (key, text)
    }

    /// `23 de Noviembre de 2026`
    pub(crate) fn day(self, date: NaiveDate) -> String {
        let month = usize::try_from(date.month0()).unwrap_or(0);
        let (day, year) = (date.day(), date.year());
        match self {
            Self::Es => format!("{day} de {} de {year}", MONTHS_ES[month]),
            Self::Ca => {
                let name = MONTHS_CA[month];
                let of = if name.starts_with(['A', 'O']) {
                    "d'"
                } else {
                    "de "
                };
                format!("{day} {of}{name} de {year}")
            }
            Self::En => format!("{day} {} {year}", MONTHS_EN[month]),
        }
    }

    /// `Lunes, 23 de Noviembre de 2026`
    pub(crate) fn weekday_and_day(self, date: NaiveDate) -> String {
        let index = usize::try_from(date.weekday().num_days_from_monday()).unwrap_or(0);
        let names = match self {
            Self::Es => [
                "Lunes",
                "Martes",
                "Miércoles",
                "Jueves",
                "Viernes",
                "Sábado",
                "Domingo",
            ],
            Self::Ca => [
                "Dilluns",
                "Dimarts",
                "Dimecres",
                "Dijous",
                "Divendres",
                "Dissabte",
                "Diumenge",
            ],
            Self::En => [
                "Monday",
                "Tuesday",
                "Wednesday",
                "Thursday",
                "Friday",
                "Saturday",
                "Sunday",
            ],
        };
        format!("{}, {}", names[index], self.day(date))
    }
}

const MONTHS_ES: [&str; 12] = [
    "Enero",
    "Febrero",
    "Marzo",
    "Abril",
    "Mayo",
    "Junio",
    "Julio",
    "Agosto",
    "Septiembre",
    "Octubre",
    "Noviembre",
    "Diciembre",
];
const MONTHS_CA: [&str; 12] = [
    "Gener", "Febrer", "Març", "Abril", "Maig", "Juny", "Juliol", "Agost", "Setembre", "Octubre",
    "Novembre", "Desembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
