//! What is the same for every response, before its content is read: whether it is usable, and whether the session is alive.
//! `logout` is looked for first, whatever the status is (protocol.md §1, §8).

use serde_json::{Map, Value};

use super::call::Response;
use super::html;
use super::lenient::Loose;
use super::{Error, Result};
use crate::http_client;

/// The JSON object of an API call: the status is 200 and the object has no `logout`. The code of an `error` object that
/// reports an outage or a missing login (500 to 599, 401) counts as the status: the response does not answer the request.
///
/// # Errors
/// [`Error::LoggedOut`], [`Error::Blocked`], [`Error::Busy`], or [`Error::Strange`] for any other status or content.
pub(super) fn data(response: &Response) -> Result<Value> {
    let object = gate(response).and_then(|object| {
        object.ok_or_else(|| response.strange(format!("answered with {}", kind(&response.body))))
    });
    let data = or_login_page(response, object.map(Value::Object))?;
    let code = Loose(&data).get("error").get("code").int();
    match code.and_then(|code| u16::try_from(code).ok()) {
        Some(code @ 500..600) => status(code, response).map(|()| data),
        Some(401) => Err(response.strange("answered 401")),
        _ => Ok(data),
    }
}

/// The text of a page: the status is 200 and the text is not a JSON object with `logout`.
///
/// # Errors
/// As [`data`], except that HTML is accepted.
pub(super) fn page(response: &Response) -> Result<String> {
    gate(response)?;
    Ok(String::from_utf8_lossy(&response.body).into_owned())
}

/// The result of reading a response, except that an unusable response which is the platform's login page is a logout.
pub(super) fn or_login_page<T>(response: &Response, result: Result<T>) -> Result<T> {
    match result {
        Err(Error::Strange(_)) if is_login_page(response) => Err(Error::LoggedOut),
        other => other,
    }
}

/// Checks `logout` and the status; returns the JSON object if the body is one. A 401 alone says nothing about the session: a
/// proxy, a captive portal or a maintenance page may have sent it (promise 12).
fn gate(response: &Response) -> Result<Option<Map<String, Value>>> {
    let object = object(&response.body);
    if object.as_ref().is_some_and(says_logout) {
        return Err(Error::LoggedOut);
    }
    status(response.status, response)?;
    match response.status {
        200 if object.as_ref().is_some_and(has_unknown_logout) => {
            Err(response.strange("answered with an unknown `logout`"))
        }
        200 => Ok(object),
        other => Err(response.strange(format!("answered {other}"))),
    }
}

/// Whether the response is the platform's login page, or a redirect to it. Requests go to the platform's hosts only, and
/// the names in the form distinguish its page from that of a proxy or a captive portal.
pub(super) fn is_login_page(response: &Response) -> bool {
    if response.to_login || !matches!(response.status, 200 | 401) {
        return response.to_login;
    }
    let text = String::from_utf8_lossy(&response.body);
    let is_ours = text.contains("loginErrors") || text.contains("loginfingerprint");
    is_ours && html::attributes(&text, "input", "name").any(|name| name == "pw")
}

/// The statuses that mean the same for every endpoint: the address is blocked, or the platform is unavailable.
pub(super) fn status(status: u16, response: &Response) -> Result<()> {
    match status {
        403 => Err(Error::Blocked),
        status if status == 429 || status >= 500 => Err(Error::Busy {
            status,
            retry_after: http_client::retry_after(&response.headers),
        }),
        _ => Ok(()),
    }
}

