//! The account and its boxes: `whoami`, `/home`, `/settings` and the pages of a box (protocol.md §4).

use serde_json::{Value, json};

use crate::config::{BoxPage, WhoamiDead};
use crate::http::{Request, Response};
use crate::model::Gym;
use crate::pages;
use crate::sessions::{self, Auth};
use crate::world::World;

/// The account as in the responses of login and `whoami`.
pub(crate) fn user_data(world: &World, email: &str) -> Value {
    let Some(account) = world.account(email) else {
        return Value::Null;
    };
    let roles: Vec<_> = account
        .boxes
        .iter()
        .filter(|_| world.config.whoami_roles)
        .filter_map(|name| world.gym(name))
        .map(|gym| json!({ "role": "client", "boid": gym.id, "gym": gym.title, "centre_url": world.centre_url(gym) }))
        .collect();
    json!({ "id": account.id, "name": account.name, "mail": account.email, "roles": roles })
}

/// `GET /api/whoami`
pub(crate) fn whoami(world: &World, request: &Request, now: i64) -> Response {
    match sessions::auth(world, request, now) {
        Auth::Account(email) | Auth::Unset(email) => {
            Response::json(&json!({ "data": [user_data(world, &email)] }))
        }
        Auth::None => whoami_dead(world),
    }
}

fn whoami_dead(world: &World) -> Response {
    match world.config.whoami_dead_shape {
        WhoamiDead::Data => Response::json(&json!({ "data": [] })),
        WhoamiDead::Logout => Response::json(&json!({ "logout": world.config.logout_shape })),
        WhoamiDead::Unauthorized => Response::json_status(401, &json!({ "error": "unauthorized" })),
    }
}

/// `GET /home`: links to the boxes, the login page without a login.
pub(crate) fn home(world: &World, request: &Request, now: i64) -> Response {
    let (Auth::Account(email) | Auth::Unset(email)) = sessions::auth(world, request, now) else {
        return Response::html(pages::login(""));
    };
    let names = world
        .account(&email)
        .map(|account| account.boxes.clone())
        .unwrap_or_default();
    let hosts: Vec<_> = names
        .iter()
        .filter_map(|name| world.gym(name))
        .map(|gym| world.centre(gym))
        .collect();
    Response::html(pages::home(&world.domain, &hosts))
}

/// `GET /settings`: a page for members; the login page without a login.
pub(crate) fn settings(world: &World, request: &Request, now: i64) -> Response {
    Response::html(match sessions::auth(world, request, now) {
        Auth::Account(email) | Auth::Unset(email) => pages::settings(&email),
        Auth::None => pages::login(""),
    })
}

/// `GET /schedule`, which is public, and `GET /`, which needs a login. A script in them contains the box's id.
pub(crate) fn box_page(world: &World, request: &Request, gym: &Gym, now: i64) -> Response {
    match world.config.box_page {
        BoxPage::Normal => {}
        BoxPage::Login => return Response::html(pages::login("")),
        BoxPage::Redirect => {
            let (scheme, domain) = (world.scheme, &world.domain);
            let to = format!("{scheme}://login.{domain}{}/", request.port_suffix);
            return Response::html_status(302, "").with("Location", to);
        }
        BoxPage::NoNumber => return Response::html(pages::schedule(&gym.title, None)),
    }
    let is_public = request.path == "/schedule";
    let is_member = || matches!(sessions::auth(world, request, now), Auth::Account(_));
    Response::html(if is_public || is_member() {
        let mut page = pages::schedule(&gym.title, Some(gym.id));
        if !is_public && !gym.workouts.is_empty() {
            page.push_str(&pages::publisher(gym.publisher()));
        }
        page
    } else {
        pages::login("")
    })
}
