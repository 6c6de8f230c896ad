//! Logging in by either flow (protocol.md, section 2).
//!
//! A login is accepted only if the status, the body, the cookie and the token all say so. A refusal is distinguished from a
//! request that got no usable response, because refusals are counted and lock the account. A login is sent once: callers
//! decide whether to repeat it or to use the other flow.

pub(super) mod form;
pub(super) mod json;

use super::call::Call;
use super::redact::Redactor;
use super::refusal::is_key;
use super::{BoxRef, Flow, Jar, LoggedIn, LoginError, Platform};
use crate::secret::Secret;
use crate::text;

/// The message for a wrong password, whatever the platform answers.
const WRONG: &str = "wrong e-mail or password";

/// What the body of an accepted login holds; the cookie is checked elsewhere.
#[derive(Debug, PartialEq, Eq)]
pub struct Signs {
    /// The first refresh token.
    pub token: Option<Secret>,
    /// The boxes that it lists; the form flow lists none.
    pub boxes: Vec<BoxRef>,
}

impl Platform {
    /// Sends one login, with an empty jar. `fingerprint` names the device in every later call of the session.
    ///
    /// The form flow lists no boxes. [`Platform::set_refresh`] must follow either flow.
    ///
    /// # Errors
    /// [`LoginError`]; only [`LoginError::Refused`] means that the platform checked the password.
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
                let body = serde_json::json!({
                    "username": email, "password": password.expose(), "fingerprint": fingerprint, "iniframe": 0
                });
                let url = self.url(&host, "/api/login", &[])?;
                let mut answer =
                    self.exchange(&mut jar, Call::script_login(url).json(body.to_string()))?;
                answer.redactor.password(password);
                json::read(&answer, self.domain())?
            }
            Flow::Form => {
                let fields = form::fields(email, password.expose(), fingerprint);
                let url = self.url(&host, "/", &[])?;
                let mut answer = self.exchange(&mut jar, Call::page(url).form(fields))?;
                answer.redactor.password(password);
                form::read(&answer, jar.has_login())?
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

/// A refusal with the platform's text, or with one of ours where it gives a key or nothing.
fn refused(words: &str, redactor: &Redactor) -> LoginError {
    let words = redactor.clean(words);
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

/// Whether a refusal means too many wrong attempts: *"demasiadas veces"* (protocol.md, 2b).
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
