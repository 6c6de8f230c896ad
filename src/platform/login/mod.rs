//! Logging in by either flow (protocol.md, section 2).
//!
//! A login is accepted only if the status, the body, the cookie and the token all say so. A refusal is distinguished from a
//! request that got no usable response, because refusals are counted and lock the account. A login is sent once: callers
//! decide whether to repeat it or to use the other flow.

pub(super) mod form;
pub(super) mod json;

use super::call::Response;
use super::redact::Redactor;
use super::refusal::is_key;
use super::{Jar, KnownBox, LoginError, Platform};
use crate::config::LoginFlow;
use crate::secret::Secret;
use crate::text;

/// What an accepted login needs.
const COOKIE: &str = "login cookie";
const TOKEN: &str = "refresh token";

/// The message for a wrong password, whatever the platform answers.
const WRONG: &str = "wrong e-mail or password";

impl Platform {
    /// Sends one login, with an empty jar. `fingerprint` names the device in every later call of the session.
    ///
    /// Returns the cookies, the first refresh token, and the boxes; the form flow lists none. [`Platform::set_refresh`] must
    /// follow either flow.
    ///
    /// # Errors
    /// [`LoginError`]; only [`LoginError::Refused`] means that the platform checked the password.
    pub fn log_in(
        &self,
        flow: LoginFlow,
        email: &str,
        password: &Secret,
        fingerprint: &str,
    ) -> Result<(Jar, Secret, Vec<KnownBox>), LoginError> {
        let host = format!("login.{}", self.domain());
        let mut jar = Jar::default();
        let (token, boxes) = match flow {
            LoginFlow::Json => {
                let body = serde_json::json!({
                    "username": email, "password": password.expose(), "fingerprint": fingerprint, "iniframe": 0
                });
                let call = self.script(&host, "/api/login", &[])?;
                let mut response = self.exchange(&mut jar, call.json(body.to_string()))?;
                response.redactor.password(password);
                json::read(&response, self.domain())?
            }
            LoginFlow::Form => {
                let fields = form::fields(email, password.expose(), fingerprint);
                let call = self.page(&host, "/", &[])?;
                let mut response = self.exchange(&mut jar, call.form(&fields))?;
                response.redactor.password(password);
                (Some(form::read(&response, jar.has_login())?), Vec::new())
            }
        };
        if !jar.has_login() {
            return Err(LoginError::Without(COOKIE));
        }
        let token = token.ok_or(LoginError::Without(TOKEN))?;
        Ok((jar, token, boxes))
    }
}

/// The error of a response that is not one of this flow, so that the other flow may exist.
fn not_there(flow: LoginFlow, response: &Response) -> LoginError {
    let (host, status) = (&response.host, response.status);
    LoginError::NotThere(match status {
        200 | 404 | 405 | 410 => format!("{host} has no {flow} login (answered {status})"),
        _ => format!("{host} answered the {flow} login with {status}"),
    })
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
