//! Text made safe and comparable: texts of the server, cells of tables, texts that a user typed.

mod escape;

use std::borrow::Cow;
use std::str::FromStr;

use html5gum::{Token, Tokenizer};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_width::UnicodeWidthStr;

/// Longest text kept from the server, in characters.
const MAX_TEXT_LEN: usize = 500;
/// Longest input shown by [`quote`], in characters.
const MAX_QUOTE_LEN: usize = 60;
const ELLIPSIS: char = '…';
/// Tags that separate words; a space replaces them.
const BREAKING: [&str; 14] = [
    "br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "hr", "h1", "h2", "h3", "option",
];

/// Text from the server made safe for a terminal and for JSON (protocol.md §8: it is untrusted): no HTML tags,
/// entities unescaped once, no terminal escapes, no control, bidi or invisible characters, one space between words, at most
/// 500 characters.
pub fn clean(raw: &str) -> String {
    let unescaped = unescape_once(&strip_tags(&without_code(raw)));
    let still = escape::strip(&unescaped);
    let visible: String = still.chars().filter_map(visible).collect();
    // unescaping and the removal of invisible characters may have produced tags
    clean_again(&visible)
}

/// A text made of cleaned ones: together they may be a tag, or too long. Nothing is unescaped a second time.
pub(crate) fn clean_again(text: &str) -> String {
    cap(&collapse(&strip_tags(text)), MAX_TEXT_LEN)
}

/// A case- and accent-insensitive key for comparisons and searches.
pub fn fold(s: &str) -> String {
    let folded: String = s
        .chars()
        .map(straight_apostrophe) // before NFKD, which makes a space of U+00B4
        .nfkd()
        .filter(|&c| !is_combining_mark(c))
        .flat_map(char::to_lowercase)
        .map(straight_apostrophe)
        .collect();
    // lower case may bring marks back ('İ')
    let bare: String = folded.nfkd().filter(|&c| !is_combining_mark(c)).collect();
    collapse(&bare)
}

/// The columns of a text on a terminal.
pub fn columns(s: &str) -> usize {
    // most texts are: for these the tables of Unicode are not needed
    if s.is_ascii() { s.len() } else { s.width() }
}

/// `s` cut to at most `width` columns, with an ellipsis if it was cut.
pub fn fit(s: &str, width: usize) -> Cow<'_, str> {
    if columns(s) <= width {
        return s.into();
    }
    let Some(room) = width.checked_sub(1) else {
        return "".into();
    };
    let mut out = String::new();
    for c in s.chars() {
        out.push(c);
        if out.width() > room {
            out.pop();
            break;
        }
    }
    out.push(ELLIPSIS);
    out.into()
}

/// The system's message of an error as a part of a sentence: in lower case, without the number.
pub fn why(error: &std::io::Error) -> String {
    let said = error.to_string();
    let words = collapse(said.split(" (os error").next().unwrap_or_default());
    let mut chars = words.chars();
    let first = chars.next().into_iter().flat_map(char::to_lowercase);
    first.chain(chars).collect()
}

/// A text that a user typed, for an error message: in quotes, on one line, shortened.
pub fn quote(s: &str) -> String {
    format!("{:?}", cap(s, MAX_QUOTE_LEN))
}

/// A text as one word of a POSIX shell, in quotes if it needs them.
pub fn shell_word(s: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:@%+,".contains(c);
    if !s.is_empty() && s.chars().all(plain) {
        s.to_owned()
    } else {
        format!("'{}'", s.replace('\'', "'\\''"))
    }
}

/// Appends a flag and its value, quoted for a POSIX shell.
pub fn append_flag(line: &mut String, flag: &str, value: &str) {
    // a value that begins with a hyphen would be taken for a flag
    let between = if value.starts_with('-') { '=' } else { ' ' };
    line.push(' ');
    line.push_str(flag);
    line.push(between);
    line.push_str(&shell_word(value));
}

/// The name of which `word` is most likely a misspelling: at most one edit away, or two if the word has more than four
/// characters.
pub fn similar<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let most = if word.chars().count() > 4 { 2 } else { 1 };
    let names = names.into_iter();
    let distances = names.map(|name| (strsim::osa_distance(word, name), name));
    let (_, nearest) = distances.filter(|(distance, _)| *distance <= most).min()?;
    Some(nearest)
}

