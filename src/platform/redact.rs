//! Masks secrets in texts of the server: a server that is being debugged, or a foreign one in its place, may answer with the
//! password or the cookies that were sent (promise 8).

use std::ops::Range;

use memchr::memmem;

use super::parse_token;
use crate::secret::Secret;
use crate::text;

/// Shorter values occur in any text, and masking them hides nothing.
const MIN_COOKIE_LEN: usize = 8;
const MIN_PASSWORD_LEN: usize = 4;
/// The longest character reference that is read, in bytes: the longest name has 33 with `&` and `;`.
const MAX_REFERENCE_LEN: usize = 40;
const MASK: &str = "…";

/// The secrets of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Redactor(Vec<Secret>);

impl Redactor {
    /// Adds the password that was sent: plain, and cleaned as the texts of a server are.
    pub(super) fn password(&mut self, password: &Secret) {
        let plain = password.expose();
        let spellings = [plain.to_owned(), text::clean(plain)].map(Secret::new);
        let spellings = spellings.into_iter();
        self.0
            .extend(spellings.filter(|secret| secret.expose().chars().count() >= MIN_PASSWORD_LEN));
    }

    /// Adds the value of a cookie that was sent or set.
    pub(super) fn cookie(&mut self, value: &str) {
        if value.len() >= MIN_COOKIE_LEN && !self.0.iter().any(|it| it.expose() == value) {
            self.0.push(Secret::new(value));
        }
    }

    /// The text without the secrets, however they are encoded, and without words that have the form of a token. It takes time
    /// in proportion to its length.
    pub(super) fn mask(&self, text: &str) -> String {
        let masked = self.without_secrets(text);
        let in_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '|' | '%');
        let mut out = String::with_capacity(masked.len());
        let mut rest = masked.as_str();
        while !rest.is_empty() {
            let (word, after) = rest.split_at(rest.find(|c| !in_word(c)).unwrap_or(rest.len()));
            out.push_str(if parse_token(word).is_some() {
                MASK
            } else {
                word
            });
            let next = after.find(in_word).unwrap_or(after.len());
            out.push_str(&after[..next]);
            rest = &after[next..];
        }
        out
    }

    fn without_secrets(&self, text: &str) -> String {
        let decoded = Decoded::of(text);
        let mut found: Vec<Range<usize>> = Vec::new();
        for secret in self.0.iter().map(Secret::expose) {
            let plain = text.match_indices(secret);
            found.extend(plain.map(|(at, plain)| at..at + plain.len()));
            found.extend(decoded.find(&Decoded::of(secret)));
        }
        found.sort_by_key(|range| range.start);
        let mut out = String::with_capacity(text.len());
        let mut end = 0;
        for range in found {
            if range.start >= end {
                out.push_str(&text[end..range.start]);
                out.push_str(MASK);
            }
            end = end.max(range.end);
        }
        out.push_str(&text[end..]);
        out
    }

    /// The text, masked and made safe to show. It is masked before cleaning, which may truncate a secret, and after it,
    /// because a tag may have divided a secret.
    pub(super) fn clean(&self, text: &str) -> String {
        self.mask(&text::clean(&self.mask(text)))
    }
}

/// A text without backslashes and without the escapes of JSON, URLs, forms and HTML, however they are nested: all spellings of a
/// secret are equal.
struct Decoded {
    bytes: Vec<u8>,
    /// Where the spelling of each byte begins in the text, and the end of the text.
    starts: Vec<usize>,
}

