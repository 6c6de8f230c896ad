//! `setrefresh` and `tokenUpdate` (protocol.md §2c and §3).

use serde_json::json;

use crate::config::ScriptStyle;
use crate::http::{Request, Response};
use crate::pages;
use crate::sessions::{self, Presented};
use crate::world::World;

/// `GET /setrefresh?token=T&fingerprint=FP[&redirect=URL]`
pub(crate) fn set_refresh(world: &mut World, request: &Request, now: i64) -> Response {
    let (Some(token), Some(fingerprint)) = (request.query("token"), request.query("fingerprint"))
    else {
        return Response::html(pages::no_set_refresh());
    };
    if !world.config.setrefresh_ok {
        return Response::html(pages::no_set_refresh());
    }
    match sessions::set_refresh(world, request, &token, &fingerprint, now) {
        Presented::Good(at) => {
            let style = match world.config.setrefresh_script {
                ScriptStyle::Varied => ScriptStyle::of_turn(world.sessions[at].setrefreshes),
                style => style,
            };
            let redirect = request.query("redirect").filter(|url| is_ours(world, url));
            let page = pages::set_refresh(&token, &fingerprint, redirect.as_deref(), style);
            let cookie = sessions::login_cookie(world, at, now);
            Response::html(page).with("Set-Cookie", cookie)
        }
        Presented::Unknown | Presented::Lapsed | Presented::Logout => {
            Response::html(pages::no_set_refresh())
        }
    }
}

/// Whether a redirect stays on the platform.
fn is_ours(world: &World, url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))
        .unwrap_or_default();
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host == world.domain || host.ends_with(&format!(".{}", world.domain))
}

/// `POST /api/tokenUpdate` with `token`, `fingerprint`, `ciclo=1`
pub(crate) fn update(world: &mut World, request: &Request, now: i64) -> Response {
    let (Some(token), Some(fingerprint)) = (request.field("token"), request.field("fingerprint"))
    else {
        return refused("missing parameters");
    };
    match sessions::update(world, request, &token, &fingerprint, now) {
        Presented::Good(at) => {
            let response = Response::json(&json!({ "newToken": world.sessions[at].token }));
            if world.config.update_cookie || world.config.rotate_cookie {
                let cookie = sessions::login_cookie(world, at, now);
                return response.with("Set-Cookie", cookie);
            }
            response
        }
        Presented::Unknown => refused("unknown token"),
        Presented::Lapsed | Presented::Logout => super::logout(world),
    }
}

/// A response that neither renews a token nor ends a session.
fn refused(why: &str) -> Response {
    Response::json(&json!({ "error": why }))
}
