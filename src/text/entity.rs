//! HTML character references: the numeric ones and the names that Spanish, Catalan and English texts use.

/// Maximum length of a reference between `&` and `;`.
const LONGEST_NAME: usize = 10;

/// Replaces each known reference once. Other text is unchanged.
pub(super) fn unescape_once(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    let mut rest = s;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 1..];
        if let Some((c, len)) = reference(tail) {
            out.push(c);
            rest = &tail[len..];
        } else {
            out.push('&');
            rest = tail;
        }
    }
    out.push_str(rest);
    out
}

/// The character of the reference that `tail`, the text after `&`, begins with, and the length of its name and semicolon.
fn reference(tail: &str) -> Option<(char, usize)> {
    let end = tail
        .bytes()
        .take(LONGEST_NAME + 1)
        .position(|b| b == b';')?;
    let name = &tail[..end];
    let c = match name.strip_prefix('#') {
        Some(number) => numeric(number)?,
        None => named(name)?,
    };
    Some((c, end + 1))
}

fn numeric(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    if !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    Some(
        windows_1252(code)
            .unwrap_or_else(|| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
    )
}

/// The common ones of the control characters that browsers read as Windows-1252.
fn windows_1252(code: u32) -> Option<char> {
    Some(match code {
        0x80 => '€',
        0x85 => '…',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x95 => '•',
        0x96 => '–',
        0x97 => '—',
        _ => return None,
    })
}

fn named(name: &str) -> Option<char> {
    NAMED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|&(_, c)| c)
}

const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("aacute", 'á'),
    ("eacute", 'é'),
    ("iacute", 'í'),
    ("oacute", 'ó'),
    ("uacute", 'ú'),
    ("Aacute", 'Á'),
    ("Eacute", 'É'),
    ("Iacute", 'Í'),
    ("Oacute", 'Ó'),
    ("Uacute", 'Ú'),
    ("agrave", 'à'),
    ("egrave", 'è'),
    ("igrave", 'ì'),
    ("ograve", 'ò'),
    ("ugrave", 'ù'),
    ("Agrave", 'À'),
    ("Egrave", 'È'),
    ("Igrave", 'Ì'),
    ("Ograve", 'Ò'),
    ("Ugrave", 'Ù'),
    ("iuml", 'ï'),
    ("uuml", 'ü'),
    ("Iuml", 'Ï'),
    ("Uuml", 'Ü'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("szlig", 'ß'),
    ("ntilde", 'ñ'),
    ("Ntilde", 'Ñ'),
    ("ccedil", 'ç'),
    ("Ccedil", 'Ç'),
    ("middot", '·'),
    ("iexcl", '¡'),
    ("iquest", '¿'),
    ("ordf", 'ª'),
    ("ordm", 'º'),
    ("deg", '°'),
    ("euro", '€'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("hellip", '…'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("bull", '•'),
    ("acute", '´'),
    ("prime", '′'),
    ("times", '×'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("frac12", '½'),
];