impl Decoded {
    fn of(text: &str) -> Self {
        let (mut bytes, mut starts) = (Vec::with_capacity(text.len()), Vec::new());
        let mut pending = Vec::new();
        for (mut start, c) in text.char_indices() {
            pending.extend(c.encode_utf8(&mut [0; 4]).bytes().rev());
            while let Some(byte) = pending.pop() {
                bytes.push(byte);
                starts.push(start);
                // the meaning of an escape may end another escape
                if let Some((length, meaning)) = escape_at_end(&bytes) {
                    let kept = bytes.len() - length;
                    start = starts[kept];
                    bytes.truncate(kept);
                    starts.truncate(kept);
                    pending.extend(meaning.iter().rev());
                }
            }
        }
        // a backslash that ends a secret is an escape with what follows the secret in a text
        let mut plain = Self {
            bytes: Vec::with_capacity(bytes.len()),
            starts: Vec::with_capacity(bytes.len()),
        };
        let mut begun = None;
        for (byte, start) in bytes.into_iter().zip(starts) {
            let start = *begun.get_or_insert(start);
            if byte != b'\\' {
                plain.bytes.push(byte);
                plain.starts.push(start);
                begun = None;
            }
        }
        plain.starts.push(text.len());
        plain
    }

    /// Where the spellings of `part` are in the text.
    fn find(&self, part: &Self) -> impl Iterator<Item = Range<usize>> {
        let length = part.bytes.len();
        let found: Vec<usize> = match length {
            0 => Vec::new(),
            _ => memmem::find_iter(&self.bytes, &part.bytes).collect(),
        };
        let found = found.into_iter();
        found.map(move |at| self.starts[at]..self.starts[at + length])
    }
}

/// The length of the escape that the bytes end with, and its meaning. Decoding ends,
/// because the meaning is shorter than the escape, a space, or not ASCII.
fn escape_at_end(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    match *bytes {
        [.., b'+'] => Some((1, vec![b' '])),
        [.., b'%', a, b] if hex(&[a, b]).is_some() => {
            Some((3, vec![u8::try_from(hex(&[a, b])?).ok()?]))
        }
        [.., b'\\', b'u', a, b, c, d] if hex(&[a, b, c, d]).is_some() => {
            Some((6, code_unit(hex(&[a, b, c, d])?)))
        }
        // both halves of a character
        [.., 0xed, a @ 0xa0..0xb0, b, 0xed, c @ 0xb0..0xc0, d] => {
            let half =
                |first: u8, second: u8| (u32::from(first & 0xf) << 6) | u32::from(second & 0x3f);
            let c = char::from_u32(0x1_0000 + (half(a, b) << 10) + half(c, d))?;
            Some((6, c.to_string().into_bytes()))
        }
        [.., b'\\', b't'] => Some((2, vec![b'\t'])),
        [.., b'\\', c] if c != b'u' => Some((2, vec![c])),
        [.., b';'] => {
            let from = bytes.len().saturating_sub(MAX_REFERENCE_LEN);
            let at = from + bytes[from..].iter().rposition(|byte| *byte == b'&')?;
            let reference = std::str::from_utf8(&bytes[at..]).ok()?;
            let meaning = text::unescape_once(reference);
            (meaning != reference).then(|| (reference.len(), meaning.into_bytes()))
        }
        _ => None,
    }
}

/// A code unit of UTF-16, which may be half of a character, in the form of UTF-8.
fn code_unit(unit: u32) -> Vec<u8> {
    let low = |shift: u32| 0x80 | u8::try_from((unit >> shift) & 0x3f).unwrap_or_default();
    char::from_u32(unit).map_or_else(
        || vec![0xed, low(6), low(0)],
        |c| c.to_string().into_bytes(),
    )
}

