//! The schedule of a day and the bookings of an account (protocol.md §5), quirks included.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use crate::config::Quirk;
use crate::http::{self, Request, Response};
use crate::model::{Class, Gym, Reservation};
use crate::sessions::{self, Auth};
use crate::world::World;

use super::{has, number};

/// `GET /api/bookings?day=YYYYMMDD&box=ID&familyId=`: without a login, no row has a booking.
pub(crate) fn bookings(world: &World, request: &Request, gym: &Gym, now: i64) -> Response {
    let email = match sessions::auth(world, request, now) {
        Auth::Account(email) => Some(email),
        Auth::None => None,
        Auth::Unset(_) => return super::logout(world),
    };
    let fields = http::parse_pairs(&request.query);
    let family = super::family(&fields);
    let day = request
        .query("day")
        .and_then(|day| NaiveDate::parse_from_str(&day, "%Y%m%d").ok());
    let asked = request
        .query("box")
        .is_none_or(|id| id == gym.id.to_string());
    let mut classes: Vec<_> = world
        .classes
        .values()
        .filter(|c| asked && c.gym == gym.name && Some(c.day) == day)
        .filter(|c| c.is_listed(gym, now))
        .collect();
    classes.sort_by_key(|class| (class.wall(), class.id));
    let mine = |class: &Class| {
        email
            .as_deref()
            .and_then(|email| world.mine(email, &family, class.id))
    };
    let rows: Vec<_> = classes
        .iter()
        .flat_map(|class| {
            let times = 1 + usize::from(has(world, class, Quirk::Twice));
            std::iter::repeat_n(row(world, gym, class, mine(class), now), times)
        })
        .collect();
    let mut answer = json!({
        "clasesDisp": world.class_names(gym).join(","),
        "day": day.map(|day| world.language(email.as_deref()).day(day)),
        "timetable": timetable(world, &classes),
        "bookings": rows
    });
    if !world.config.quirks.contains(&Quirk::Missing) {
        answer["seminars"] = json!([]);
        answer["resmsgs"] = json!([]);
    }
    Response::json(&answer)
}

fn timetable(world: &World, classes: &[&Class]) -> Vec<Value> {
    let mut slots: Vec<_> = classes
        .iter()
        .map(|class| json!({ "id": time_id(class), "time": time(world, class) }))
        .collect();
    slots.dedup();
    slots
}

fn time_id(class: &Class) -> String {
    format!("{}_{}", class.times().0.replace(':', ""), class.length)
}

/// The number of the class type, which depends on the name only (FNV-1a).
fn class_type(name: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    1000 + name.bytes().fold(0x811c_9dc5, step) % 9000
}

fn time(world: &World, class: &Class) -> String {
    let (start, end) = class.times();
    if has(world, class, Quirk::StartOnly) {
        start
    } else if has(world, class, Quirk::Dash) {
        format!("{start}-{end}")
    } else {
        format!("{start} - {end}")
    }
}

fn row(world: &World, gym: &Gym, class: &Class, mine: Option<&Reservation>, now: i64) -> Value {
    let texts = has(world, class, Quirk::Strings);
    let (taken, waiting) = world.places(class);
    let spaces = if has(world, class, Quirk::Spaces) {
        "  "
    } else {
        ""
    };
    let id = i64::try_from(class.id).unwrap_or(0);
    let mut row = json!({
        "id": number(id, texts), "time": time(world, class), "timeid": time_id(class),
        "classId": class_type(&class.name), "className": format!("{spaces}{}{spaces}", class.name), "classDesc": class.description,
        "classLength": class.length, "boxName": gym.title, "boxDir": gym.address, "boxPic": null,
        "coachName": class.coach, "coachPic": null, "enabled": number(i64::from(class.is_enabled(gym, now)), texts),
        "included": number(i64::from(class.included), texts), "bookState": mine.map(|r| number(r.state, texts)),
        "idres": mine.map(|r| number(i64::try_from(r.idres).unwrap_or(0), texts)), "spotres": null,
        "limit": limit(world, class, taken, waiting), "limitc": number(class.capacity, texts),
        "ocupation": number(taken, texts), "waitlist": number(waiting, texts), "checkAthletesNum": 0,
        "cancelledId": cancelled_id(world, class),
        "resadmin": number(i64::from(class.resadmin), texts), "color": "43, 177, 67", "onlineclass": i64::from(class.online.is_some()),
        "zoomid": null, "zoomJoinUrl": class.online, "zoomJoinPw": null
    });
    if let Some(row) = row.as_object_mut() {
        drop_fields(world, class, row);
    }
    row
}

