//! Booking, with the refusals of protocol.md §6 that follow from the state: others are given as `book_answers`.

use serde_json::{Value, json};

use crate::config::{Quirk, RefusalShape};
use crate::http::{Request, Response};
use crate::model::{Account, Class, Gym, Reservation};
use crate::texts::{Language, Text};
use crate::world::World;

use super::{has, number};

/// A refusal: state, key, text and limit.
#[derive(Clone, Debug, Default)]
struct Refusal {
    state: i64,
    key: &'static str,
    text: String,
    max: Option<usize>,
}

impl Refusal {
    fn text(state: i64, language: Language, text: Text) -> Self {
        Self {
            state,
            text: language.text(text).to_owned(),
            ..Self::default()
        }
    }

    fn key(key: &'static str, language: Language, text: Text) -> Self {
        Self {
            key,
            ..Self::text(-12, language, text)
        }
    }
}

/// The request of a `book` call.
#[derive(Clone, Debug)]
struct BookRequest {
    email: String,
    family: String,
    insist: bool,
}

/// `POST /api/book` with `id`, `day`, `insist`, `familyId`
pub(crate) fn book(world: &mut World, request: &Request, gym: &Gym, now: i64) -> Response {
    let email = match super::require_login(world, request, now) {
        Ok(email) => email,
        Err(response) => return response,
    };
    let form = request.form();
    let Some(id) = request.field("id") else {
        return Response::json(&json!({})); // not form-encoded: proves nothing
    };
    let insist = request.field("insist").as_deref() == Some("1");
    let wanted = BookRequest {
        email,
        family: super::family(&form),
        insist,
    };
    let class = id
        .parse()
        .ok()
        .and_then(|id| world.classes.get(&id))
        .cloned();
    if class.as_ref().is_some_and(|class| {
        world
            .mine(&wanted.email, &wanted.family, class.id)
            .is_some()
    }) {
        world.counters.double_books += 1;
    }
    if let Some(answer) = forced_answer(world, &wanted, class.as_ref()) {
        return Response::json(&answer);
    }
    let day = request.field("day").unwrap_or_default();
    let meant = |class: &Class| {
        !class.hidden
            && class.is_listed(gym, now)
            && class.gym == gym.name
            && class.day.format("%Y%m%d").to_string() == day
    };
    if let Some(class) = class.filter(meant) {
        return try_to_book(world, &wanted, &class, gym, now);
    }
    let language = world.language(Some(&wanted.email));
    let refusal = Refusal::text(-3, language, Text::Unavailable);
    refused(world, gym, &refusal)
}

fn try_to_book(
    world: &mut World,
    wanted: &BookRequest,
    class: &Class,
    gym: &Gym,
    now: i64,
) -> Response {
    match (decide(world, wanted, class, gym, now), &class.early_answer) {
        (Ok(state), _) => accept(world, wanted, class, gym, state),
        (Err(refusal), Some(answer)) if refusal.key.starts_with("ERROR_ANTELACION") => {
            Response::json(answer)
        }
        (Err(refusal), _) => refused(world, gym, &refusal),
    }
}

/// The next prepared response of the class or the account.
fn forced_answer(world: &mut World, wanted: &BookRequest, class: Option<&Class>) -> Option<Value> {
    if let Some(class) = class.and_then(|class| world.classes.get_mut(&class.id))
        && !class.book_answers.is_empty()
    {
        return Some(class.book_answers.remove(0));
    }
    let account = world.account_mut(&wanted.email)?;
    (!account.book_answers.is_empty()).then(|| account.book_answers.remove(0))
}

/// State 1 if it can be booked, 0 if it can be queued.
fn decide(
    world: &World,
    wanted: &BookRequest,
    class: &Class,
    gym: &Gym,
    now: i64,
) -> Result<i64, Refusal> {
    let language = world.language(Some(&wanted.email));
    if world
        .mine(&wanted.email, &wanted.family, class.id)
        .is_some()
    {
        return Err(Refusal::key(
            "NOPUEDESRESERVAMISMAHORA",
            language,
            Text::SameHour,
        ));
    }
    if now >= class.start_ms(gym.timezone) - class.closes_before_ms {
        return Err(Refusal::text(-7, language, Text::TooLate));
    }
    if class.cancelled || class.resadmin || !class.enabled {
        return Err(Refusal::text(-3, language, Text::Unavailable));
    }
    if let Some((opens, notice)) = class.opening(gym)
        && now < opens
    {
        let (key, text) = language.too_early(notice);
        return Err(Refusal {
            state: -12,
            key,
            text,
            max: None,
        });
    }
    if !class.is_enabled(gym, now) {
        return Err(Refusal::text(-3, language, Text::Unavailable));
    }
    let Some(account) = world.account(&wanted.email) else {
        return Err(Refusal::text(-2, language, Text::NoCredit));
    };
    check_account(world, wanted, class, account, language)?;
    let (taken, waiting) = world.places(class);
    match (taken < class.capacity, wanted.insist && waiting >= 0) {
        (true, _) => Ok(1),
        (false, true) => Ok(0),
        (false, false) => Err(Refusal::text(-1, language, Text::Full)),
    }
}

