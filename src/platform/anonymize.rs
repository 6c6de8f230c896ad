//! Makes an exchange fit to be shown to others: its structure stays, and every value is replaced by a placeholder of its kind and
//! length, unless it is on a short list of harmless ones. What is not known to be harmless is replaced, so a field that the
//! platform adds cannot reveal anything about a person.

use std::collections::BTreeSet;

use html5gum::{StartTag, Token};
use reqwest::Url;
use reqwest::header::{self, HeaderMap};
use serde_json::{Map, Value, json};

use super::cookies::KNOWN;
use super::fields::{self, has};
use super::html;
use crate::http_client::date;
use crate::model::day::parse_label;
use crate::model::time::parse_span;
use crate::text::fold;

/// Fields whose short numbers, times, days and error keys are kept.
const HARMLESS: &str = "assist authOK bookState cancelState checkAthletesNum ciclo classLength code cookieAlive day enabled \
    errorMssgLang formaReg hasPublicMemberships hidden included iniframe insist late lateCancel limit limitc \
    loginiframe logout max message ocupation onlineclass publishDate recordDate redirect resadmin time \
    timeLineContent timeLineFormat timecap timeid tipoWOD tipoud type waitlist when";
/// Error keys besides those that begin with `ERROR_` or `LOGIN_ERROR_`.
const ERROR_KEYS: &str = "NOPUEDESRESERVAMISMAHORA HASSUPERADOLIMITCONTR";
/// Parts of paths.
const SEGMENTS: &str = "activity api book bookings cancelBook cookiealive hidereload home login nextBookings schedule setrefresh \
    tokenUpdate whoami workout";
/// Elements of pages that are kept.
const ELEMENTS: &str = "a body button form h1 head html iframe input link meta span title";
/// Values of attributes, all in lower case.
const ATTRIBUTES: &str = "button email get hidden login loginerrors loginfingerprint loginiframe mail password post pw submit text";
/// What shows the purpose of a script.
const SCRIPT_MARKS: &str =
    "box fingerprint localStorage refreshToken timeLineContent userID window.location";
/// The placeholder of a text whose length is not shown.
const TEXT: &str = "<text>";
/// The placeholders of a longer page do not help.
const MAX_PIECES: usize = 2000;

/// A body as JSON with placeholders, or as one text.
pub fn body(body: &[u8], domain: &str) -> Value {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return json!("");
    }
    if text.starts_with(['{', '[']) {
        return match serde_json::from_str(text) {
            Ok(value) => json(&value),
            Err(_) => json!(placeholder("damaged JSON", text)),
        };
    }
    if text.starts_with('<') {
        return json!(page(text, domain));
    }
    json!(placeholder("text", text))
}

/// JSON with placeholders. The name of an unknown field is kept if it consists of several words, as in `newField`, and is not
/// part of a value: a single word may be the name of a person.
pub(super) fn json(value: &Value) -> Value {
    let mut words = BTreeSet::new();
    collect_words(value, &mut words);
    replaced(value, "", &words)
}

fn replaced(value: &Value, name: &str, words: &BTreeSet<String>) -> Value {
    match value {
        Value::Object(object) => {
            let mut fields = Map::new();
            for (number, (key, value)) in object.iter().enumerate() {
                let shown = if is_field(key, words) {
                    key.clone()
                } else {
                    format!("<field {number}>")
                };
                fields.insert(shown, replaced(value, key, words));
            }
            Value::Object(fields)
        }
        Value::Array(items) => items.iter().map(|it| replaced(it, name, words)).collect(),
        Value::Null | Value::Bool(_) => value.clone(),
        Value::Number(number) => {
            let limit = if has(HARMLESS, name) { 9999 } else { 9 };
            if number.as_i64().is_some_and(|n| n.abs() <= limit) {
                value.clone()
            } else {
                json!(placeholder("number", &number.to_string()))
            }
        }
        Value::String(text) => json!(string(name, text)),
    }
}

fn is_field(key: &str, words: &BTreeSet<String>) -> bool {
    let is_plain = key.len() <= 40
        && key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_')
        && key.contains(|c: char| c.is_ascii_uppercase() || c == '_');
    fields::is_known(key) || (is_plain && !words.contains(&fold(key)))
}