/// The body as a JSON object. A byte order mark and invalid UTF-8 inside a text are accepted.
pub(super) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with('{') {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Whether the server may have replaced the token although the body is not a JSON object: the body names a new token, or the
/// status is a success and the body is empty or begins as an object.
pub(super) fn may_hold_token(response: &Response) -> bool {
    let text = String::from_utf8_lossy(&response.body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let is_success = matches!(response.status, 200..300);
    let is_part = is_success && (text.is_empty() || text.starts_with('{'));
    (is_part || text.contains("newToken")) && object(&response.body).is_none()
}

/// `{"logout":1}`, also `"1"` and `true`: the session is dead.
pub(super) fn says_logout(object: &Map<String, Value>) -> bool {
    object.get("logout").is_some_and(|v| Loose(v).yes())
}

/// Whether `logout` is neither set nor unset: it may mean that the session is dead, and proves neither (promise 12).
fn has_unknown_logout(object: &Map<String, Value>) -> bool {
    object.get("logout").is_some_and(|value| {
        let value = Loose(value);
        let is_false = value
            .raw()
            .is_some_and(|text| text.eq_ignore_ascii_case("false"));
        !value.is_nothing() && value.int().is_none() && !value.yes() && !is_false
    })
}

/// Describes a body that is not a JSON object, for a message.
fn kind(body: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(&body[..body.len().min(512)]);
    match text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .chars()
        .next()
    {
        None => "an empty body",
        Some('<') => "a web page instead of JSON",
        Some('{') => "truncated or damaged JSON",
        Some(_) => "something other than a JSON object",
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Display;

    use super::*;

    const LOGIN_PAGE: &str = "<form><span id=\"loginErrors\"></span><input name=\"mail\">\n\
        <input type=\"password\" name=\"pw\"></form>";

    fn response(status: u16, body: &[u8]) -> Response {
        Response::new("h", status, body)
    }

    fn busy(status: u16) -> Error {
        Error::Busy {
            status,
            retry_after: None,
        }
    }

    fn strange(answered: impl Display) -> Error {
        Error::Strange(format!("h answered {answered}"))
    }

    #[test]
    fn content_before_status() {
        let html = || strange("with a web page instead of JSON");
        let unknown = || strange("with an unknown `logout`");
        let damaged = || strange("with truncated or damaged JSON");
        let other = || strange("with something other than a JSON object");
        let empty = || strange("with an empty body");
        let table = [
            (200, r#"{"logout":1}"#, Error::LoggedOut),
            (200, r#"{"logout":"1"}"#, Error::LoggedOut),
            (200, r#"{"logout":true}"#, Error::LoggedOut),
            (200, r#"{"logout":"true","bookState":1}"#, Error::LoggedOut),
            (200, "\u{feff} {\"logout\": 1}\n", Error::LoggedOut),
            (302, r#"{"logout":1}"#, Error::LoggedOut),
            (403, r#"{"logout":1}"#, Error::LoggedOut),
            (429, r#"{"logout":1}"#, Error::LoggedOut),
            (503, r#"{"logout":1}"#, Error::LoggedOut),
            (401, r#"{"logout":1}"#, Error::LoggedOut),
            (401, LOGIN_PAGE, Error::LoggedOut),
            (200, LOGIN_PAGE, Error::LoggedOut),
            (
                200,
                "<form><INPUT type=password name='pw'/><input name=loginfingerprint></form>",
                Error::LoggedOut,
            ),
            (503, LOGIN_PAGE, busy(503)),
            (401, "", strange(401)),
            (401, "<h1>401</h1>", strange(401)),
            (401, "{}", strange(401)),
            (401, r#"{"error":{"code":401}}"#, strange(401)),
            (401, r#"{"logout":0}"#, strange(401)),
            (
                200,
                "<iframe src=/x><noscript><img><span id=loginErrors></span><input name=pw>",
                Error::LoggedOut,
            ),
            (
                200,
                "<form><input name=user><input name=pw type=password></form>",
                html(),
            ),
            (
                200,
                "<span id=loginErrors></span><input name=pwd><p name=pw>",
                html(),
            ),
            (
                200,
                "<span id=loginErrors></span><!-- <input name=pw> --><script>'<input name=pw>'</script>",
                html(),
            ),
            (
                200,
                r#"{"logout":{"reason":"expired"},"bookState":1}"#,
                unknown(),
            ),
            (200, r#"{"logout":"expired"}"#, unknown()),
            (503, r#"{"logout":[]}"#, busy(503)),
            (200, r#"{"error":{"code":503},"bookings":[]}"#, busy(503)),
            (
                200,
                r#"{"error":{"code":"500","message":"Internal Server Error"}}"#,
                busy(500),
            ),
            (
                200,
                r#"{"error":{"code":401,"message":"LOGIN_REQUIRED"}}"#,
                strange(401),
            ),
            (403, "<html>", Error::Blocked),
            (429, "", busy(429)),
            (500, r#"{"bookState":1}"#, busy(500)),
            (504, "<html>", busy(504)),
            (302, "", strange(302)),
            (404, r#"{"a":1}"#, strange(404)),
            (404, LOGIN_PAGE, strange(404)),
            (201, r#"{"bookState":1}"#, strange(201)),
            (200, "", empty()),
            (200, " \n", empty()),
            (200, "<!DOCTYPE html>", html()),
            (200, r#"{"bookState":1"#, damaged()),
            (200, r#"{"a":1}{"logout":1}"#, damaged()),
            (200, r#"[{"logout":1}]"#, other()),
            (200, "null", other()),
        ];
        for (status, body, error) in table {
            assert_eq!(
                data(&response(status, body.as_bytes())).unwrap_err(),
                error,
                "{status} {body}"
            );
        }
        for alive in [
            r#"{"logout":0}"#,
            r#"{"logout":"0"}"#,
            r#"{"logout":false}"#,
            r#"{"logout":null}"#,
            r#"{"logout":" False "}"#,
            r#"{"error":{"code":7}}"#,
            "{}",
        ] {
            assert!(data(&response(200, alive.as_bytes())).is_ok(), "{alive}");
        }
    }

    #[test]
    fn a_redirect_to_the_login_page_is_a_logout() {
        let redirect = |to_login| Response {
            to_login,
            ..response(302, b"")
        };
        assert_eq!(data(&redirect(true)).unwrap_err(), Error::LoggedOut);
        assert_eq!(data(&redirect(false)).unwrap_err(), strange(302));
    }

    #[test]
    fn broken_utf8_in_a_text_does_not_spoil_the_answer() {
        assert!(data(&response(200, b"{\"errorMssg\":\"antelaci\xf3n\"}")).is_ok());
        assert!(page(&response(200, b"<p>antelaci\xf3n</p>")).is_ok());
        assert_eq!(
            page(&response(200, br#"{"logout":1}"#)),
            Err(Error::LoggedOut)
        );
    }

    #[test]
    fn no_depth_overflows_the_stack() {
        let body = "{\"a\":".repeat(5000);
        assert!(data(&response(200, body.as_bytes())).is_err());
    }
}
