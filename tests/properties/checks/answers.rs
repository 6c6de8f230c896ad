//! Responses to API calls.

use aimharder::platform::{CancelVerdict, Error, LoginError, Mine, Row, Verdict, recorded};
use serde_json::Value;

use super::{Answer, DOMAIN, is_int, one_line, own_boxes, plain_id, shown, whole_token};

/// What holds for every API call: `logout` is looked for first, and only 200 with a JSON object is a response.
fn alive<T>(answer: &Answer, read: Result<T, Error>) -> Option<T> {
    if answer.says_logout() {
        assert_eq!(read.err(), Some(Error::LoggedOut), "logout was not seen");
        return None;
    }
    assert!(
        read.is_err() || (answer.status == 200 && answer.object.is_some()),
        "status {} is accepted",
        answer.status
    );
    if answer.status == 429 || answer.status >= 500 {
        assert!(
            matches!(read, Err(Error::Busy { .. })),
            "not an error of a busy server"
        );
    }
    read.map_err(|error| one_line(&error.to_string())).ok()
}

pub fn token_update(data: &[u8]) {
    let answer = Answer::of(data);
    if let Some(token) = alive(&answer, recorded::token_update(&answer.saved())) {
        whole_token(&token);
        assert!(answer.get("newToken").is_string());
    }
}

pub fn whoami(data: &[u8]) {
    let answer = Answer::of(data);
    if let Some(boxes) = alive(&answer, recorded::whoami(&answer.saved(), DOMAIN)) {
        own_boxes(&boxes);
        assert!(
            matches!(answer.get("data"), Value::Array(people) if !people.is_empty())
                || answer.get("data").is_object(),
            "a response without an account is accepted"
        );
    }
}

pub fn schedule(data: &[u8]) {
    let answer = Answer::of(data);
    let Some(rows) = alive(&answer, recorded::schedule(&answer.saved())) else {
        return;
    };
    let sent = answer.get("bookings").as_array().expect("a list");
    assert!(rows.len() <= sent.len());
    for row in &rows {
        plain_id(&row.id);
        shown(&row.name);
        row.coach.iter().for_each(|coach| shown(coach));
        row.reservation.iter().for_each(|id| plain_id(id));
        if let Mine::Unknown(state) = &row.mine {
            shown(state);
        }
    }
    for (state, mine) in [(1, Mine::Booked), (0, Mine::Waiting)] {
        let said = |row: &&Value| is_int(&row["bookState"], state);
        let read = rows.iter().filter(|row| row.mine == mine).count();
        assert!(
            read <= sent.iter().filter(said).count(),
            "more bookings than the response has: {mine:?}"
        );
    }
    if rows.iter().any(Row::is_personal) {
        let printed = |row: &Value| !row["bookState"].is_null() || !row["idres"].is_null();
        assert!(
            sent.iter().any(printed),
            "personal although no row of the response is"
        );
    }
}

pub fn next_bookings(data: &[u8]) {
    let answer = Answer::of(data);
    let Some(next) = alive(&answer, recorded::next_bookings(&answer.saved())) else {
        return;
    };
    let sent = |key: &str| answer.get(key).as_array().map_or(0, Vec::len);
    assert!(next.coming.len() <= sent("nextClasses") && next.past.len() <= sent("history"));
    let coming = next.coming.iter().map(|c| (c.day, &c.label, &c.name));
    let past = next.past.iter().map(|p| (p.day, &p.label, &p.name));
    for (day, label, name) in coming.chain(past) {
        day.into_iter().for_each(super::written::within_years);
        shown(label);
        shown(name);
    }
}