/// Refusals because of the account.
fn check_account(
    world: &World,
    wanted: &BookRequest,
    class: &Class,
    account: &Account,
    language: Language,
) -> Result<(), Refusal> {
    if account.payment_pending {
        return Err(Refusal::text(-5, language, Text::PaymentPending));
    }
    if account.credit.is_some_and(|credit| credit <= 0) || !account.boxes.contains(&class.gym) {
        return Err(Refusal::text(-2, language, Text::NoCredit));
    }
    check_limits(world, wanted, class, account, language)
}

/// Refusals because of the account's other bookings in the box.
fn check_limits(
    world: &World,
    wanted: &BookRequest,
    class: &Class,
    account: &Account,
    language: Language,
) -> Result<(), Refusal> {
    let others: Vec<_> = world
        .of(&wanted.email, &wanted.family)
        .filter_map(|r| world.classes.get(&r.class).map(|other| (r, other)))
        .filter(|(r, other)| r.state == 1 && other.gym == class.gym)
        .map(|(_, other)| other)
        .collect();
    let reached = |limit: Option<usize>, count: usize| limit.is_some_and(|limit| count >= limit);
    if others.iter().any(|other| other.wall() == class.wall()) {
        return Err(Refusal::key(
            "NOPUEDESRESERVAMISMAHORA",
            language,
            Text::SameHour,
        ));
    }
    let today = others.iter().filter(|other| other.day == class.day).count();
    if reached(account.daily_limit, today) {
        return Err(Refusal {
            state: -8,
            max: account.daily_limit,
            ..Refusal::default()
        });
    }
    if reached(account.class_limit, others.len()) {
        return Err(Refusal::text(-9, language, Text::Limit));
    }
    if reached(account.contracted_limit, others.len()) {
        return Err(Refusal::key(
            "HASSUPERADOLIMITCONTR",
            language,
            Text::Contracted,
        ));
    }
    Ok(())
}

fn accept(
    world: &mut World,
    wanted: &BookRequest,
    class: &Class,
    gym: &Gym,
    state: i64,
) -> Response {
    let idres = world.add_reservation(Reservation {
        account: wanted.email.clone(),
        class: class.id,
        family: wanted.family.clone(),
        state,
        ..Reservation::default()
    });
    world.counters.books += 1;
    let texts = has(world, class, Quirk::Strings);
    let account = world.account_mut(&wanted.email);
    if let Some(credit) = account.and_then(|account| account.credit.as_mut()) {
        *credit = credit.saturating_sub(state);
    }
    let idres = i64::try_from(idres).unwrap_or(0);
    Response::json(&json!({
        "clasesContratadas": world.class_names(gym).join(", "), "hasPublicMemberships": 0,
        "bookState": number(state, texts), "id": number(idres, !has(world, class, Quirk::NumberId))
    }))
}

fn refused(world: &World, gym: &Gym, refusal: &Refusal) -> Response {
    let shape = world.config.refusal_shape;
    let mut answer = json!({
        "clasesContratadas": world.class_names(gym).join(", "), "hasPublicMemberships": 0,
        "bookState": number(refusal.state, world.config.quirks.contains(&Quirk::Strings))
    });
    if !refusal.key.is_empty() && matches!(shape, RefusalShape::Both | RefusalShape::Key) {
        answer["errorMssgLang"] = Value::from(refusal.key);
    }
    if !refusal.text.is_empty() && matches!(shape, RefusalShape::Both | RefusalShape::Text) {
        answer[world.config.refusal_text_key.as_str()] = Value::from(refusal.text.clone());
    }
    if let Some(max) = refusal.max {
        answer["max"] = Value::from(max);
    }
    Response::json(&answer)
}
