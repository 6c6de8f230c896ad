//! The refresh token, `USERID|UNIX_EXPIRY|HEX` (protocol.md §3). It is secret.

use percent_encoding::percent_decode_str;

use crate::secret::Secret;

/// A refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    secret: Secret,
    user_id: i64,
    expires_at: i64,
}

impl Token {
    /// Parses `digits|digits|hex`, percent-encoded or not; the hex part has 16 to 128 digits, usually 32.
    pub fn parse(text: &str) -> Option<Token> {
        let plain = percent_decode_str(text.trim()).decode_utf8().ok()?;
        let mut parts = plain.split('|');
        let user_id = digits(parts.next()?)?;
        let expires_at = digits(parts.next()?)?;
        let hex = parts.next()?;
        let whole = parts.next().is_none() && (16..=128).contains(&hex.len());
        if !whole || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        Some(Token {
            secret: Secret::new(plain.as_ref()),
            user_id,
            expires_at,
        })
    }

    /// The whole token, for a request or the store.
    pub fn expose(&self) -> &str {
        self.secret.expose()
    }

    /// The id of the account, the first part.
    pub fn user_id(&self) -> i64 {
        self.user_id
    }

    /// The expiry by the server clock in Unix seconds, the second part.
    pub fn expires_at(&self) -> i64 {
        self.expires_at
    }
}

fn digits(part: &str) -> Option<i64> {
    // `parse` alone accepts a sign
    if part.bytes().all(|b| b.is_ascii_digit()) {
        part.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

    #[test]
    fn reads_tokens_plain_and_percent_encoded() {
        for text in [
            GOOD.to_owned(),
            GOOD.replace('|', "%7C"),
            GOOD.replace('|', "%7c"),
            format!(" {GOOD}\n"),
        ] {
            let token = Token::parse(&text).unwrap();
            assert_eq!(
                (token.expose(), token.user_id(), token.expires_at()),
                (GOOD, 69232, 1_766_731_601)
            );
            assert!(!format!("{token:?}").contains("03485f"));
        }
        assert!(Token::parse(&format!("1|2|{}", "a".repeat(128))).is_some());
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
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC*", tail in "[%|0-9a-fé]{0,40}") {
            let _ = Token::parse(&text);
            let _ = Token::parse(&tail);
        }
    }
}