fn collect_words(value: &Value, words: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.values().for_each(|it| collect_words(it, words)),
        Value::Array(items) => items.iter().for_each(|it| collect_words(it, words)),
        Value::String(text) => {
            let parts = text.split(|c: char| !c.is_alphanumeric());
            words.extend(parts.filter(|part| !part.is_empty()).map(fold));
        }
        _ => {}
    }
}

/// A string of a field, if it is harmless, or its placeholder.
fn string(name: &str, text: &str) -> String {
    let text = text.trim();
    if has(HARMLESS, name) || text.is_empty() {
        let is_day = matches!(name, "day" | "recordDate" | "publishDate" | "when");
        if let Some(day) = parse_label(text).filter(|_| is_day) {
            return format!("<day {day}>");
        }
        if is_harmless(text) {
            return text.to_owned();
        }
    }
    let kind = match text {
        _ if text.bytes().all(|b| b.is_ascii_digit()) => "digits",
        _ if text.contains('@') => "email",
        _ if text.starts_with("http") => "url",
        _ if text.contains('<') => "html",
        _ => "text",
    };
    placeholder(kind, text)
}

/// Short numbers such as `12`, `-1`, `12 (3)` and `1830_60`, days of 8 digits, times, and error keys.
fn is_harmless(text: &str) -> bool {
    let is_numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"-_/ ()".contains(&b));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_day = text.len() == 8 && digits == 8 && text.starts_with("20");
    let is_time = parse_span(text).is_some()
        && digits <= 12
        && text.chars().all(|c| "0123456789:.- ".contains(c));
    let is_short = digits <= 4 || (text.contains('_') && digits <= 7);
    let is_key = text
        .strip_prefix("LOGIN_")
        .unwrap_or(text)
        .starts_with("ERROR_")
        && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    (is_numeric && (is_short || is_day)) || is_time || is_key || has(ERROR_KEYS, text)
}

fn placeholder(kind: &str, text: &str) -> String {
    format!("<{kind} {}>", text.chars().count())
}

/// The fields of a form.
pub(super) fn form(fields: &[(&str, &str)]) -> Value {
    let shown = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(form_value(name, value))));
    Value::Object(shown.collect())
}

/// Values of requests have no lengths, because one of them is the password.
fn form_value(name: &str, value: &str) -> String {
    if value.is_empty() || (has(HARMLESS, name) && is_harmless(value)) {
        value.to_owned()
    } else {
        TEXT.to_owned()
    }
}

/// The fields of the JSON of a request.
pub(super) fn request_json(text: &str) -> Value {
    let fields: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    fields.into_iter().map(|(name, _)| (name, TEXT)).collect()
}

/// The domain and its login host are kept; a box is not named.
fn host(host: &str, domain: &str) -> String {
    match host.strip_suffix(domain) {
        Some("" | "login." | "www.") => host.to_owned(),
        Some(sub) if sub.ends_with('.') => format!("<box>.{domain}"),
        _ => "<host>".to_owned(),
    }
}

/// A URL: the domain, known paths and harmless queries are kept.
pub(super) fn url(url: &Url, domain: &str) -> String {
    let host = host(url.host_str().unwrap_or_default(), domain);
    let segments = url.path().split('/').map(|segment| match segment {
        "" => "",
        known if has(SEGMENTS, known) => known,
        _ => "<segment>",
    });
    let path = segments.collect::<Vec<_>>().join("/");
    let pairs = url.query_pairs().map(|(name, value)| {
        let is_number = value.len() <= 7 && value.bytes().all(|b| b.is_ascii_digit());
        match &*name {
            "box" if is_number => format!("box={value}"),
            "box" | "_" | "user" | "userID" => format!("{name}={}", form_value(&name, &value)),
            known if has(HARMLESS, known) || fields::is_known(known) => {
                format!("{known}={}", form_value(known, &value))
            }
            _ => "<field>".to_owned(),
        }
    });
    let query = match url.query() {
        None | Some("") => String::new(),
        Some("cl") => "?cl".to_owned(),
        Some(_) => format!("?{}", pairs.collect::<Vec<_>>().join("&")),
    };
    let scheme = match url.scheme() {
        known @ ("http" | "https") => known,
        _ => "<scheme>",
    };
    format!("{scheme}://{host}{path}{query}")
}