fn hex(digits: &[u8]) -> Option<u32> {
    let mut digits = digits.iter().map(|digit| char::from(*digit).to_digit(16));
    digits.try_fold(0, |number, digit| Some((number << 4) | digit?))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;
    use crate::platform::test_server::TOKEN;

    #[test]
    fn secrets_are_masked_in_every_spelling() {
        let mut redactor = Redactor::default();
        redactor.password(&Secret::new("a<b>&pw"));
        redactor.password(&Secret::new("\"two\" ñ+\""));
        redactor.password(&Secret::new("cañon/fire<1"));
        redactor.password(&Secret::new("\u{1f600} key"));
        redactor.password(&Secret::new("ends\\"));
        redactor.cookie("0123456789abcdef");
        redactor.cookie("short");
        let long = format!("{}0123456789abcdef", "x".repeat(492));
        let encoded = TOKEN.replace('|', "%7C");
        let table = [
            ("wrong a<b>&pw", "wrong …"),
            ("wrong a&lt;b&gt;&amp;pw!", "wrong …!"),
            ("pw=a%3Cb%3E%26pw&x", "pw=…&x"),
            (r#"{"password":"\"two\" ñ+\""}"#, r#"{"password":"…"}"#),
            (
                "%22two%22+%C3%B1%2B%22 or %22two%22%20%C3%B1%2B%22",
                "… or …",
            ),
            ("no 0123456789abcdef, short", "no …, short"),
            (&format!("token={TOKEN}."), "token=…."),
            (&format!("token={encoded}&x"), "token=…&x"),
            (
                r#"{"password":"ca\u00f1on\/fire<1"}"#,
                r#"{"password":"…"}"#,
            ),
            (r"ca\u00F1on/fire\u003c1 ca\\u00f1on\\/fire<1", "… …"),
            ("pw=ca%c3%b1on%2ffire%3c1&x", "pw=…&x"),
            ("ca&ntilde;on/fire&lt;1 ca&#xf1;on&sol;fire&#060;1", "… …"),
            ("ca&amp;ntilde;on/fire&amp;lt;1", "…"),
            ("ca%25C3%25B1on%252Ffire%253C1", "…"),
            (
                r"{&quot;pw&quot;:&quot;ca\u00f1on\/fire&lt;1&quot;}",
                r#"{"pw":"…"}"#,
            ),
            (
                r"\ud83d\ude00 key+\uD83D\uDE00+key %f0%9f%98%80+key",
                "…+… …",
            ),
            (
                r"50% of \\ and \u12, &copy; &lt;3",
                r"50% of \\ and \u12, © <3",
            ),
            (r#"{"pw":"ends\\"}"#, r#"{"pw":"…\"}"#),
            ("nothing", "nothing"),
        ];
        for (text, expected) in table {
            assert_eq!(redactor.clean(text), expected, "{text}");
        }
        assert!(!redactor.clean(&long).contains("0123"));
    }
    /// As PHP's `json_encode`.
    fn json(text: &str) -> String {
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '"' | '\\' | '/' => out.extend(['\\', c]),
                _ if c.is_ascii() => out.push(c),
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        write!(out, "\\u{unit:04x}").unwrap();
                    }
                }
            }
        }
        out
    }

    /// As PHP's `htmlspecialchars`.
    fn html(text: &str) -> String {
        let escaped = |c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#039;".to_owned(),
            _ => c.to_string(),
        };
        text.chars().map(escaped).collect()
    }

    fn url(text: &str) -> String {
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
    }

    proptest! {
        #[test]
        fn no_encoding_shows_a_password(
            password in r#"[a-fu0-9 %&+;#<"'\\/ñ€😀]{4,12}x"#,
            encoders in prop::collection::vec(0..6, 0..4),
        ) {
            let mut redactor = Redactor::default();
            redactor.password(&Secret::new(password.as_str()));
            let encode = |text: String, encoder| match encoder {
                0 => json(&text),
                1 => json(&text).replace("\\u00f1", "\\u00F1"),
                2 => html(&text),
                3 => url(&text),
                4 => url(&text).replace("%20", "+"),
                _ => url(&text).to_ascii_lowercase(),
            };
            let encoded = encoders.into_iter().fold(password, encode);
            prop_assert_eq!(redactor.mask(&format!("pw=\"{encoded}\"")), "pw=\"…\"");
        }
    }

    #[test]
    fn hostile_nesting_does_not_lengthen_the_text() {
        let mut redactor = Redactor::default();
        redactor.password(&Secret::new("%3%3%3%3%35 &amp;amp;amp;"));
        redactor.cookie(&format!("{}b", "a".repeat(4000)));
        for part in [
            "a", "%25", "%3", "&amp;", "&a;", ";", "\\", "\\u00", "%3%35",
        ] {
            let text = part.repeat((1 << 16) / part.len());
            assert!(redactor.mask(&text).len() <= text.len(), "{part}");
        }
    }
}
