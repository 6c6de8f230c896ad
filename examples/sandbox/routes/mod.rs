//! Selects the route of a request by host and path (protocol.md §1).

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod booking;
pub(crate) mod cancel;
pub(crate) mod login;
pub(crate) mod schedule;
pub(crate) mod tokens;

use serde_json::{Map, Value, json};

use crate::config::Quirk;
use crate::http::{Request, Response, last};
use crate::model::{Class, Gym};
use crate::sessions::{self, Auth};
use crate::world::World;
use crate::{clock, pages};

/// One of this many responses sets no load-balancer cookies; the response to a login always does.
const BALANCER_GAP: u64 = 32;

/// The part of the platform that a host serves.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Login,
    Main,
    Box(String),
    Nowhere,
}

fn place(world: &World, host: &str) -> Place {
    if host == world.domain {
        return Place::Main;
    }
    let label = host
        .strip_suffix(&world.domain)
        .and_then(|rest| rest.strip_suffix('.'));
    match label {
        Some("www") => Place::Main,
        Some("login") => Place::Login,
        Some(name) if world.gym(name).is_some() => Place::Box(name.to_owned()),
        _ => other_host(world, host),
    }
}

/// The box with this host in its `centre_url`.
fn other_host(world: &World, host: &str) -> Place {
    let found = world.boxes.iter().find(|gym| {
        let bare = world.centre(gym);
        let name = bare.split('/').next().unwrap_or_default();
        name.eq_ignore_ascii_case(host)
    });
    found.map_or(Place::Nowhere, |gym| Place::Box(gym.name.clone()))
}

/// Answers a request; `now` is the server's clock, unix milliseconds.
pub(crate) fn handle(world: &mut World, request: &Request, now: i64) -> Response {
    let is_api = request.path.starts_with("/api/");
    let agent = request.header("user-agent").unwrap_or_default();
    let response = if world.config.require_user_agent && is_api && !agent.contains("Mozilla/") {
        Response::html_status(403, pages::forbidden())
    } else {
        match place(world, &request.host) {
            Place::Login => login_host(world, request, now),
            Place::Main => main_host(world, request, now),
            Place::Box(name) => match world.gym(&name).cloned() {
                Some(gym) => box_host(world, request, &gym, now),
                None => not_found(),
            },
            Place::Nowhere => not_found(),
        }
    };
    let response = drifted(world, response);
    let is_login =
        request.method == "POST" && matches!(request.path.as_str(), "/" | "/login" | "/api/login");
    world.answers += 1;
    if world.answers.is_multiple_of(BALANCER_GAP) && !is_login {
        return response;
    }
    with_balancer(response, now)
}

/// The response with the fields of the switch `drift`.
fn drifted(world: &World, mut response: Response) -> Response {
    if !world.config.drift.is_empty()
        && let Ok(mut value) = serde_json::from_slice(&response.body)
    {
        drift(&mut value, &world.config.drift);
        response.body = value.to_string().into_bytes();
    }
    response
}

fn drift(value: &mut Value, fields: &Map<String, Value>) {
    match value {
        Value::Object(object) => {
            for (name, field) in fields {
                if field == "absent" {
                    object.remove(name);
                } else if object.contains_key("id") {
                    object.insert(name.clone(), field.clone());
                }
            }
            object.values_mut().for_each(|value| drift(value, fields));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| drift(value, fields)),
        _ => {}
    }
}

fn login_host(world: &mut World, request: &Request, now: i64) -> Response {
    match (method(request), request.path.as_str()) {
        ("POST", "/api/login") => login::json(world, request, now),
        ("GET", "/api/login") => Response::html_status(405, pages::not_found()),
        ("POST", "/" | "/login") => login::form(world, request, now),
        ("GET", "/" | "/login") => login::page(world),
        // the relative address in the iframe of the form login
        ("GET", "/setrefresh") => tokens::set_refresh(world, request, now),
        _ => not_found(),
    }
}

