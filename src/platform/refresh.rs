//! Keeping a session alive: `setrefresh` after every login, and `tokenUpdate` before the token is stale (protocol.md §2c, §3).
//!
//! A token may be invalid once it has been sent: callers hold the lock of the session and store the new token at once.

use super::call::{Response, lost};
use super::lenient::Loose;
use super::{Cause, Error, Jar, Platform, Result, classify, parse_token};
use crate::secret::Secret;

impl Platform {
    /// `GET /setrefresh`: prolongs the session. The token that it returns replaces the old one, and usually equals it.
    ///
    /// # Errors
    /// As for a page; [`super::Error::Strange`] if the page stores no token, which means that it failed.
    pub fn set_refresh(&self, jar: &mut Jar, token: &Secret, fingerprint: &str) -> Result<Secret> {
        let query = [("token", token.expose()), ("fingerprint", fingerprint)];
        let call = self.page(self.domain(), "/setrefresh", &query)?;
        self.ask(jar, call, read_set_refresh)
    }

    /// `POST /api/tokenUpdate`: returns the new token and adds its cookies to `jar`. Callers store both together, at once.
    ///
    /// # Errors
    /// Those of an API call. [`super::Error::LoggedOut`] means that this session is dead; [`super::Error::Strange`] that the
    /// response has neither a token nor a logout, and that the old token is still valid.
    pub fn token_update(&self, jar: &mut Jar, token: &Secret, fingerprint: &str) -> Result<Secret> {
        let form = [
            ("token", token.expose()),
            ("fingerprint", fingerprint),
            ("ciclo", "1"),
        ];
        let call = self.script(self.domain(), "/api/tokenUpdate", &[])?;
        self.ask(jar, call.form(&form), read_token_update)
    }
}

/// Reads the response to a token update. A `newToken` counts whatever the status is and whatever is beside it, except a logout. A
/// success that is empty or cut off, and a token that is cut off or cannot be read, are [`super::Error::Lost`]: the old token may
/// have been replaced (promise 5).
///
/// # Errors
/// As for [`Platform::token_update`].
pub fn read_token_update(response: &Response) -> Result<Secret> {
    if classify::is_login_page(response) {
        return Err(Error::LoggedOut);
    }
    if classify::may_hold_token(response) {
        return Err(lost(&response.host, Cause::CutOff));
    }
    let object = classify::object(&response.body).filter(|object| !classify::says_logout(object));
    let Some(new) = object.and_then(|object| Loose(object.get("newToken")?).raw()) else {
        classify::data(response)?;
        return Err(response.strange("answered a token update without a token"));
    };
    parse_token(&new).ok_or_else(|| {
        let cause = Cause::Other("the new token cannot be read".to_owned());
        lost(&response.host, cause)
    })
}

/// Reads the response to `setrefresh`: the token that its script stores.
///
/// # Errors
/// As for [`Platform::set_refresh`].
pub fn read_set_refresh(response: &Response) -> Result<Secret> {
    classify::or_login_page(response, read_stored_token(response))
}

fn read_stored_token(response: &Response) -> Result<Secret> {
    let page = classify::page(response)?;
    let calls = page.split("setItem").skip(1);
    let tokens = calls.filter_map(|call| {
        let (name, rest) = quoted(call.trim_start().strip_prefix('(')?)?;
        let (value, _) = quoted(rest.trim_start().strip_prefix(',')?)?;
        parse_token(value).filter(|_| name == "refreshToken")
    });
    // a browser keeps the last one
    let token = tokens.last();
    token.ok_or_else(|| response.strange("answered setrefresh without its script"))
}

