//! Masks secrets in texts of the server: a server that is being debugged, or a foreign one in its place, may answer with the
//! password or the cookies that were sent (promise 8).

use reqwest::Url;

use super::parse_token;
use crate::secret::Secret;

/// Shorter values occur in any text, and masking them hides nothing.
const MIN_COOKIE_LEN: usize = 8;
const MIN_PASSWORD_LEN: usize = 4;
const MASK: &str = "…";

/// The secrets of one call.
#[derive(Debug, Clone, Default)]
pub(super) struct Redactor(Vec<Secret>);

impl Redactor {
    /// Adds the password that was sent: plain, cleaned as the texts of a server are, and as the two logins encode it.
    pub(super) fn password(&mut self, password: &Secret) {
        let plain = password.expose();
        let json = serde_json::to_string(plain).unwrap_or_default();
        let form = form_encoded(plain);
        let spellings = [
            plain.to_owned(),
            crate::text::clean(plain),
            inside_quotes(&json).to_owned(),
            form.replace('+', "%20"),
            form,
        ];
        let spellings = spellings.map(Secret::new).into_iter();
        self.0
            .extend(spellings.filter(|secret| secret.expose().chars().count() >= MIN_PASSWORD_LEN));
    }

    /// Adds the value of a cookie that was sent or set.
    pub(super) fn cookie(&mut self, value: &str) {
        if value.len() >= MIN_COOKIE_LEN && !self.0.iter().any(|it| it.expose() == value) {
            self.0.push(Secret::new(value));
        }
    }

    /// The text without the secrets, and without words that have the form of a token. It takes time in proportion to its length.
    pub(super) fn mask(&self, text: &str) -> String {
        let masked = self.0.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose(), MASK)
        });
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

    /// The text, masked and made safe to show. It is masked before cleaning, which may truncate a secret, and after it,
    /// because a secret may have been written with character references.
    pub(super) fn clean(&self, text: &str) -> String {
        self.mask(&crate::text::clean(&self.mask(text)))
    }
}

fn inside_quotes(json: &str) -> &str {
    let inside = json.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    inside.unwrap_or_default()
}

/// A text as the value of a form's field.
fn form_encoded(text: &str) -> String {
    let Ok(mut url) = Url::parse("https://base.invalid/") else {
        return String::new();
    };
    url.query_pairs_mut().append_key_only(text);
    url.query().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::test_server::TOKEN;

    #[test]
    fn secrets_are_masked_in_every_spelling() {
        let mut redactor = Redactor::default();
        redactor.password(&Secret::new("a<b>&pw"));
        redactor.password(&Secret::new("\"two\" ñ+\""));
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
            ("nothing", "nothing"),
        ];
        for (text, expected) in table {
            assert_eq!(redactor.clean(text), expected, "{text}");
        }
        assert!(!redactor.clean(&long).contains("0123"));
    }
}
