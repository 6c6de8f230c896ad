//! The refresh token, `USERID|UNIX_EXPIRY|HEX` (protocol.md §3). It is secret.

use percent_encoding::percent_decode_str;

use crate::secret::Secret;

/// Reads `digits|digits|hex`, percent-encoded or not; the hex part has 16 to 128 digits, usually 32. The second number is the
/// expiry by the server clock in Unix seconds.
pub fn parse_token(text: &str) -> Option<Secret> {
    let plain = percent_decode_str(text.trim()).decode_utf8().ok()?;
    let mut parts = plain.split('|');
    let are_numbers = is_number(parts.next()?) && is_number(parts.next()?);
    let hex = parts.next()?;
    let whole = parts.next().is_none() && (16..=128).contains(&hex.len());
    let is_token = are_numbers && whole && hex.bytes().all(|b| b.is_ascii_hexdigit());
    is_token.then(|| Secret::new(plain))
}

/// Whether this is a number without a sign that fits into 64 bits.
fn is_number(part: &str) -> bool {
    part.bytes().all(|b| b.is_ascii_digit()) && part.parse::<i64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

    #[test]
    fn reads_tokens_plain_and_percent_encoded() {
        for text in [
            GOOD.to_owned(),
            GOOD.replace('|', "%7C"),
            GOOD.replace('|', "%7c"),
            format!(" {GOOD}\n"),
        ] {
            let token = parse_token(&text).unwrap();
            assert_eq!(token.expose(), GOOD);
            assert!(!format!("{token:?}").contains("03485f"));
        }
        assert!(parse_token(&format!("1|2|{}", "a".repeat(128))).is_some());
    }

    #[test]
    fn refuses_what_is_no_token() {
        let long = format!("1|2|{}", "a".repeat(129));
        let bad = [
            "",
            "null",
            "||",
            "1|2",
            "1|2|",
            "1|2|abc",
            "1|2|0123456789abcdeg",
            "+1|2|0123456789abcdef",
            "1|2|0123456789abcdef|",
            "99999999999999999999|2|0123456789abcdef",
            "1|2|0123456789abcdéf",
            "%7C%",
            &long,
        ];
        for text in bad {
            assert_eq!(parse_token(text), None, "{text}");
        }
    }
}
