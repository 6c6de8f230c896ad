//! Sessions: login, `setrefresh`, token update (protocol.md §2c and §3). A replaced token that is presented again ends its
//! session.

use crate::clock;
use crate::config::LoginCookie;
use crate::http::{Request, Response};
use crate::model::Session;
use crate::world::World;

const TOKEN_DAYS: i64 = 90;

/// The login that the cookies of a request prove.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Auth {
    /// No login, or a dead one.
    None,
    /// A login before the `setrefresh` that boxes require (`require_setrefresh`).
    Unset(String),
    Account(String),
}

/// The result of presenting a token.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Presented {
    Good(usize),
    /// A token that was never issued: refused, without ending the session.
    Unknown,
    Logout,
    Lapsed,
}

/// 32 random hexadecimal digits.
pub(crate) fn hex() -> String {
    format!("{:032x}", fastrand::u128(..))
}

fn new_token(user: u64, now: i64) -> String {
    let expiry = now.div_euclid(1000) + TOKEN_DAYS * 86_400;
    format!("{user}|{expiry}|{}", hex())
}

fn expired(token: &str, now: i64) -> bool {
    let expiry = token
        .split('|')
        .nth(1)
        .and_then(|text| text.parse::<i64>().ok());
    expiry.is_some_and(|expiry| expiry <= now.div_euclid(1000))
}

/// Starts a session, or replaces the one of the same account and fingerprint.
pub(crate) fn start(world: &mut World, email: &str, fingerprint: &str, now: i64) -> usize {
    let user = world.account(email).map_or(0, |account| account.id);
    let old = world
        .session(&(email.to_owned(), fingerprint.to_owned()))
        .map(|at| world.sessions[at].clone());
    let old = old.unwrap_or_default();
    world.put_session(Session {
        account: email.to_owned(),
        fingerprint: fingerprint.to_owned(),
        token: new_token(user, now),
        cookie: hex(),
        phpsessid: hex()[..26].to_owned(),
        set: false,
        dead: false,
        lapsed: false,
        touched_ms: now,
        login_count: old.login_count + 1,
        ..old
    })
}

/// Whether the login cookie has lapsed, by a control call or by age.
pub(crate) fn has_lapsed(world: &World, session: &Session, now: i64) -> bool {
    let ttl = world.config.login_ttl_s;
    session.lapsed || (ttl > 0 && now - session.touched_ms > ttl * 1000)
}

/// Whether the request has the cookies that the configuration requires.
fn has_cookies(world: &World, session: &Session, request: &Request) -> bool {
    world
        .config
        .require_cookies
        .iter()
        .all(|name| match request.cookie(name) {
            Some(value) => name != "PHPSESSID" || value == session.phpsessid,
            None => false,
        })
}

/// The login of a request, from its cookies.
pub(crate) fn auth(world: &World, request: &Request, now: i64) -> Auth {
    let Some(session) = world.cookie_session(request).map(|at| &world.sessions[at]) else {
        return Auth::None;
    };
    let alive =
        !session.dead && !has_lapsed(world, session, now) && has_cookies(world, session, request);
    if !alive || world.account(&session.account).is_none() {
        Auth::None
    } else if world.config.require_setrefresh && !session.set {
        Auth::Unset(session.account.clone())
    } else {
        Auth::Account(session.account.clone())
    }
}

/// Checks a token with its fingerprint and cookies; ends the session where the platform does.
fn present(
    world: &mut World,
    request: &Request,
    token: &str,
    fingerprint: &str,
    now: i64,
) -> Presented {
    if let Some((key, login)) = world.tokens.get(token).cloned() {
        let owner = world
            .session(&key)
            .filter(|at| world.sessions[*at].token != token);
        if let Some(at) = owner {
            world.counters.replayed_tokens += 1;
            // a token of an earlier login is refused without ending the session of the new one
            if world.sessions[at].login_count == login {
                world.sessions[at].replays += 1;
                world.sessions[at].dead = true;
            }
            return Presented::Logout;
        }
    }
    let Some(at) = world.cookie_session(request) else {
        return Presented::Logout;
    };
    let session = &world.sessions[at];
    if session.dead || !has_cookies(world, session, request) {
        return Presented::Logout;
    }
    if !world.tokens.contains_key(token) {
        return Presented::Unknown;
    }
    if session.token != token || session.fingerprint != fingerprint || expired(token, now) {
        world.sessions[at].dead = true;
        return Presented::Logout;
    }
    if has_lapsed(world, session, now) {
        Presented::Lapsed
    } else {
        Presented::Good(at)
    }
}

/// `setrefresh`: prolongs the login. A lapsed one stays so unless `setrefresh_revives`.
pub(crate) fn set_refresh(
    world: &mut World,
    request: &Request,
    token: &str,
    fingerprint: &str,
    now: i64,
) -> Presented {
    let presented = present(world, request, token, fingerprint, now);
    let at = match presented {
        Presented::Good(at) => at,
        Presented::Lapsed if world.config.setrefresh_revives => match world.cookie_session(request)
        {
            Some(at) => at,
            None => return presented,
        },
        _ => return presented,
    };
    let session = &mut world.sessions[at];
    session.set = true;
    session.lapsed = false;
    session.touched_ms = now;
    session.setrefreshes += 1;
    Presented::Good(at)
}

/// `tokenUpdate`: replaces the token, renews a lapsed login, and rotates the cookie if configured.
pub(crate) fn update(
    world: &mut World,
    request: &Request,
    token: &str,
    fingerprint: &str,
    now: i64,
) -> Presented {
    let at = match present(world, request, token, fingerprint, now) {
        Presented::Good(_) | Presented::Lapsed => world.cookie_session(request),
        refused => return refused,
    };
    let Some(at) = at else {
        return Presented::Logout;
    };
    let mut session = world.sessions[at].clone();
    let user = session
        .token
        .split('|')
        .next()
        .and_then(|id| id.parse().ok())
        .unwrap_or(0);
    session.token = new_token(user, now);
    session.lapsed = false;
    session.touched_ms = now;
    session.updates += 1;
    if world.config.rotate_cookie {
        session.cookie = hex();
    }
    Presented::Good(world.put_session(session))
}

/// The `Set-Cookie` line of the login.
pub(crate) fn login_cookie(world: &World, at: usize, now: i64) -> String {
    let expires = clock::http_date(now + world.config.cookie_days * 86_400_000);
    let value = &world.sessions[at].cookie;
    let domain = match world.config.login_cookie {
        LoginCookie::HostOnly => String::new(),
        _ => format!("; Domain=.{}", world.domain),
    };
    format!("amhrdrauth={value}; Expires={expires}; Path=/{domain}; HttpOnly")
}

/// Adds the cookies of an accepted login.
pub(crate) fn with_login_cookies(
    world: &World,
    at: usize,
    now: i64,
    response: Response,
) -> Response {
    let php = format!(
        "PHPSESSID={}; Path=/; Domain=.{}",
        world.sessions[at].phpsessid, world.domain
    );
    let response = response.with("Set-Cookie", php);
    if world.config.login_cookie == LoginCookie::Missing {
        return response;
    }
    let cookie = login_cookie(world, at, now);
    response.with("Set-Cookie", cookie)
}