/// `s` cut to at most `longest` characters, with an ellipsis if it was cut.
pub(crate) fn cap(s: &str, longest: usize) -> String {
    if s.chars().nth(longest).is_none() {
        return s.to_owned();
    }
    let head: String = s.chars().take(longest - 1).collect();
    format!("{}{ELLIPSIS}", head.trim_end())
}

/// The number that `s` is, if it consists of ASCII digits only: `parse` accepts a sign too.
pub(crate) fn whole_number<N: FromStr>(s: &str) -> Option<N> {
    let is_plain = s.bytes().all(|b| b.is_ascii_digit());
    s.parse().ok().filter(|_| is_plain)
}

fn collapse(s: &str) -> String {
    s.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Replaces each character reference once, as a browser does, if a semicolon follows its letters. Without one it may be part of
/// a link.
pub(crate) fn unescape_once(s: &str) -> String {
    let begins_reference = |part: &str| {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'#';
        part.split_once(';')
            .is_some_and(|(name, _)| !name.is_empty() && name.bytes().all(is_plain))
    };
    // the tokenizer gets nothing that is a tag, and no other reference
    let mut escaped = String::with_capacity(s.len());
    for (number, part) in s.split('&').enumerate() {
        escaped.push_str(match number {
            0 => "",
            _ if begins_reference(part) => "&",
            _ => "&amp;",
        });
        escaped.push_str(&part.replace('<', "&lt;"));
    }
    let texts = Tokenizer::new(escaped.as_str()).filter_map(|token| match token {
        Ok(Token::String(text)) => Some(String::from_utf8_lossy(&text).into_owned()),
        _ => None,
    });
    texts.collect()
}

/// Removes `<script>` and `<style>` elements. One without an end extends to the end of the text, as in a browser.
fn without_code(s: &str) -> String {
    // this changes no byte's position
    let lower = s.to_ascii_lowercase();
    let mut out = String::with_capacity(s.len());
    let (mut kept, mut at) = (0, 0);
    while let Some(start) = lower[at..].find('<').map(|n| at + n) {
        at = start + 1;
        let begins = |name: &str| {
            let rest = lower[at..].strip_prefix(name);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        };
        let Some(name) = ["script", "style"].into_iter().find(|name| begins(name)) else {
            continue;
        };
        out.push_str(&s[kept..start]);
        out.push(' ');
        let end = lower[at..].find(&format!("</{name}")).map(|n| at + n);
        let end = end.and_then(|end| lower[end..].find('>').map(|n| end + n + 1));
        at = end.unwrap_or(s.len());
        kept = at;
    }
    out.push_str(&s[kept..]);
    out
}

/// Removes every `<tag …>` in one pass. Each kept `<` that begins a tag is remembered, so what closes over removed
/// parts (`<<b>script>`) is removed as well.
fn strip_tags(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut begun: Vec<usize> = Vec::new();
    for c in s.chars() {
        if c == '>'
            && let Some(start) = begun.pop()
        {
            let parts_words = out.get(start + 1..).is_some_and(is_breaking);
            out.truncate(start);
            if parts_words {
                out.push(' ');
            }
            continue;
        }
        if out.ends_with('<') && (c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            begun.push(out.len() - 1);
        }
        out.push(c);
    }
    out
}

fn is_breaking(tag: &str) -> bool {
    let name = tag.trim_start_matches('/');
    let end = name.find(|c: char| !c.is_ascii_alphanumeric());
    let name = &name[..end.unwrap_or(name.len())];
    BREAKING
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The character to show: a space for white space, `None` for invisible characters and those that control a terminal.
fn visible(c: char) -> Option<char> {
    match c {
        '\t'..='\r' => Some(' '),
        // soft hyphen, direction marks, byte order mark, annotations, zero widths, line separators, bidi, tags
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{e0000}'..='\u{e007f}' => None,
        _ if c.is_control() => None,
        _ if c.is_whitespace() => Some(' '),
        _ => Some(c),
    }
}

fn straight_apostrophe(c: char) -> char {
    match c {
        '`' | '´' | '‘' | '’' | '‚' | '‛' | 'ʹ' | 'ʻ' | 'ʼ' | 'ʽ' | 'ˈ' | '′' | '‵' | '＇'
        | '\u{384}' => '\'',
        _ => c,
    }
}

#[cfg(test)]
mod tests;
