//! What holds for every input of a parser, for the fuzzers (`fuzz/`) and for the property tests. A check takes any bytes and
//! panics if a property does not hold for them.

pub mod answers;
pub mod config;
pub mod cookies;
pub mod lines;
pub mod pages;
pub mod words;
pub mod written;

use serde_json::{Map, Value};

pub type Check = fn(&[u8]);

/// Every check, with the name of its fuzz target and of its folder of seeds.
pub const ALL: [(&str, Check); 21] = [
    ("activity", answers::activity),
    ("book", answers::book),
    ("cancel", answers::cancel),
    ("config", config::config),
    ("cookies", cookies::cookies),
    ("crontab", lines::crontab),
    ("days", written::days),
    ("home", pages::home),
    ("login_form", pages::login_form),
    ("login_json", answers::login_json),
    ("next_bookings", answers::next_bookings),
    ("notes", lines::notes),
    ("positional", lines::positional),
    ("recording", lines::recording),
    ("refusal_text", words::refusal_text),
    ("rules", written::rules),
    ("schedule", answers::schedule),
    ("set_refresh", pages::set_refresh),
    ("times", written::times),
    ("token_update", answers::token_update),
    ("whoami", answers::whoami),
];

pub const DOMAIN: &str = "aimharder.com";
pub const HOST: &str = "crossfitdemo.aimharder.com";

/// A response as a seed writes it: the body, after a line such as `HTTP 503` if the status is not 200.
pub struct Answer<'a> {
    pub status: u16,
    pub body: &'a [u8],
    pub object: Option<Map<String, Value>>,
}

impl<'a> Answer<'a> {
    pub fn of(data: &'a [u8]) -> Self {
        let (status, body) = split(data).unwrap_or((200, data));
        let text = String::from_utf8_lossy(body);
        let object = serde_json::from_str(text.trim_start_matches('\u{feff}').trim()).ok();
        Answer {
            status,
            body,
            object,
        }
    }

    pub fn saved(&self) -> aimharder::platform::recorded::Response {
        aimharder::platform::recorded::Response::new(HOST, self.status, self.body)
    }

    pub fn get(&self, key: &str) -> &Value {
        let object = self.object.as_ref();
        object.and_then(|o| o.get(key)).unwrap_or(&Value::Null)
    }

    /// Whether it reports a logout.
    pub fn says_logout(&self) -> bool {
        let said = self.get("logout");
        *said == 1 || *said == "1" || *said == true
    }
}

fn split(data: &[u8]) -> Option<(u16, &[u8])> {
    let rest = data.strip_prefix(b"HTTP ")?;
    let end = rest.iter().position(|b| *b == b'\n')?;
    let status = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
    Some((status, &rest[end + 1..]))
}

/// Whether a value is this whole number, as a number, a text or a bool.
pub fn is_int(value: &Value, wanted: i64) -> bool {
    match value {
        // also with a point or an exponent
        #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
        Value::Number(n) => n.as_i64() == Some(wanted) || n.as_f64() == Some(wanted as f64),
        Value::String(s) => s.trim().parse() == Ok(wanted),
        Value::Bool(b) => i64::from(*b) == wanted,
        _ => false,
    }
}

/// A text of the server that is shown.
pub fn shown(text: &str) {
    assert!(text.chars().count() <= 500, "too long: {text:?}");
    assert!(text.chars().all(visible), "controls a terminal: {text:?}");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(text, words.join(" "), "odd white space");
    let begins = |at: usize| {
        let next = text[at + 1..].chars().next();
        next.is_some_and(|c| c.is_ascii_alphabetic() || "/!?".contains(c))
    };
    if let Some((at, _)) = text.match_indices('<').find(|(at, _)| begins(*at)) {
        assert!(!text[at..].contains('>'), "contains HTML: {text:?}");
    }
}

/// A message, which may quote a text of the server.
pub fn one_line(message: &str) {
    assert!(
        message.chars().all(visible) && !message.trim().is_empty(),
        "not a line to print: {message:?}"
    );
}

fn visible(c: char) -> bool {
    let is_invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !is_invisible
}

/// An id that is sent in a request.
pub fn plain_id(id: &str) {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    assert!(
        (1..=40).contains(&id.len()) && id.bytes().all(plain),
        "not an id: {id:?}"
    );
}

/// `digits|digits|hex`
pub fn whole_token(token: &aimharder::secret::Secret) {
    let parts: Vec<&str> = token.expose().split('|').collect();
    let [user, expires, hex] = parts[..] else {
        panic!("{} parts in a token", parts.len());
    };
    assert!(user.parse::<i64>().is_ok() && expires.parse::<i64>().is_ok());
    assert!(hex.len() >= 16 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
    assert!(!format!("{token:?}").contains(hex), "shown");
    assert_eq!(
        aimharder::platform::parse_token(token.expose()).as_ref(),
        Some(token)
    );
}

/// Boxes have hosts of the domain only, and each is named once.
pub fn own_boxes(boxes: &[aimharder::platform::KnownBox]) {
    for (at, gym) in boxes.iter().enumerate() {
        assert!(aimharder::model::label::is_label(&gym.name), "{gym:?}");
        let host = gym.host.as_deref().unwrap();
        assert!(host.starts_with(&format!("{}.", gym.name)), "{gym:?}");
        assert!(host.ends_with(&format!(".{DOMAIN}")), "{gym:?}");
        assert!(!["www", "login"].contains(&gym.name.as_str()), "{gym:?}");
        assert!(gym.id.is_none_or(|id| id > 0), "{gym:?}");
        gym.title.iter().for_each(|title| shown(title));
        assert!(
            boxes[..at].iter().all(|other| other.name != gym.name),
            "{gym:?}"
        );
    }
}