fn drop_fields(world: &World, class: &Class, row: &mut Map<String, Value>) {
    if has(world, class, Quirk::Missing) {
        for name in ["limit", "limitc", "ocupation", "waitlist"] {
            row.remove(name);
        }
        if !class.cancelled {
            row.remove("cancelledId");
        }
        for name in ["bookState", "idres"] {
            if row.get(name).is_some_and(Value::is_null) {
                row.remove(name);
            }
        }
    }
    if has(world, class, Quirk::NoTime) {
        row.remove("time");
    }
    if has(world, class, Quirk::EnabledAbsent) && class.enabled && class.enabled_after_ms.is_none()
    {
        row.remove("enabled");
    }
    if has(world, class, Quirk::NullCoach) {
        row.insert("coachName".to_owned(), Value::Null);
    }
    if class.hidden {
        row.insert("hidden".to_owned(), Value::from(1));
    }
}

fn limit(world: &World, class: &Class, taken: i64, waiting: i64) -> Value {
    if has(world, class, Quirk::LimitText) {
        Value::from(class.capacity.to_string())
    } else if has(world, class, Quirk::LimitSlash) {
        Value::from(format!("{taken}/{}", class.capacity))
    } else if has(world, class, Quirk::WaitingText) && waiting >= 0 {
        Value::from(format!("{} ({waiting})", class.capacity))
    } else {
        number(class.capacity, has(world, class, Quirk::Strings))
    }
}

fn cancelled_id(world: &World, class: &Class) -> Value {
    let as_text = has(world, class, Quirk::Strings) || has(world, class, Quirk::CancelledString);
    if class.cancelled {
        number(77_001, as_text)
    } else {
        Value::Null
    }
}

/// `GET /api/nextBookings?box=ID[&familyId=]`
pub(crate) fn next_bookings(world: &World, request: &Request, gym: &Gym, now: i64) -> Response {
    let email = match super::require_login(world, request, now) {
        Ok(email) => email,
        Err(response) => return response,
    };
    let family = super::family(&http::parse_pairs(&request.query));
    let mut found: Vec<_> = world
        .of(&email, &family)
        .filter_map(|r| world.classes.get(&r.class).map(|class| (class, r)))
        .filter(|(class, _)| class.gym == gym.name)
        .collect();
    found.sort_by_key(|(class, r)| (class.wall(), r.idres));
    let (past, next): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|(class, _)| class.start_ms(gym.timezone) < now);
    let late = world
        .late_cancels
        .iter()
        .filter(|r| r.account == email && r.family == family);
    let late = late.filter_map(|r| world.classes.get(&r.class).map(|class| (class, r)));
    let mut history: Vec<_> = past
        .iter()
        .filter(|(_, r)| r.state == 1)
        .map(|(c, r)| past_entry(world, gym, c, r, 0))
        .collect();
    history.extend(
        late.filter(|(c, _)| c.gym == gym.name)
            .map(|(c, r)| past_entry(world, gym, c, r, 1)),
    );
    let next: Vec<_> = next
        .iter()
        .map(|(class, r)| entry(world, gym, class, r))
        .collect();
    Response::json(&json!({ "nextClasses": next, "history": history }))
}

fn entry(world: &World, gym: &Gym, class: &Class, reservation: &Reservation) -> Value {
    let texts = has(world, class, Quirk::Strings);
    let (start, end) = class.times();
    let (taken, waiting) = world.places(class);
    let language = world.language(Some(&reservation.account));
    // these ids are neither class nor reservation ids
    let mut entry = json!({
        "id": 9_000_000 + reservation.idres, "day": language.weekday_and_day(class.day),
        "time": format!("{start} - {end}"), "className": class.name, "bookState": reservation.state,
        "boxName": gym.title, "boxDir": gym.address
    });
    if !has(world, class, Quirk::Missing) {
        entry["coachName"] = json!(class.coach);
        entry["ocupation"] = number(taken, texts);
        entry["limit"] = limit(world, class, taken, waiting);
        entry["limitc"] = number(class.capacity, texts);
        entry["waitlist"] = number(waiting, texts);
        entry["idres"] = number(i64::try_from(reservation.idres).unwrap_or(0), texts);
    }
    entry
}

fn past_entry(
    world: &World,
    gym: &Gym,
    class: &Class,
    reservation: &Reservation,
    late: i64,
) -> Value {
    let mut entry = entry(world, gym, class, reservation);
    entry["assist"] = Value::from(1 - late);
    entry["lateCancel"] = Value::from(late);
    entry
}
