//! What refusals reveal about the opening (protocol.md §6): keys first, then texts in Spanish, Catalan and English,
//! with any apostrophe, with or without accents. A number counts only with its unit, and only if it is the only one.

use super::{Opening, Rule};
use crate::text::{clean, fold, whole_number};

const KEY: &str = "ERROR_ANTELACION_CLIENTE";
const KEY_HOURS: &str = "ERROR_ANTELACION_CLIENTE_HORAS";

/// Beginnings of the words for "in advance".
const ADVANCE: [&str; 4] = ["antelaci", "anticipa", "advance", "ahead"];
/// Beginnings of words that make a text speak of the latest moment, or of cancelling, not of the earliest.
const OTHER_END: [&str; 8] = [
    "menos", "menys", "minim", "less", "least", "fewer", "cancel", "anul",
];
/// "Too early" said without a number.
const TOO_MUCH: [&str; 8] = [
    "mas de ",
    "mes de ",
    "mes d'",
    "more than ",
    "tanta ",
    "demasiada ",
    "massa ",
    "too far ",
];

/// The opening rule in a refusal with this key and text, if the refusal names one.
pub fn learn(key: Option<&str>, text: Option<&str>) -> Option<Opening> {
    let words = folded(text?);
    let stated = one_span(&words);
    let stated = match key.map(|key| key.trim().to_ascii_uppercase()).as_deref() {
        Some(KEY_HOURS) => stated.filter(|stated| matches!(stated, Rule::Hours(_))),
        Some(KEY) => stated,
        None | Some("") => stated.filter(|_| speaks_of_opening(&words)),
        Some(_) => None,
    };
    stated.map(Opening::learned)
}

/// Whether a refusal without a key says that booking is not open yet.
pub fn is_too_early_text(text: &str) -> bool {
    let words = folded(text);
    let enough =
        || TOO_MUCH.iter().any(|phrase| words.contains(phrase)) || one_span(&words).is_some();
    speaks_of_opening(&words) && enough()
}

fn folded(text: &str) -> String {
    fold(&clean(text))
}

fn speaks_of_opening(words: &str) -> bool {
    let mut tokens = words.split(|c: char| !c.is_alphanumeric());
    let begins =
        |known: &[&str], token: &str| known.iter().any(|beginning| token.starts_with(beginning));
    tokens.clone().any(|token| begins(&ADVANCE, token))
        && !tokens.any(|token| begins(&OTHER_END, token))
}

/// The one number of days or hours in the text; none where there are several or it is out of range.
fn one_span(words: &str) -> Option<Rule> {
    let mut found = None;
    let mut rest = words;
    let mut before = None;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        before = rest[..start].chars().next_back().or(before);
        let tail = &rest[start..];
        let end = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (digits, after) = tail.split_at(end);
        if let Some(span) = unit(after) {
            let whole = !before.is_some_and(|c| c.is_alphanumeric() || "+-−–.,:/".contains(c));
            let span = whole.then(|| whole_number(digits).and_then(span))??;
            if found.is_some_and(|known| known != span) {
                return None;
            }
            found = Some(span);
        }
        before = digits.chars().next_back();
        rest = after;
    }
    found
}

/// What to make of a number that is followed by `after`: the first word there must be a unit.
fn unit(after: &str) -> Option<fn(u16) -> Option<Rule>> {
    let word = after.strip_prefix(' ').unwrap_or(after);
    let end = word
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(word.len());
    match &word[..end] {
        "d" | "dia" | "dias" | "dies" | "day" | "days" => Some(Rule::days),
        "h" | "hs" | "hrs" | "hora" | "horas" | "hores" | "hour" | "hours" => Some(Rule::hours),
        _ => None,
    }
}
