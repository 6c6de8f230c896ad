//! Workouts that a box publishes: `/api/activity` and `/api/activity/workout` (protocol.md §9).

use serde_json::{Value, json};

use crate::http::{Request, Response, text_or_number};
use crate::model::Gym;
use crate::routes::require_login;
use crate::world::World;

/// Posts on one page.
const PAGE: usize = 10;

/// `GET /api/activity`: a page of posts, newest first.
pub(crate) fn activity(world: &World, request: &Request, gym: &Gym, now: i64) -> Response {
    if let Err(logout) = require_login(world, request, now) {
        return logout;
    }
    let publisher = gym.publisher().to_string();
    if request.query("userID").as_deref() != Some(publisher.as_str()) {
        return Response::json(&json!({ "elements": [], "lastLoaded": -1 }));
    }
    let after = request.query("loadAfter");
    let skipped = after.and_then(|after| {
        let place = gym.workouts.iter().position(|post| id(post) == after)?;
        Some(place + 1)
    });
    let rest = gym.workouts.get(skipped.unwrap_or(0)..).unwrap_or_default();
    let page: Vec<Value> = rest.iter().take(PAGE).map(without_details).collect();
    let last = match page.last() {
        Some(post) if rest.len() > PAGE => json!(id(post)),
        _ => json!(-1),
    };
    let today = gym.today(now).to_string();
    let first = page.first().map(id);
    Response::json(
        &json!({ "elements": page, "curDate": today, "firstLoaded": first, "lastLoaded": last }),
    )
}

/// `GET /api/activity/workout`: the details of one post.
pub(crate) fn workout(world: &World, request: &Request, gym: &Gym, now: i64) -> Response {
    if let Err(logout) = require_login(world, request, now) {
        return logout;
    }
    let wanted = request.query("SEID").unwrap_or_default();
    let post = gym.workouts.iter().find(|post| id(post) == wanted);
    post.map_or_else(|| Response::json(&json!({})), Response::json)
}

fn id(post: &Value) -> String {
    text_or_number(&post["id"]).unwrap_or_default()
}

fn without_details(post: &Value) -> Value {
    let mut post = post.clone();
    if let Some(fields) = post.as_object_mut() {
        fields.remove("recordDate");
        fields.remove("publishDate");
    }
    post
}
