//! The JSON login (protocol.md, 2a).

use super::super::call::Response;
use super::super::lenient::Loose;
use super::super::{Error, KnownBox, LoginError, account, classify, parse_token};
use super::{not_there, refused};
use crate::config::LoginFlow;
use crate::secret::Secret;

/// Reads the response to a JSON login: the first refresh token and the boxes, if it is accepted. The cookie is checked
/// elsewhere.
///
/// # Errors
/// [`LoginError`]; only [`LoginError::Refused`] means that the platform checked the password.
pub fn read(
    response: &Response,
    domain: &str,
) -> Result<(Option<Secret>, Vec<KnownBox>), LoginError> {
    classify::status(response.status, response)?;
    let Some(object) =
        classify::object(&response.body).filter(|_| !matches!(response.status, 404 | 405 | 410))
    else {
        return Err(not_there(LoginFlow::Json, response));
    };
    if classify::says_logout(&object) {
        return Err(Error::LoggedOut.into());
    }
    let body = object.into();
    let body = Loose(&body);
    refused_by_error(response, body.get("error"))?;
    let (auth, info) = (body.get("data").get("auth"), body.get("info"));
    let strange = || {
        response
            .strange("did not say whether the login is accepted")
            .into()
    };
    match response.status {
        200 if auth.get("authOK").yes() => {
            let token = auth.get("refreshToken").raw();
            let roles = body.get("data").get("userData").get("roles");
            let token = token.as_deref().and_then(parse_token);
            Ok((token, account::boxes(&[roles], domain)))
        }
        // a response that says nothing must not count as a refused password
        200 | 401 if !auth.get("authOK").yes() && said(info).is_some() => {
            Err(refusal(info, response))
        }
        _ => Err(strange()),
    }
}

/// Reads the `error` of a response, a text or `{code, message}`; `null` and `false` mean no error.
fn refused_by_error(response: &Response, error: Loose<'_>) -> Result<(), LoginError> {
    if !error.is_error() {
        return Ok(());
    }
    let code = error.get("code").int().filter(|code| *code < 600);
    if let Some(code) = code.and_then(|code| u16::try_from(code).ok()) {
        classify::status(code, response)?;
    }
    match said(error).as_deref() {
        Some("LOGIN_ERROR_MALFORMED_BODY") => {
            Err(response.strange("could not read the login request").into())
        }
        _ => Err(refusal(error, response)),
    }
}

/// A text, or the `message` of an object; a number or a flag is no text.
fn said(what: Loose<'_>) -> Option<String> {
    what.raw()
        .or_else(|| what.get("message").raw())
        .filter(|text| text.parse::<f64>().is_err() && text != "true")
}

fn refusal(what: Loose<'_>, response: &Response) -> LoginError {
    refused(&said(what).unwrap_or_default(), &response.redactor)
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
