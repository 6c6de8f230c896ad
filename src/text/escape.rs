//! Removal of whole terminal escape sequences. Without its ESC, the rest of one (`[31m`) would be left in the text.

const ESC: char = '\u{1b}';

/// The text without control sequences (colours, cursor), strings for the terminal (titles, links) and changes of its
/// character set. An ESC that begins none of these is left, because the caller removes all control characters.
pub(super) fn strip(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    // if no string ends here, none ends later: searching again each time would take quadratic time
    let mut ends = true;
    while let Some(at) = rest.find(is_introducer) {
        let (before, sequence) = rest.split_at(at);
        out.push_str(before);
        rest = if let Some(length) = length(sequence, &mut ends) {
            &sequence[length..]
        } else {
            let (introducer, after) = sequence.split_at(first_length(sequence));
            out.push_str(introducer);
            after
        };
    }
    out.push_str(rest);
    out
}

fn is_introducer(c: char) -> bool {
    c == ESC || matches!(c, '\u{90}' | '\u{98}' | '\u{9b}' | '\u{9d}'..='\u{9f}')
}

fn first_length(s: &str) -> usize {
    s.chars().next().map_or(0, char::len_utf8)
}

/// The bytes of the sequence that `s` begins with.
fn length(s: &str, ends: &mut bool) -> Option<usize> {
    let mut chars = s.chars();
    let (introducer, body) = match chars.next()? {
        ESC => (chars.next()?, chars.as_str()),
        // one character for both
        c => (char::from_u32(u32::from(c) - 0x40)?, chars.as_str()),
    };
    let head = s.len() - body.len();
    let body = match introducer {
        '[' => control(body),
        ']' => string(body, ends).unwrap_or_else(|| line(body)),
        'P' | 'X' | '^' | '_' => string(body, ends)?,
        '(' | ')' | '*' | '+' | '-' | '.' | '/' | '#' | '%' => first_length(body),
        _ => return None,
    };
    Some(head + body)
}

/// Parameters, intermediates, and the character that ends it; what cannot belong to it is left.
fn control(body: &str) -> usize {
    let is_inner = |b: &u8| (0x20..=0x3f).contains(b);
    let inner = body.bytes().take_while(is_inner).count();
    let ends = matches!(body.as_bytes().get(inner), Some(0x40..=0x7e));
    inner + usize::from(ends)
}

/// Up to the bell, or the string terminator.
fn string(body: &str, ends: &mut bool) -> Option<usize> {
    if !*ends {
        return None;
    }
    let mut before = ' ';
    let end = body.char_indices().find(|&(_, c)| {
        let is_end = matches!(c, '\u{7}' | '\u{9c}') || (before, c) == (ESC, '\\');
        before = c;
        is_end
    });
    *ends = end.is_some();
    end.map(|(at, c)| at + c.len_utf8())
}

/// One that nothing ends goes as far as the line does.
fn line(body: &str) -> usize {
    body.find(['\n', '\r']).unwrap_or(body.len())
}
