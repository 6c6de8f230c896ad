//! The form login (protocol.md, 2b).
//!
//! The page of an accepted login has the token in the address of an iframe. A refused login has a text in `#loginErrors`,
//! which is present and empty on other pages too. A page with neither, such as the marketing page, is no form login.

use reqwest::Url;

use super::super::call::Response;
use super::super::html;
use super::super::{LoginError, classify, parse_token};
use super::{COOKIE, TOKEN, not_there, refused};
use crate::config::LoginFlow;
use crate::secret::Secret;

/// The fields of the form.
pub(super) fn fields<'a>(
    email: &'a str,
    password: &'a str,
    fingerprint: &'a str,
) -> [(&'a str, &'a str); 5] {
    [
        ("login", "Iniciar sesión"),
        ("loginfingerprint", fingerprint),
        ("loginiframe", "0"),
        ("mail", email),
        ("pw", password),
    ]
}

/// Reads the response to a form login: the first refresh token, if it is accepted. `cookie`: whether it set the login cookie.
///
/// # Errors
/// [`LoginError`]; only [`LoginError::Refused`] means that the platform checked the password.
pub fn read(response: &Response, cookie: bool) -> Result<Secret, LoginError> {
    classify::status(response.status, response)?;
    let not_there = not_there(LoginFlow::Form, response);
    if matches!(response.status, 404 | 405 | 410) {
        return Err(not_there);
    }
    let page = String::from_utf8_lossy(&response.body);
    let token = html::attributes(&page, "iframe", "src").find_map(|src| token_in(&src));
    let errors = html::text_by_id(&page, "loginErrors");
    let good = cookie && token.is_some();
    if !good && !errors.is_empty() {
        return Err(refused(&errors, &response.redactor));
    }
    let text = classify::page(response)?;
    match (token, cookie) {
        (None, true) => Err(LoginError::Without(TOKEN)),
        (None, false) if text.contains("setrefresh?") => Err(LoginError::Without(COOKIE)),
        (None, false) => Err(not_there),
        (Some(token), _) => Ok(token),
    }
}

/// The token in `/setrefresh?token=…`, absolute or relative.
fn token_in(src: &str) -> Option<Secret> {
    // the base only completes a relative address; nothing is fetched
    let url = Url::parse("https://base.invalid/")
        .ok()?
        .join(src.trim())
        .ok()?;
    let token = url
        .query_pairs()
        .find(|(name, _)| name == "token")
        .map(|(_, value)| value.into_owned());
    token
        .filter(|_| url.path().ends_with("/setrefresh"))
        .as_deref()
        .and_then(parse_token)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Error, test_server::answered};
    use super::*;

    const GOOD: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

    fn frame(src: &str) -> String {
        format!("<html><span id=\"loginErrors\"></span><iframe src=\"{src}\"></iframe></html>")
    }

    #[test]
    fn finds_the_token_in_every_spelling() {
        let encoded = GOOD.replace('|', "%7C");
        let sources = [
            format!("/setrefresh?token={GOOD}&fingerprint=FP&user=69232&refresh=1"),
            format!("/setrefresh?fingerprint=FP&amp;token={encoded}&amp;user=69232"),
            format!("https://aimharder.com/setrefresh?token={GOOD}&fingerprint=FP"),
            format!("//aimharder.com/setrefresh?token={encoded}"),
            format!(" setrefresh?token={}", encoded.replace('%', "%25")),
        ];
        for src in sources {
            let token = read(&answered(&frame(&src)), true).unwrap();
            assert_eq!(token.expose(), GOOD, "{src}");
        }
    }

    #[test]
    fn refusals_are_distinguished_from_missing_forms() {
        let refusal = |message: &str, locked| LoginError::Refused {
            message: message.to_owned(),
            locked,
        };
        let errors = |text: &str| {
            format!("<form><span id=loginErrors> {text} </span><input name=pw></form>")
        };
        let strange = |status| Error::Strange(format!("h answered {status}")).into();
        let not_there =
            |status| LoginError::NotThere(format!("h has no form login (answered {status})"));
        let good = frame(&format!("/setrefresh?token={GOOD}"));
        let table = [
            (
                200,
                errors("Correo electrónico y/o contraseña <b>incorrecto</b>"),
                false,
                refusal("Correo electrónico y/o contraseña incorrecto", false),
            ),
            (
                200,
                errors("Lo has intentado demasiadas veces"),
                false,
                refusal("Lo has intentado demasiadas veces", true),
            ),
            (
                200,
                errors("Wrong email and/or password"),
                true,
                refusal("Wrong email and/or password", false),
            ),
            (
                401,
                errors("Wrong email and/or password"),
                false,
                refusal("Wrong email and/or password", false),
            ),
            (401, String::new(), false, strange(401)),
            (401, "<h1>401</h1>".to_owned(), false, strange(401)),
            (401, errors(""), false, strange(401)),
            (200, errors(""), false, not_there(200)),
            (
                200,
                "<html><h1>Train</h1></html>".to_owned(),
                false,
                not_there(200),
            ),
            (200, String::new(), false, not_there(200)),
            (404, good.clone(), true, not_there(404)),
            (
                200,
                "<html></html>".to_owned(),
                true,
                LoginError::Without(TOKEN),
            ),
            (
                200,
                frame("/setrefresh?token=odd"),
                true,
                LoginError::Without(TOKEN),
            ),
            (
                200,
                frame("/setrefresh?token=odd"),
                false,
                LoginError::Without(COOKIE),
            ),
            (403, good.clone(), true, Error::Blocked.into()),
            (
                503,
                good.clone(),
                true,
                Error::Busy {
                    status: 503,
                    retry_after: None,
                }
                .into(),
            ),
            (
                400,
                good,
                true,
                Error::Strange("h answered 400".to_owned()).into(),
            ),
            (
                200,
                r#"{"logout":1}"#.to_owned(),
                false,
                Error::LoggedOut.into(),
            ),
        ];
        for (status, body, cookie, error) in table {
            assert_eq!(
                read(&Response::new("h", status, body.as_bytes()), cookie),
                Err(error),
                "{status} {body}"
            );
        }
    }
}