pub fn book(data: &[u8]) {
    let answer = Answer::of(data);
    let Some(read) = alive(&answer, recorded::book(&answer.saved())) else {
        return;
    };
    read.message.iter().for_each(|message| shown(message));
    read.reservation.iter().for_each(|id| plain_id(id));
    let hopeful = matches!(read.verdict, Verdict::Booked | Verdict::Unproven);
    assert!(hopeful || read.reservation.is_none(), "refused and booked");
    if read.verdict == Verdict::Booked {
        assert!(is_int(answer.get("bookState"), 1), "booked without a state");
        assert!(read.message.is_none(), "booked with an error");
        assert!(
            ["error", "errorMssg", "errorMsg", "errorMssgLang"]
                .iter()
                .all(|key| says_nothing(answer.get(key))),
            "booked with an error"
        );
    }
    if let Verdict::TooEarly(Some(learned)) = read.verdict {
        super::words::comes_back(learned);
    }
}

pub fn cancel(data: &[u8]) {
    let answer = Answer::of(data);
    let Some(read) = alive(&answer, recorded::cancel(&answer.saved())) else {
        return;
    };
    read.message.iter().for_each(|message| shown(message));
    let state = answer.get("cancelState");
    match read.verdict {
        CancelVerdict::Done => assert!(is_int(state, 1) && read.message.is_none()),
        CancelVerdict::Late => assert!(is_int(state, 2)),
        CancelVerdict::Refused | CancelVerdict::Unproven => {}
    }
}

pub fn login_json(data: &[u8]) {
    let answer = Answer::of(data);
    let read = recorded::login_json(&answer.saved(), DOMAIN);
    judged(&answer, &read);
    if let Ok((token, boxes)) = read {
        assert!(answer.object.is_some() && says_nothing(answer.get("error")));
        let auth = &answer.get("data")["auth"]["authOK"];
        assert!(
            !is_int(auth, 0) && !auth.is_null(),
            "accepted without authOK"
        );
        token.iter().for_each(whole_token);
        own_boxes(&boxes);
    }
}

/// What holds for both flows: only 200 is a success, and an outage does not refuse a password.
pub fn judged<T>(answer: &Answer, read: &Result<T, LoginError>) {
    let later = answer.status == 403 || answer.status == 429 || answer.status >= 500;
    match read {
        Ok(_) => assert!(answer.status == 200 && !answer.says_logout()),
        Err(LoginError::Refused { message, .. }) => {
            shown(message);
            assert!(
                !message.is_empty() && !later,
                "a password is refused by status {}",
                answer.status
            );
        }
        Err(error) => one_line(&error.to_string()),
    }
}

/// Whether the value is not an error.
fn says_nothing(error: &Value) -> bool {
    match error {
        Value::Null | Value::Array(_) => true,
        Value::Bool(error) => !error,
        Value::Number(n) => n.as_f64() == Some(0.0) || n.as_f64().is_some_and(|f| f.fract() != 0.0),
        // a number, or a text of which nothing can be shown, is not a message
        Value::String(s) => s.trim().parse::<f64>().is_ok() || aimharder::text::clean(s).is_empty(),
        Value::Object(o) => o.is_empty(),
    }
}

/// A page of workouts, and the page that names their publisher.
pub fn activity(data: &[u8]) {
    let answer = Answer::of(data);
    if let Ok(Some(publisher)) = recorded::publisher(&answer.saved()) {
        assert!(!publisher.is_empty() && publisher.bytes().all(|b| b.is_ascii_digit()));
        assert!(String::from_utf8_lossy(answer.body).contains(&publisher));
    }
    let Some((posts, next)) = alive(&answer, recorded::activity(&answer.saved())) else {
        return;
    };
    next.iter().for_each(|next| plain_id(next));
    assert!(posts.len() <= answer.get("elements").as_array().map_or(0, Vec::len));
    for post in &posts {
        post.id.iter().for_each(|id| plain_id(id));
        post.class.iter().for_each(|class| shown(class));
        for block in &post.blocks {
            let texts = [&block.title, &block.time_cap].into_iter().flatten();
            texts.for_each(|text| shown(text));
            block.text.lines().for_each(shown);
            for exercise in &block.exercises {
                shown(&exercise.name);
                exercise.prescription.iter().for_each(|text| shown(text));
            }
        }
    }
}
