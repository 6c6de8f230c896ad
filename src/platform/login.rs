//! Logging in by either flow (protocol.md §2). A success needs all its signs; a refusal is told apart from a question that
//! was not answered, because refusals are counted and lock the account. Must never be repeated in here, nor try the other
//! flow: callers decide that.

use serde_json::json;

use super::call::Call;
use super::http::Answer;
use super::lenient::Loose;
use super::redact::Redactor;
use super::refusal::is_key;
use super::{
    BoxRef, Error, Flow, Jar, LoggedIn, LoginError, Platform, Token, account, classify, login_form,
};
use crate::secret::Secret;
use crate::text;

/// What a wrong password is called, whatever the platform says today.
pub(super) const WRONG: &str = "wrong e-mail or password";

/// The signs of success in an answer's body; the cookie is looked for elsewhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Signs {
    /// The first refresh token.
    pub token: Option<Token>,
    /// The boxes it lists; the form flow lists none.
    pub boxes: Vec<BoxRef>,
}

impl Platform {
    /// Logs in, once, with an empty jar. `fingerprint` names the device in every later call of the session.
    ///
    /// The form flow tells no boxes; [`Platform::set_refresh`] is due after either.
    ///
    /// # Errors
    /// [`LoginError`]; only [`LoginError::Refused`] says that the platform judged the password.
    pub fn log_in(
        &self,
        flow: Flow,
        email: &str,
        password: &Secret,
        fingerprint: &str,
    ) -> Result<LoggedIn, LoginError> {
        let host = format!("login.{}", self.domain());
        let mut jar = Jar::default();
        let signs = match flow {
            Flow::Json => {
                let body = json!({"username": email, "password": password.expose(), "fingerprint": fingerprint, "iniframe": 0});
                let url = self.url(&host, "/api/login", &[])?;
                let mut answer =
                    self.exchange(&mut jar, Call::script_login(url).json(body.to_string()))?;
                answer.unsaid.password(password);
                read_json(&answer, self.domain())?
            }
            Flow::Form => {
                let form = login_form::fields(email, password.expose(), fingerprint);
                let url = self.url(&host, "/", &[])?;
                let mut answer = self.exchange(&mut jar, Call::page(url).form(form))?;
                answer.unsaid.password(password);
                login_form::read(&answer, jar.has_login())?
            }
        };
        if !jar.has_login() {
            return Err(LoginError::NoCookie);
        }
        let token = signs.token.ok_or(LoginError::NoToken)?;
        Ok(LoggedIn {
            jar,
            token,
            flow,
            boxes: signs.boxes,
        })
    }
}

/// The answer of the JSON flow (protocol.md §2a).
pub(super) fn read_json(answer: &Answer, domain: &str) -> Result<Signs, LoginError> {
    classify::status(answer)?;
    let not_there = || {
        LoginError::NotThere(format!(
            "{} has no json login (answered {})",
            answer.host, answer.status
        ))
    };
    let Some(object) =
        classify::object(&answer.body).filter(|_| !matches!(answer.status, 404 | 405 | 410))
    else {
        return Err(not_there());
    };
    if classify::says_logout(&object) {
        return Err(Error::LoggedOut.into());
    }
    let body = Loose(object.into());
    refused_by_error(answer, &body.get("error"))?;
    let (auth, info) = (body.get("data").get("auth"), body.get("info"));
    let strange = || {
        LoginError::Failed(Error::Strange(format!(
            "{} did not say whether the login is right",
            answer.host
        )))
    };
    match answer.status {
        200 if auth.get("authOK").yes() => Ok(signs(&body.get("data"), domain)),
        // a password must not count as refused because of an answer that says nothing
        200 | 401 if !auth.get("authOK").yes() && said(&info).is_some() => {
            Err(refusal(&info, answer))
        }
        _ => Err(strange()),
    }
}

fn signs(data: &Loose, domain: &str) -> Signs {
    Signs {
        token: data
            .get("auth")
            .get("refreshToken")
            .raw()
            .as_deref()
            .and_then(Token::parse),
        boxes: account::boxes(&[data.get("userData").get("roles")], domain),
    }
}

/// The `error` of an answer, a text or `{code, message}`; `null` and `false` are none.
fn refused_by_error(answer: &Answer, error: &Loose) -> Result<(), LoginError> {
    let code = error
        .get("code")
        .int()
        .and_then(|code| u16::try_from(code).ok());
    if !error.yes()
        && error.raw().is_none_or(|text| text == "0")
        && error.0.as_object().is_none_or(serde_json::Map::is_empty)
    {
        return Ok(());
    }
    if let Some(status) =
        code.filter(|code| *code == 403 || *code == 429 || (500..600).contains(code))
    {
        classify::status(&Answer {
            status,
            ..answer.clone()
        })?;
    }
    match said(error).as_deref() {
        Some("LOGIN_ERROR_MALFORMED_BODY") => {
            Err(Error::Strange(format!("{} could not read our login", answer.host)).into())
        }
        _ => Err(refusal(error, answer)),
    }
}

/// A text, or the `message` of an object.
fn said(what: &Loose) -> Option<String> {
    what.raw()
        .or_else(|| what.get("message").raw())
        .filter(|text| text.parse::<f64>().is_err() && text != "true")
}

fn refusal(what: &Loose, answer: &Answer) -> LoginError {
    refused(&said(what).unwrap_or_default(), &answer.unsaid)
}

/// A refusal in the platform's words, or in ours where it gives a key or nothing.
pub(super) fn refused(words: &str, unsaid: &Redactor) -> LoginError {
    let words = unsaid.clean(words);
    let message = match words.as_str() {
        "" | "LOGIN_ERROR_LOGIN" => WRONG.to_owned(),
        key if is_key(key) => format!("the platform answered {key}"),
        words => words.to_owned(),
    };
    LoginError::Refused {
        locked: is_locked(&words),
        message,
    }
}

/// *"demasiadas veces"*: too many wrong attempts (protocol.md §2b).
fn is_locked(words: &str) -> bool {
    let folded = text::fold(words).replace('_', " ");
    let signs = [
        "demasiadas",
        "demasiados",
        "too many",
        "massa vegades",
        "massa intents",
        "masses vegades",
        "bloque",
        "locked",
        "blocked",
    ];
    signs.iter().any(|sign| folded.contains(sign))
}

#[cfg(test)]
#[path = "login_tests.rs"]
mod tests;
