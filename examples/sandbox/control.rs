//! The control API under `/__sandbox/`: JSON in and out, on any host, not logged, without latency and faults.

use std::time::Duration;
use std::{process, thread};

use serde_json::{Map, Value, json};

use crate::app::{App, Shared};
use crate::config::Config;
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::model::Session;
use crate::world::World;
use crate::{clock, control_world, seed, sessions};

pub(crate) const PREFIX: &str = "/__sandbox";

/// The response of a control call, or its error.
pub(crate) type Reply = Result<Value, String>;

/// Answers a control call.
pub(crate) fn handle(app: &App, request: &Request) -> Response {
    let body = if request.body.is_empty() {
        Ok(json!({}))
    } else {
        serde_json::from_slice(&request.body)
    };
    let body: Value = match body {
        Ok(body) => body,
        Err(error) => return failed(&format!("the body is not JSON: {error}")),
    };
    let parts: Vec<_> = request
        .path
        .split('/')
        .skip(2)
        .filter(|part| !part.is_empty())
        .collect();
    if (request.method.as_str(), parts.as_slice()) == ("POST", &["shutdown"]) {
        return shutdown(app);
    }
    match route(&mut app.lock(), &request.method, &parts, body) {
        Some(Ok(value)) => Response::json(&value),
        Some(Err(error)) => failed(&error),
        None => Response::json_status(404, &json!({ "error": "no such control call; see --help" })),
    }
}

fn failed(error: &str) -> Response {
    Response::json_status(400, &json!({ "error": error }))
}

fn route(shared: &mut Shared, method: &str, parts: &[&str], body: Value) -> Option<Reply> {
    let world = &mut shared.world;
    Some(match (method, parts) {
        ("GET", ["state"]) => Ok(state(world)),
        ("GET", ["state", "counters"]) => Ok(json!(world.counters)),
        ("GET", ["state", "reservations"]) => Ok(reservations(world)),
        ("GET", ["state", "sessions"]) => Ok(sessions_alive(world, server_ms(world))),
        ("GET", ["config"]) => Ok(json!(world.config)),
        ("POST" | "PATCH", ["config"]) => configure(world, &body),
        ("POST", ["accounts"]) => control_world::accounts(world, body),
        ("POST", ["boxes"]) => control_world::boxes(world, body),
        ("POST", ["classes"]) => control_world::classes(world, body),
        ("PATCH", ["classes", id]) => control_world::patch_class(world, id, &body),
        ("DELETE", ["classes", id]) => control_world::delete_class(world, id),
        ("POST", ["reservations"]) => control_world::reserve(world, &body),
        ("PATCH", ["reservations", id]) => control_world::patch_reservation(world, id, &body),
        ("DELETE", ["reservations", id]) => control_world::delete_reservation(world, id),
        ("POST", ["sessions"]) => add_sessions(world, body),
        ("POST", ["sessions", "kill"]) => each_session(world, &body, |session| session.dead = true),
        ("POST", ["sessions", "stale"]) => {
            each_session(world, &body, |session| session.lapsed = true)
        }
        ("GET", ["faults"]) => Ok(json!(shared.faults.0)),
        ("POST", ["faults"]) => add_faults(shared, body),
        ("DELETE", ["faults"]) => {
            shared.faults.0.clear();
            Ok(json!({}))
        }
        ("GET", ["log"]) => Ok(json!(shared.log.entries())),
        ("DELETE", ["log"]) => {
            shared.log.clear();
            Ok(json!({}))
        }
        _ => return None,
    })
}

/// The whole world, with derived values.
fn state(world: &World) -> Value {
    let now = server_ms(world);
    let classes: Vec<_> = world
        .classes
        .values()
        .map(|class| {
            let mine: Vec<_> = world
                .reservations
                .values()
                .filter(|r| r.class == class.id)
                .collect();
            merged(json!(class), &json!({ "reservations": mine }))
        })
        .collect();
    json!({
        "config": world.config, "accounts": world.accounts, "sessions": sessions_alive(world, now),
        "boxes": world.boxes, "classes": classes, "reservations": reservations(world),
        "counters": world.counters, "clock_ms": now,
        "domain": world.domain, "scheme": world.scheme
    })
}