/// The headers that decide how a response is read, and the cookies that it sets, as pairs of name and value.
pub(super) fn headers(headers: &HeaderMap, from: &Url, domain: &str) -> Value {
    let shown = headers.iter().filter_map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let text = text.trim();
        let shown = match *name {
            header::SET_COOKIE => set_cookie(text, domain),
            header::LOCATION => from
                .join(text)
                .map_or_else(|_| TEXT.to_owned(), |found| url(&found, domain)),
            header::DATE | header::RETRY_AFTER if day(text).is_some() => day(text)?.to_owned(),
            header::AGE | header::CONTENT_TYPE | header::RETRY_AFTER if is_plain(text) => {
                text.to_owned()
            }
            header::AGE | header::CONTENT_TYPE | header::DATE | header::RETRY_AFTER => {
                placeholder("text", text)
            }
            _ => return None,
        };
        Some(json!([name.as_str(), shown]))
    });
    shown.collect()
}

/// The date of a header without the name of the day, which is not checked.
fn day(value: &str) -> Option<&str> {
    date::parse(value)?;
    value.split_once(',').map(|(_, date)| date.trim())
}

/// Whether a value has only short numbers and words of content types.
fn is_plain(value: &str) -> bool {
    const WORDS: &str =
        "application charset form html iso javascript json plain text urlencoded utf x xml";
    let lower = value.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.all(|word| {
        let is_number = word.len() <= 4 && word.bytes().all(|b| b.is_ascii_digit());
        is_number || has(WORDS, word)
    })
}

/// A cookie without its value: the name if it is one of the platform's, and the attributes.
fn set_cookie(line: &str, domain: &str) -> String {
    let mut parts = line.split(';');
    let name = parts.next().and_then(|pair| pair.split('=').next());
    let known = KNOWN
        .into_iter()
        .find(|known| Some(*known) == name.map(str::trim));
    let mut shown = vec![format!("{}=<text>", known.unwrap_or("<cookie>"))];
    for part in parts {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        shown.push(match &*name {
            "secure" | "httponly" => name,
            "path" if value == "/" => "path=/".to_owned(),
            "domain" => format!("domain={}", host(value.trim_start_matches('.'), domain)),
            "max-age" if value == "0" => "max-age=0".to_owned(),
            "max-age" => "max-age=<number>".to_owned(),
            "expires" => format!("expires={}", day(value).unwrap_or("<text>")),
            _ => "<attribute>".to_owned(),
        });
    }
    shown.join("; ")
}

/// The elements of a page that matter, with placeholders for texts and scripts.
fn page(text: &str, domain: &str) -> String {
    let mut shown = String::new();
    let mut has_text = false;
    for (hidden, token) in html::tokens(text).take(MAX_PIECES) {
        let part = match token {
            Token::StartTag(tag) => start_tag(&tag, domain),
            Token::String(script) if hidden == Some("script") => {
                Some(script_mark(&html::text(&script)))
            }
            Token::String(text) => {
                has_text |= !text.trim_ascii().is_empty();
                None
            }
            _ => None,
        };
        if let Some(part) = part {
            if std::mem::take(&mut has_text) {
                shown.push_str(TEXT);
            }
            shown.push_str(&part);
        }
    }
    if has_text {
        shown.push_str(TEXT);
    }
    shown
}

fn start_tag(tag: &StartTag<()>, domain: &str) -> Option<String> {
    let name = ELEMENTS.split(' ').find(|name| html::is(&tag.name, name))?;
    let mut shown = format!("<{name}");
    for key in ["id", "name", "type", "method", "href", "src", "action"] {
        let Some(value) = html::attribute(tag, key) else {
            continue;
        };
        let value = match key {
            "href" | "src" | "action" => link(&value, domain),
            _ if has(ATTRIBUTES, &value.to_ascii_lowercase()) => value,
            _ => TEXT.to_owned(),
        };
        shown.extend([" ", key, "=\"", &value, "\""]);
    }
    Some(shown + ">")
}

/// A link of a page. A relative one has no host.
fn link(value: &str, domain: &str) -> String {
    let absolute = Url::parse("https://link.invalid/").and_then(|base| base.join(value));
    absolute.map_or_else(|_| TEXT.to_owned(), |link| url(&link, domain))
}

fn script_mark(script: &str) -> String {
    let marks = SCRIPT_MARKS.split(' ').filter(|mark| script.contains(mark));
    let marks: Vec<&str> = marks.collect();
    format!("<code {}>", marks.join(" "))
}

#[cfg(test)]
#[path = "anonymize_tests.rs"]
mod tests;