/// A text in any quotes of JavaScript, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next()?;
    let rest = text.strip_prefix(['"', '\'', '`'])?;
    rest.split_once(quote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{Error, test_server::answered};

    const TOKEN: &str = "69232|1766731601|03485f300f1a53a7e34143a0af9d2592";

    #[test]
    fn reads_the_setrefresh_script_in_every_style() {
        let pages = [
            format!(
                r#"<script>localStorage.setItem("refreshToken", "{TOKEN}");
                localStorage.setItem("fingerprint", "FP");</script>"#
            ),
            format!(
                "<script>localStorage.setItem('fingerprint','FP');localStorage.setItem('refreshToken','{TOKEN}')</script>"
            ),
            format!("window.localStorage . setItem ( 'refreshToken' ,\n \"{TOKEN}\" )"),
            format!("localStorage.setItem(`refreshToken`, `{TOKEN}`)"),
            format!(
                r#"localStorage.setItem("refreshToken", ""); localStorage.setItem("refreshToken", "{TOKEN}")"#
            ),
            format!(
                r#"setItem("it's", "x"); localStorage.setItem("refreshToken", "{}")"#,
                TOKEN.replace('|', "%7C")
            ),
        ];
        for page in pages {
            let page = page.replace(" . setItem", ".setItem");
            assert_eq!(
                read_set_refresh(&answered(&page))
                    .map(|t| t.expose().to_owned())
                    .as_deref(),
                Ok(TOKEN),
                "{page}"
            );
        }
    }

    #[test]
    fn a_page_without_the_script_failed() {
        let pages = [
            "",
            "<html><form><input name=pw></form></html>",
            r#"localStorage.setItem("refreshToken", "")"#,
            r#"localStorage.setItem("refreshToken", null)"#,
            r#"localStorage.setItem("fingerprint", "FP")"#,
            r#"localStorage.setItem("refreshToken", "69232|17"#,
            "setItem(",
        ];
        for page in pages {
            assert!(
                matches!(read_set_refresh(&answered(page)), Err(Error::Strange(_))),
                "{page}"
            );
        }
        let login_page = r#"<span id="loginErrors"></span><input name="pw">"#;
        for page in [r#"{"logout":1}"#, login_page] {
            let read = read_set_refresh(&answered(page));
            assert_eq!(read, Err(Error::LoggedOut), "{page}");
        }
    }

    #[test]
    fn token_updates() {
        let new = |beside: &str| format!(r#"{{"newToken":"{TOKEN}"{beside}}}"#);
        let unreadable = r#"{"newToken":"abc","logout":[]}"#;
        let table = [
            (200, new(""), "new"),
            (200, new(r#","error":{"code":500}"#), "new"),
            (200, new(r#","logout":0"#), "new"),
            (200, new(r#","logout":[]"#), "new"),
            (200, new(r#","logout":{}"#), "new"),
            (200, new(r#","logout":"no""#), "new"),
            (200, new(r#","logout":"expired""#), "new"),
            (201, new(""), "new"),
            (302, new(""), "new"),
            (503, new(""), "new"),
            (200, new(r#","logout":"1""#), "logged out"),
            (200, r#"{"logout":1}"#.to_owned(), "logged out"),
            (200, r#"{"logout":true}"#.to_owned(), "logged out"),
            (200, r#"{"logout":[]}"#.to_owned(), "neither"),
            (200, "{}".to_owned(), "neither"),
            (200, r#"{"newToken":null}"#.to_owned(), "neither"),
            (200, r#"{"newToken":""}"#.to_owned(), "neither"),
            (200, r#"{"error":{"code":401}}"#.to_owned(), "neither"),
            (200, r#"{"error":{"code":7}}"#.to_owned(), "neither"),
            (200, "<html>".to_owned(), "neither"),
            (200, r#"{"error":{"code":500}}"#.to_owned(), "lost"),
            (200, r#"{"error":{"code":"502"}}"#.to_owned(), "lost"),
            (200, r#"{"error":{"code":504}}"#.to_owned(), "lost"),
            (504, "{}".to_owned(), "lost"),
            (200, r#"{"error":{"code":503}}"#.to_owned(), "not served"),
            (503, "{}".to_owned(), "not served"),
            (200, String::new(), "lost"),
            (204, String::new(), "lost"),
            (502, r#"{"newToken":"abc"}"#.to_owned(), "lost"),
            (200, "\u{feff} ".to_owned(), "lost"),
            (200, r#"{"newToken":"69232|17"#.to_owned(), "lost"),
            (200, r#"{"newToken":"abc"}"#.to_owned(), "lost"),
            (503, r#"{"newToken":"69232|17"#.to_owned(), "lost"),
            (404, r#"{"newToken":"69232|17"#.to_owned(), "lost"),
            (503, format!("<b>Warning</b> {}", new("")), "lost"),
            (429, format!("<b>Warning</b> {}", new("")), "lost"),
            (403, format!("<b>Warning</b> {}", new("")), "lost"),
            (503, String::new(), "not served"),
            (503, r#"{"a":"#.to_owned(), "not served"),
            (404, String::new(), "neither"),
            (200, unreadable.to_owned(), "lost"),
            (
                200,
                format!("<b>Warning</b>: x in y.php {unreadable}"),
                "lost",
            ),
        ];
        for (status, body, expected) in table {
            let read = match read_token_update(&Response::new("h", status, body.as_bytes())) {
                Ok(token) if token == Secret::new(TOKEN) => "new",
                Err(Error::LoggedOut) => "logged out",
                Err(Error::Strange(_)) => "neither",
                Err(e) if e.is_response_lost() => "lost",
                Err(e) if e.is_worth_retry() => "not served",
                other => panic!("{status} {body}: {other:?}"),
            };
            assert_eq!(read, expected, "{status} {body}");
        }
    }
}
