//! Control calls that change the world: accounts, boxes, classes, reservations.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::control::{Reply, list, merged, object};
use crate::http::text_or_number;
use crate::model::{Account, Class, Gym, Reservation};
use crate::opening::Rule;
use crate::world::World;

fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// `POST accounts`: adds or changes accounts; an existing one keeps the fields that are not named.
pub(crate) fn accounts(world: &mut World, body: Value) -> Reply {
    let mut emails = Vec::new();
    for one in list(body) {
        let email = object(&one)?
            .get("email")
            .and_then(Value::as_str)
            .ok_or("email is missing")?;
        let old = world.account(email).cloned();
        let base = old.clone().unwrap_or_default();
        let mut account: Account = read(merged(json!(base), &one))?;
        if let Some(old) = old {
            account.email = old.email; // its sessions and reservations go by it
        }
        if account.id == 0 {
            account.id = world
                .accounts
                .iter()
                .map(|a| a.id)
                .max()
                .unwrap_or(80_000)
                .saturating_add(1);
        }
        world.wrong.remove(&account.email);
        emails.push(account.email.clone());
        match world.account_mut(&account.email) {
            Some(place) => *place = account,
            None => world.accounts.push(account),
        }
    }
    Ok(json!({ "accounts": emails }))
}

/// `POST boxes`: adds or changes.
pub(crate) fn boxes(world: &mut World, body: Value) -> Reply {
    let mut names = Vec::new();
    for one in list(body) {
        let name = object(&one)?
            .get("name")
            .and_then(Value::as_str)
            .ok_or("name is missing")?;
        let base = world.gym(name).cloned().unwrap_or_default();
        let mut gym: Gym = read(merged(json!(base), &one))?;
        gym.name = gym.name.to_ascii_lowercase();
        if let Some(rule) = gym
            .opens
            .as_deref()
            .filter(|rule| Rule::parse(rule).is_none())
        {
            return Err(format!(
                "opens must read like 4d, 4d@07:00, 46h or sun@20:00, not {rule:?}"
            ));
        }
        if gym.id == 0 {
            gym.id = world
                .boxes
                .iter()
                .map(|b| b.id)
                .max()
                .unwrap_or(10_600)
                .saturating_add(1);
        }
        if gym.title.is_empty() {
            gym.title.clone_from(&gym.name);
        }
        names.push(gym.name.clone());
        match world.boxes.iter_mut().find(|old| old.name == gym.name) {
            Some(place) => *place = gym,
            None => world.boxes.push(gym),
        }
    }
    Ok(json!({ "boxes": names }))
}

/// `POST classes`: adds one or many; a class with an existing id is replaced.
pub(crate) fn classes(world: &mut World, body: Value) -> Reply {
    let classes = list(body)
        .into_iter()
        .map(|one| {
            object(&one)?.get("day").ok_or("day is missing")?;
            check_class(world, read(one)?)
        })
        .collect::<Result<Vec<_>, String>>()?;
    let mut ids = Vec::new();
    for mut class in classes {
        if class.id == 0 {
            class.id = world.new_class_id();
        }
        ids.push(class.id);
        world.classes.insert(class.id, class);
    }
    Ok(json!({ "ids": ids }))
}

fn check_class(world: &World, class: Class) -> Result<Class, String> {
    class.check()?;
    if world.gym(&class.gym).is_none() {
        return Err(format!("no such box: {:?}", class.gym));
    }
    Ok(class)
}

fn class_of(world: &World, id: &str) -> Result<Class, String> {
    let class = id
        .parse()
        .ok()
        .and_then(|id: u64| world.classes.get(&id))
        .cloned();
    class.ok_or_else(|| format!("no such class: {id}"))
}

/// `PATCH classes/ID`: any fields; a new `id` moves the class and its reservations.
pub(crate) fn patch_class(world: &mut World, id: &str, patch: &Value) -> Reply {
    object(patch)?;
    let old = class_of(world, id)?;
    let mut class = check_class(world, read(merged(json!(old), patch))?)?;
    if class.id == 0 {
        class.id = world.new_class_id();
    }
    world.classes.remove(&old.id);
    for reservation in world
        .reservations
        .values_mut()
        .filter(|r| r.class == old.id)
    {
        reservation.class = class.id;
    }
    let answer = json!(class);
    world.classes.insert(class.id, class);
    Ok(answer)
}

/// `DELETE classes/ID`, its reservations too.
pub(crate) fn delete_class(world: &mut World, id: &str) -> Reply {
    let class = class_of(world, id)?;
    world.classes.remove(&class.id);
    world
        .reservations
        .retain(|_, reservation| reservation.class != class.id);
    Ok(json!({}))
}

/// `POST reservations`: adds a reservation without checks, or changes the state of an existing one.
pub(crate) fn reserve(world: &mut World, body: &Value) -> Reply {
    let account = body["account"]
        .as_str()
        .and_then(|email| world.account(email))
        .ok_or("no such account")?;
    let account = account.email.clone();
    let class = text_or_number(&body["class"]).ok_or("class is missing")?;
    let class = class_of(world, &class)?.id;
    let family = text_or_number(&body["family"]).unwrap_or_default();
    let state = body
        .get("state")
        .map_or(Some(1), state_of)
        .ok_or("state must be a small number")?;
    let there = world
        .mine(&account, &family, class)
        .map(|reservation| reservation.idres);
    if let Some(reservation) = there.and_then(|idres| world.reservations.get_mut(&idres)) {
        reservation.state = state;
        return Ok(json!(reservation));
    }
    let idres = world.add_reservation(Reservation {
        idres: 0,
        account,
        class,
        family,
        state,
    });
    Ok(json!(world.reservations.get(&idres)))
}

/// Usually 1 or 0; others are unknown states.
fn state_of(value: &Value) -> Option<i64> {
    value.as_i64().filter(|state| (-99..=99).contains(state))
}

/// `PATCH reservations/IDRES`: a new state, a new number (`idres`), another class, or several of these.
pub(crate) fn patch_reservation(world: &mut World, idres: &str, patch: &Value) -> Reply {
    let found = idres
        .parse()
        .ok()
        .and_then(|id: u64| world.reservations.get(&id));
    let old = found.ok_or_else(|| format!("no such reservation: {idres}"))?;
    let mut reservation: Reservation = read(merged(json!(old), patch))?;
    reservation.account.clone_from(&old.account);
    let old = old.idres;
    state_of(&json!(reservation.state)).ok_or("state must be a small number")?;
    if !world.classes.contains_key(&reservation.class) {
        return Err(format!("no such class: {}", reservation.class));
    }
    if reservation.idres != old && world.reservations.contains_key(&reservation.idres) {
        return Err(format!("reservation {} exists", reservation.idres));
    }
    let answer = json!(reservation);
    world.reservations.remove(&old);
    world.reservations.insert(reservation.idres, reservation);
    Ok(answer)
}

/// `DELETE reservations/IDRES`
pub(crate) fn delete_reservation(world: &mut World, idres: &str) -> Reply {
    let removed = idres
        .parse()
        .ok()
        .and_then(|id: u64| world.reservations.remove(&id));
    removed
        .map(|_| json!({}))
        .ok_or_else(|| format!("no such reservation: {idres}"))
}
