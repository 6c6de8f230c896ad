//! Web pages: the form login's, `setrefresh`'s, and those that name boxes.

use aimharder::platform::Error;

use super::{Answer, answers, one_line, own_boxes, whole_token};

/// What every page promises: 200, and no JSON that says `logout`.
fn alive<T>(answer: &Answer, read: Result<T, Error>) -> Option<T> {
    let dead = answer.says_logout();
    match read {
        Ok(value) => {
            assert!(!dead && answer.status == 200, "{} passed", answer.status);
            Some(value)
        }
        Err(error) => {
            assert!(
                !dead || error == Error::LoggedOut,
                "logout was not seen: {error}"
            );
            one_line(&error.to_string());
            None
        }
    }
}

pub fn set_refresh(data: &[u8]) {
    let answer = Answer::of(data);
    if let Some(token) = alive(&answer, answer.saved().set_refresh()) {
        whole_token(&token);
        let page = String::from_utf8_lossy(answer.body);
        assert!(page.contains("setItem"), "a token from nowhere");
    }
}

pub fn login_form(data: &[u8]) {
    let answer = Answer::of(data);
    for cookie in [true, false] {
        let read = answer.saved().login_form(cookie);
        answers::judged(&answer, &read);
        if let Ok(signs) = read {
            // the call itself refuses a login without the cookie
            whole_token(&signs.token.expect("let in without a token"));
        }
    }
}

/// `/home`, and a box's schedule page.
pub fn home(data: &[u8]) {
    let answer = Answer::of(data);
    if let Some(boxes) = alive(&answer, answer.saved().home()) {
        own_boxes(&boxes);
    }
    if let Some(id) = alive(&answer, answer.saved().box_id()) {
        assert!(id > 0);
        let page = String::from_utf8_lossy(answer.body);
        assert!(page.contains(&id.to_string()), "a number from nowhere");
    }
}
