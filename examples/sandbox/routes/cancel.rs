//! Cancelling: late cancellations, refusals, and a class id in place of a reservation (protocol.md §7).

use serde_json::json;

use crate::config::Quirk;
use crate::http::{Request, Response};
use crate::model::{Gym, Reservation};
use crate::world::World;

use super::number;

/// `POST /api/cancelBook` with `id` (the reservation's), `late`, `familyId`
pub(crate) fn cancel(world: &mut World, request: &Request, gym: &Gym, now: i64) -> Response {
    let email = match super::require_login(world, request, now) {
        Ok(email) => email,
        Err(response) => return response,
    };
    let Some(id) = request.field("id") else {
        return Response::json(&json!({}));
    };
    if let Some(account) = world.account_mut(&email)
        && !account.cancel_answers.is_empty()
    {
        return Response::json(&account.cancel_answers.remove(0));
    }
    let id: u64 = id.parse().unwrap_or(0);
    let late_ok = request.field("late").as_deref() == Some("1");
    let family = super::family(&request.form());
    let found = world
        .reservations
        .get(&id)
        .filter(|r| r.account == email && r.family == family)
        .cloned();
    let state = match found {
        Some(reservation) => cancel_one(world, &reservation, gym, late_ok, now),
        // with a class id the response is "done", and nothing is cancelled
        None if world.classes.contains_key(&id) => {
            world.counters.trap_cancels += 1;
            1
        }
        None => 3,
    };
    let texts = world.config.quirks.contains(&Quirk::Strings);
    Response::json(&json!({ "cancelState": number(state, texts) }))
}

fn cancel_one(
    world: &mut World,
    reservation: &Reservation,
    gym: &Gym,
    late_ok: bool,
    now: i64,
) -> i64 {
    let Some(class) = world
        .classes
        .get(&reservation.class)
        .filter(|class| class.gym == gym.name)
    else {
        return 3;
    };
    let start = class.start_ms(gym.timezone);
    if class.cancel_refused || now >= start {
        return 3;
    }
    let late_from = class
        .late_after_ms
        .unwrap_or(start)
        .min(start - class.late_before_ms);
    let late = reservation.state == 1 && (class.late || now >= late_from);
    if late && !late_ok {
        return 2;
    }
    world.reservations.remove(&reservation.idres);
    world.counters.cancels += 1;
    if late {
        world.late_cancels.push(reservation.clone());
        let excess = world.late_cancels.len().saturating_sub(1000);
        world.late_cancels.drain(..excess);
    } else if let Some(credit) = world
        .account_mut(&reservation.account)
        .and_then(|a| a.credit.as_mut())
    {
        *credit = credit.saturating_add(reservation.state);
    }
    1
}
