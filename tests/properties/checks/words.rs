//! Texts of the platform: how they are shown, and which opening rule is learned from a refusal.

use aimharder::model::opening::{Opening, is_too_early_text, learn};
use aimharder::platform::{CancelVerdict, Error, Verdict, recorded};
use aimharder::text::{clean, fit, fold, quote};
use serde_json::{Value, json};

use super::{HOST, one_line, shown};

const KEYS: [Option<&str>; 4] = [
    None,
    Some("ERROR_ANTELACION_CLIENTE"),
    Some("ERROR_ANTELACION_CLIENTE_HORAS"),
    Some("NOPUEDESRESERVAMISMAHORA"),
];

pub fn refusal_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    shown(&clean(&text));
    one_line(&format!("{} {}", quote(&text), "is what a person typed"));
    let folded = fold(&text);
    assert_eq!(fold(&folded), folded, "folded twice is not the same");
    assert!(unicode_width(&fit(&text, 20)) <= 20);

    let learned = KEYS.map(|key| learn(key, Some(&text)));
    learned.into_iter().flatten().for_each(comes_back);
    assert!(learned[0].is_none() || is_too_early_text(&text));
    assert!(
        !learned[2].is_some_and(|rule| rule.is_guess()),
        "hours are not days"
    );
    assert_eq!(
        learned[3], None,
        "a rule is learned from a refusal for another reason"
    );

    // the checks `book` and `cancel` cover the other states
    never_booked(&json!({"bookState": 1, "errorMssg": text}));
    never_booked(&json!({"bookState": 1, "error": {"message": text}}));
    never_cancelled(&json!({"cancelState": 1, "message": text}));
    means_what_it_says(&json!({"bookState": -12, "errorMssg": text}));
}

/// −12 has many meanings. Without a key the text decides, and the learned rule is that of the text alone.
fn means_what_it_says(body: &Value) {
    let Ok(read) = recorded::book(&saved(body)) else {
        return;
    };
    let Some(message) = &read.message else {
        return;
    };
    let printed = match read.verdict {
        Verdict::TooEarly(learned) => Some(learned),
        _ => None,
    };
    let early = is_too_early_text(message).then(|| learn(None, Some(message)));
    assert_eq!(printed, early, "{body}");
}

/// A text is a refusal, even if the state says "booked".
fn never_booked(body: &Value) {
    match recorded::book(&saved(body)) {
        Ok(read) if read.message.is_some() => {
            assert_ne!(read.verdict, Verdict::Booked, "{body}");
            read.message.iter().for_each(|message| shown(message));
        }
        Ok(_) => {}
        Err(error) => assert_eq!(error, Error::LoggedOut),
    }
}

fn never_cancelled(body: &Value) {
    if let Ok(read) = recorded::cancel(&saved(body)) {
        let said = read.message.is_some();
        assert!(!said || read.verdict != CancelVerdict::Done, "{body}");
    }
}

fn saved(body: &Value) -> recorded::Response {
    recorded::Response::new(HOST, 200, body.to_string().as_bytes())
}

fn unicode_width(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

/// What was learned is stored as text.
pub fn comes_back(learned: Opening) {
    assert_eq!(
        Opening::from_learned_text(&learned.to_string()),
        Ok(learned)
    );
    let rule = learned.rule;
    assert_eq!(rule.to_string().parse(), Ok(rule));
}
