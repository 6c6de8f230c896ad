//! Web pages: of the form login, of `setrefresh`, and those that name boxes.

use aimharder::platform::{Error, recorded};

use super::{Answer, DOMAIN, answers, one_line, own_boxes, whole_token};

/// What holds for every page: the status is 200, and it is not JSON that reports a logout.
fn alive<T>(answer: &Answer, read: Result<T, Error>) -> Option<T> {
    let dead = answer.says_logout();
    match read {
        Ok(value) => {
            assert!(
                !dead && answer.status == 200,
                "status {} is accepted",
                answer.status
            );
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
    if let Some(token) = alive(&answer, recorded::set_refresh(&answer.saved())) {
        whole_token(&token);
        let page = String::from_utf8_lossy(answer.body);
        assert!(
            page.contains("setItem"),
            "a token that the page does not have"
        );
    }
}

pub fn login_form(data: &[u8]) {
    let answer = Answer::of(data);
    for cookie in [true, false] {
        let read = recorded::login_form(&answer.saved(), cookie);
        answers::judged(&answer, &read);
        if let Ok(token) = read {
            // the call itself refuses a login without the cookie
            whole_token(&token);
        }
    }
}

/// `/home`, and the schedule page of a box.
pub fn home(data: &[u8]) {
    let answer = Answer::of(data);
    if let Some(boxes) = alive(&answer, recorded::home(&answer.saved(), DOMAIN)) {
        own_boxes(&boxes);
    }
    if let Some(id) = alive(&answer, recorded::box_id(&answer.saved())) {
        assert!(id > 0);
        let page = String::from_utf8_lossy(answer.body);
        assert!(
            page.contains(&id.to_string()),
            "a box id that the page does not have"
        );
    }
}