fn main_host(world: &mut World, request: &Request, now: i64) -> Response {
    match (method(request), request.path.as_str()) {
        ("POST", "/api/login") => login::json(world, request, now),
        ("POST", "/login") => login::form(world, request, now),
        ("GET", "/login") => login::page(world),
        ("GET", "/api/login/done") => login::json_done(world, request),
        ("GET", "/login/done") => login::form_done(world, request),
        ("GET", "/setrefresh") => tokens::set_refresh(world, request, now),
        ("POST", "/api/tokenUpdate") => tokens::update(world, request, now),
        ("GET", "/api/whoami") => account::whoami(world, request, now),
        ("GET", "/home") => account::home(world, request, now),
        ("GET", "/settings") => account::settings(world, request, now),
        ("GET", "/") => Response::html(pages::marketing()),
        _ => not_found(),
    }
}

fn box_host(world: &mut World, request: &Request, gym: &Gym, now: i64) -> Response {
    match (method(request), request.path.as_str()) {
        ("GET", "/api/bookings") => schedule::bookings(world, request, gym, now),
        ("GET", "/api/nextBookings") => schedule::next_bookings(world, request, gym, now),
        ("GET", "/api/coachBookings") => Response::html(""),
        ("POST", "/api/book") => booking::book(world, request, gym, now),
        ("POST", "/api/cancelBook") => cancel::cancel(world, request, gym, now),
        ("GET", "/api/activity") => activity::activity(world, request, gym, now),
        ("GET", "/api/activity/workout") => activity::workout(world, request, gym, now),
        ("GET", "/" | "/schedule") => account::box_page(world, request, gym, now),
        ("POST", "/login") => login::form(world, request, now),
        ("GET", "/login") => login::page(world),
        ("GET", "/setrefresh") => tokens::set_refresh(world, request, now),
        ("GET", "/api/whoami") => account::whoami(world, request, now),
        ("GET", "/settings") => account::settings(world, request, now),
        _ => not_found(),
    }
}

fn method(request: &Request) -> &str {
    if request.method == "HEAD" {
        "GET"
    } else {
        &request.method
    }
}

pub(crate) fn not_found() -> Response {
    Response::html_status(404, pages::not_found())
}

/// The response to a dead session (protocol.md §1).
pub(crate) fn logout(world: &World) -> Response {
    let status = if world.config.logout_401 { 401 } else { 200 };
    Response::json_status(status, &json!({ "logout": world.config.logout_shape }))
}

/// The account of a request, or the logout response.
pub(crate) fn require_login(
    world: &World,
    request: &Request,
    now: i64,
) -> Result<String, Response> {
    match sessions::auth(world, request, now) {
        Auth::Account(email) => Ok(email),
        Auth::None | Auth::Unset(_) => Err(logout(world)),
    }
}

/// `familyId`, also if misspelt; empty for the account holder.
pub(crate) fn family(fields: &[(String, String)]) -> String {
    let family = last(fields, "familyId").or_else(|| last(fields, "familiId"));
    let is_number = |family: &String| family.bytes().all(|byte| byte.is_ascii_digit());
    family.filter(is_number).unwrap_or_default()
}

/// Whether the row of the class has this variation.
pub(crate) fn has(world: &World, class: &Class, quirk: Quirk) -> bool {
    class.quirks.contains(&quirk) || world.config.quirks.contains(&quirk)
}

/// A number as the platform may write it.
pub(crate) fn number(value: i64, as_text: bool) -> Value {
    if as_text {
        Value::from(value.to_string())
    } else {
        Value::from(value)
    }
}

/// New load-balancer cookies.
fn with_balancer(response: Response, now: i64) -> Response {
    let value = sessions::hex();
    let expires = clock::http_date(now + 7 * 86_400_000);
    response
        .with(
            "Set-Cookie",
            format!("AWSALB={value}; Expires={expires}; Path=/"),
        )
        .with(
            "Set-Cookie",
            format!("AWSALBCORS={value}; Expires={expires}; Path=/; SameSite=None; Secure"),
        )
}
