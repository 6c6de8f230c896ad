//! Both login flows (protocol.md §2a and §2b).

use serde_json::{Value, json};

use crate::config::{FailureShape, Iframe, LoginCookie};
use crate::http::{Request, Response, text_or_number};
use crate::texts::Text;
use crate::world::World;
use crate::{pages, sessions};

use super::account;

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Refusal {
    Wrong,
    Locked,
    Malformed,
}

/// Checks a password and counts wrong ones; returns the email address as the platform writes it.
fn check(world: &mut World, mail: &str, password: &str) -> Result<String, Refusal> {
    let account = world
        .account(mail)
        .map(|account| (account.email.clone(), account.password == password));
    let email = account
        .as_ref()
        .map_or_else(|| mail.trim().to_ascii_lowercase(), |found| found.0.clone());
    let limit = world.config.lock_after;
    let wrong = world.wrong.get(&email).copied().unwrap_or(0);
    if limit > 0 && wrong >= limit {
        world.counters.logins_refused += 1;
        return Err(Refusal::Locked);
    }
    if account.is_some_and(|found| found.1) {
        world.wrong.remove(&email);
        world.counters.logins_ok += 1;
        return Ok(email);
    }
    world.counters.logins_refused += 1;
    if world.wrong.len() < 10_000 {
        world.wrong.insert(email, wrong.saturating_add(1));
    }
    Err(if limit > 0 && wrong + 1 >= limit {
        Refusal::Locked
    } else {
        Refusal::Wrong
    })
}

fn text(world: &World, mail: &str, refusal: Refusal) -> &'static str {
    let text = if refusal == Refusal::Locked {
        Text::Locked
    } else {
        Text::WrongCredentials
    };
    world.language(Some(mail)).text(text)
}

/// `POST /api/login`
pub(crate) fn json(world: &mut World, request: &Request, now: i64) -> Response {
    if !world.config.json_login {
        let off = world
            .config
            .json_login_off
            .as_u64()
            .and_then(|status| u16::try_from(status).ok());
        return Response::html_status(off.unwrap_or(200), pages::marketing());
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let field = |name: &str| text_or_number(&body[name]);
    let (Some(mail), Some(password)) = (field("username"), field("password")) else {
        return json_refusal(world, "", Refusal::Malformed);
    };
    match check(world, &mail, &password) {
        Err(refusal) => json_refusal(world, &mail, refusal),
        Ok(email) => {
            let fingerprint = field("fingerprint").unwrap_or_default();
            let at = sessions::start(world, &email, &fingerprint, now);
            let response = match world.config.login_cookie {
                LoginCookie::Redirect => redirect(world, request, "/api/login/done"),
                _ => json_success(world, at),
            };
            sessions::with_login_cookies(world, at, now, response)
        }
    }
}

fn json_success(world: &World, at: usize) -> Response {
    let session = &world.sessions[at];
    let mut auth = json!({ "authOK": true });
    if world.config.login_token {
        auth["refreshToken"] = Value::from(session.token.clone());
    }
    let user = account::user_data(world, &session.account);
    Response::json(&json!({ "data": { "userData": user, "auth": auth }, "info": null }))
}

fn json_refusal(world: &World, mail: &str, refusal: Refusal) -> Response {
    let message = match refusal {
        Refusal::Wrong => "LOGIN_ERROR_LOGIN",
        Refusal::Malformed => "LOGIN_ERROR_MALFORMED_BODY",
        Refusal::Locked => text(world, mail, refusal),
    };
    let code = if refusal == Refusal::Malformed {
        400
    } else {
        401
    };
    let error = json!({ "error": { "code": code, "message": message } });
    match world.config.login_failure_shape {
        FailureShape::Unauthorized => Response::json_status(code, &error),
        FailureShape::OkError => Response::json(&error),
        FailureShape::OkAuthFalse => {
            let info = if refusal == Refusal::Malformed {
                message
            } else {
                text(world, mail, refusal)
            };
            Response::json(&json!({ "data": { "auth": { "authOK": false } }, "info": info }))
        }
    }
}

/// `GET /login`: the form, if it is switched on.
pub(crate) fn page(world: &World) -> Response {
    Response::html(if world.config.form_login {
        pages::login("")
    } else {
        pages::marketing()
    })
}

/// `POST /` or `/login` with the form.
pub(crate) fn form(world: &mut World, request: &Request, now: i64) -> Response {
    if !world.config.form_login {
        return Response::html(pages::marketing());
    }
    let field = |name: &str| request.field(name).unwrap_or_default();
    let mail = field("mail");
    match check(world, &mail, &field("pw")) {
        Err(refusal) => Response::html(pages::login(text(world, &mail, refusal))),
        Ok(email) => {
            let at = sessions::start(world, &email, &field("loginfingerprint"), now);
            let response = match world.config.login_cookie {
                LoginCookie::Redirect => redirect(world, request, "/login/done"),
                _ => form_success(world, request, at),
            };
            sessions::with_login_cookies(world, at, now, response)
        }
    }
}

fn form_success(world: &World, request: &Request, at: usize) -> Response {
    let session = &world.sessions[at];
    // the login host and the boxes serve setrefresh too, so that a relative address works
    let origin = format!("{}://{}{}", world.scheme, world.domain, request.port_suffix);
    let (origin, encoded) = match world.config.iframe {
        Iframe::Relative => ("", false),
        Iframe::Encoded => ("", true),
        Iframe::Absolute => (origin.as_str(), false),
        Iframe::AbsoluteEncoded => (origin.as_str(), true),
    };
    let src = pages::iframe_src(origin, &session.token, &session.fingerprint, encoded);
    Response::html(pages::logged_in(
        world.config.login_token.then_some(src.as_str()),
    ))
}

/// The redirect that sets the cookies if `login_cookie` is `redirect`.
fn redirect(world: &World, request: &Request, path: &str) -> Response {
    let to = format!(
        "{}://{}{}{path}",
        world.scheme, world.domain, request.port_suffix
    );
    Response::html_status(302, "").with("Location", to)
}

/// The target of the redirect of a JSON login, which needs the cookie.
pub(crate) fn json_done(world: &World, request: &Request) -> Response {
    match world.cookie_session(request) {
        Some(at) => json_success(world, at),
        None => json_refusal(world, "", Refusal::Wrong),
    }
}

/// The target of the redirect of a form login.
pub(crate) fn form_done(world: &World, request: &Request) -> Response {
    match world.cookie_session(request) {
        Some(at) => form_success(world, request, at),
        None => Response::html(pages::login("")),
    }
}