/// The server's clock.
fn server_ms(world: &World) -> i64 {
    clock::now_ms() + world.config.skew_ms
}

/// Every session, and whether it is alive at `now`.
fn sessions_alive(world: &World, now: i64) -> Value {
    let session = |session: &Session| {
        let alive = !session.dead && !sessions::has_lapsed(world, session, now);
        merged(json!(session), &json!({ "alive": alive }))
    };
    world.sessions.iter().map(session).collect()
}

fn reservations(world: &World) -> Value {
    json!(world.reservations.values().collect::<Vec<_>>())
}

/// `base` with the fields of `patch` in place of its own.
pub(crate) fn merged(mut base: Value, patch: &Value) -> Value {
    if let (Some(base), Some(patch)) = (base.as_object_mut(), patch.as_object()) {
        base.extend(patch.clone());
    }
    base
}

fn configure(world: &mut World, patch: &Value) -> Reply {
    let defaults = json!(Config::default());
    let mut patch = patch
        .as_object()
        .cloned()
        .ok_or("a config patch is an object")?;
    for (key, value) in &mut patch {
        if value.is_null() {
            *value = defaults[key.as_str()].clone(); // null = back to the default
        }
    }
    let config = merged(json!(world.config), &Value::Object(patch));
    let config: Config = serde_json::from_value(config).map_err(|error| error.to_string())?;
    config.check()?;
    world.config = config;
    seed::timetable(world, server_ms(world));
    Ok(json!(world.config))
}

/// Adds sessions as `state/sessions` lists them; each counts as its logins and is used now.
fn add_sessions(world: &mut World, body: Value) -> Reply {
    let now = server_ms(world);
    for one in list(body) {
        let session: Session = serde_json::from_value(one).map_err(|error| error.to_string())?;
        world.counters.logins_ok += session.login_count;
        world.put_session(Session {
            touched_ms: now,
            ..session
        });
    }
    world.made = None;
    Ok(sessions_alive(world, now))
}

fn each_session(world: &mut World, body: &Value, act: fn(&mut Session)) -> Reply {
    let account = body["account"].as_str().ok_or("account is missing")?;
    let fingerprint = body["fingerprint"].as_str();
    let mut count = 0;
    for session in &mut world.sessions {
        let meant = fingerprint.is_none_or(|fingerprint| fingerprint == session.fingerprint);
        if meant && session.account.eq_ignore_ascii_case(account) {
            act(session);
            count += 1;
        }
    }
    Ok(json!({ "sessions": count }))
}

fn add_faults(shared: &mut Shared, body: Value) -> Reply {
    let faults = list(body)
        .into_iter()
        .map(|one| {
            let fault: Fault = serde_json::from_value(one).map_err(|error| error.to_string())?;
            fault.check().map(|()| fault)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if shared.faults.0.len() + faults.len() > 10_000 {
        return Err("too many faults are waiting".to_owned());
    }
    shared.faults.0.extend(faults);
    Ok(json!(shared.faults.0))
}

/// One object or a list of them.
pub(crate) fn list(body: Value) -> Vec<Value> {
    match body {
        Value::Array(list) => list,
        one => vec![one],
    }
}

/// The fields of an object.
pub(crate) fn object(body: &Value) -> Result<&Map<String, Value>, String> {
    body.as_object()
        .ok_or_else(|| "an object is expected".to_owned())
}

fn shutdown(app: &App) -> Response {
    let saved = app.save();
    let code = i32::from(saved.is_err());
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(50)); // the response is sent meanwhile
        process::exit(code);
    });
    match saved {
        Ok(()) => Response::json(&json!({})),
        Err(error) => failed(&format!("cannot write the state file: {error}")),
    }
}
