//! The key and the text of a refusal (protocol.md §6), from any of `errorMssg`, `errorMsg`, `error` (a text, a key, or an
//! object with a `message`) and `message`; the key also from `errorMssgLang`. An `error` object alone does not say that the
//! request was refused: it may report an outage.

use std::fmt;

use super::lenient::Loose;
use super::redact::Redactor;

/// The refusal in a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The key, such as `ERROR_ANTELACION_CLIENTE`.
    pub(super) key: Option<String>,
    /// The text, cleaned.
    pub(super) message: Option<String>,
    /// The number that some refusals have instead of a text.
    pub(super) number: Option<u32>,
    /// Whether there is any refusal, even only `error: true`.
    pub(super) any: bool,
    /// Whether the key and the text are those of an `error` object.
    pub(super) is_object: bool,
}

impl Refusal {
    pub(super) fn read(data: Loose<'_>, redactor: &Redactor) -> Refusal {
        let fields = ["errorMssgLang", "errorMssg", "errorMsg", "message"];
        let [lang, text, other_text, message] = fields.map(|name| data.get(name));
        let error = data.get("error");
        let in_order = [lang, text, other_text, error.get("message"), error, message];
        let texts = in_order.into_iter().filter_map(Loose::raw);
        let texts: Vec<String> = texts.filter(|t| !is_number(t)).collect();
        let key = texts.iter().find(|t| is_key(t)).map(|t| redactor.mask(t));
        let cleaned = texts
            .iter()
            .filter(|t| !is_key(t))
            .map(|t| redactor.clean(t))
            .find(|t| !t.is_empty());
        let mut outside = [lang, text, other_text, message].into_iter();
        Refusal {
            number: [text, other_text, message].into_iter().find_map(number),
            // a flag or an object is a refusal without a text
            any: key.is_some() || cleaned.is_some() || error.is_error(),
            is_object: error.0.is_object() && outside.all(Loose::is_nothing),
            key,
            message: cleaned,
        }
    }

    /// Whether a key or a text gives the reason.
    pub(super) fn says_why(&self) -> bool {
        self.key.is_some() || self.message.is_some()
    }
}

/// For logs: writes the meaning, the state and the message of a response.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    verdict: &str,
    name: &str,
    state: Option<i64>,
    message: Option<&str>,
) -> fmt::Result {
    match state {
        Some(state) => write!(f, "{verdict} ({name} {state})")?,
        None => write!(f, "{verdict} (no {name})")?,
    }
    message.map_or(Ok(()), |words| write!(f, ": {words}"))
}

/// Whether a text is a key such as `NOPUEDESRESERVAMISMAHORA`. A short one in capitals (`FULL`) may be either and is none.
pub(super) fn is_key(text: &str) -> bool {
    text.len() >= 6
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// A number in the place of a text; a flag or a zero is none.
fn number(text: Loose<'_>) -> Option<u32> {
    text.raw()?.parse().ok().filter(|number| *number > 0)
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_key_has_six_capitals_or_more() {
        for (text, expected) in [("ERROR1", true), ("NO_BONO", true), ("LLENO", false)] {
            assert_eq!(is_key(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_and_words_are_found_wherever_they_are() {
        let table = [
            (json!({}), None, None, false),
            (
                json!({"errorMssg": null, "error": false, "message": ""}),
                None,
                None,
                false,
            ),
            (
                json!({"errorMssg": "<b>No</b> puedes"}),
                None,
                Some("No puedes"),
                true,
            ),
            (json!({"errorMsg": "No"}), None, Some("No"), true),
            (json!({"error": "No"}), None, Some("No"), true),
            (json!({"message": "No"}), None, Some("No"), true),
            (
                json!({"error": {"code": 5, "message": "No"}}),
                None,
                Some("No"),
                true,
            ),
            (json!({"error": {"code": 5}}), None, None, true),
            (json!({"error": 1}), None, None, true),
            (json!({"error": "0"}), None, None, false),
            (
                json!({"errorMssgLang": "HASSUPERADOLIMITCONTR"}),
                Some("HASSUPERADOLIMITCONTR"),
                None,
                true,
            ),
            (
                json!({"error": "ERROR_ANTELACION_CLIENTE", "errorMssg": "4 días"}),
                Some("ERROR_ANTELACION_CLIENTE"),
                Some("4 días"),
                true,
            ),
            (
                json!({"error": {"message": "NOPUEDESRESERVAMISMAHORA"}}),
                Some("NOPUEDESRESERVAMISMAHORA"),
                None,
                true,
            ),
        ];
        for (value, key, message, any) in table {
            let expected = Refusal {
                key: key.map(str::to_owned),
                message: message.map(str::to_owned),
                number: None,
                any,
                is_object: value["error"].is_object(),
            };
            assert_eq!(
                Refusal::read(Loose(&value), &Redactor::default()),
                expected,
                "{value}"
            );
        }
    }
}
