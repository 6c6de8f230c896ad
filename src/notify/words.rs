//! The one-line text of a notification: "Booked: WOD, Mon 23 Nov 18:30".

use anyhow::{Context, Result};

use super::Notice;
use crate::config::Event;
use crate::model::account::Account;
use crate::text::cap;

/// The longest text, in characters. More does not fit on the lock screen of a phone.
const MAX_TEXT_LEN: usize = 120;
/// The longest class name in a text, so that a reason after it is not cut.
const MAX_CLASS_LEN: usize = 40;

/// The text of an event. The account is named unless it is `main` or the details name it.
pub(super) fn text(notice: &Notice, main: Option<&Account>) -> String {
    let details = notice.message.as_deref().unwrap_or_default();
    let account = notice.account.as_ref().filter(|it| Some(*it) != main);
    let account = account.map(Account::as_str);
    let account = account.filter(|it| !details.contains(it));
    let what = match (class(notice), account) {
        (class, None) => class,
        (None, Some(account)) => Some(account.to_owned()),
        (Some(class), Some(account)) => Some(format!("{class} ({account})")),
    };
    let text = match (what, details) {
        (None, details) => details.to_owned(),
        (Some(what), "") => what,
        (Some(what), details) => format!("{what} – {details}"),
    };
    cut(&format!("{}: {text}", head(notice.event)), MAX_TEXT_LEN)
}

fn head(event: Event) -> &'static str {
    match event {
        Event::Booked => "Booked",
        Event::Waitlisted | Event::Failed => "Not booked",
        Event::Postponed => "Not booked yet",
        Event::LoginRequired => "Login required",
        Event::Unreachable => "AimHarder is unreachable",
        Event::Recovered => "Recovered",
    }
}

/// `WOD, Mon 23 Nov 18:30`, or `None` for an event of a session.
fn class(notice: &Notice) -> Option<String> {
    let day = notice.day?.format("%a %-d %b");
    let start = notice.start?.format("%H:%M");
    let name = notice.class.as_deref().filter(|name| !name.is_empty());
    let name = cut(name.unwrap_or("class"), MAX_CLASS_LEN);
    Some(format!("{name}, {day} {start}"))
}

/// One line of at most `max` characters.
fn cut(text: &str, max: usize) -> String {
    cap(&text.replace(char::is_control, " "), max)
}

/// The event as one line of JSON.
pub(super) fn line(notice: &Notice) -> Result<Vec<u8>> {
    serde_json::to_vec(notice).context("the event cannot be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::booked;

    #[test]
    fn texts() {
        let [ana, ben] = ["ana@example.org", "ben@example.org"].map(|it| it.parse().unwrap());
        let main = Some(&ana);
        let booked = booked();
        assert_eq!(text(&booked, main), "Booked: WOD, Mon 23 Nov 18:30");
        assert_eq!(
            text(&booked, Some(&ben)),
            "Booked: WOD, Mon 23 Nov 18:30 (ana@example.org)"
        );
        let waiting = Notice {
            event: Event::Waitlisted,
            class: Some("Pilates".to_owned()),
            message: Some("full,\nyou are on the waiting list".to_owned()),
            ..booked.clone()
        };
        assert_eq!(
            text(&waiting, main),
            "Not booked: Pilates, Mon 23 Nov 18:30 – full, you are on the waiting list"
        );
        let long = Notice {
            class: Some("ñ".repeat(500)),
            message: Some("ú".repeat(500)),
            ..waiting
        };
        let long = text(&long, Some(&ben));
        assert_eq!(long.chars().count(), MAX_TEXT_LEN, "{long}");
        assert!(
            long.contains("…, Mon 23 Nov 18:30 (ana@example.org) – ú"),
            "{long}"
        );
        let session = |event, message| {
            let account = Some(ana.clone());
            text(
                &Notice::of_session(event, account, message, booked.time.to_utc()),
                None,
            )
        };
        let table = [
            (
                session(Event::LoginRequired, "wrong password"),
                "Login required: ana@example.org – wrong password",
            ),
            (
                session(
                    Event::Recovered,
                    "the session of ana@example.org works again",
                ),
                "Recovered: the session of ana@example.org works again",
            ),
            (
                session(Event::Unreachable, "timed out"),
                "AimHarder is unreachable: ana@example.org – timed out",
            ),
        ];
        for (said, expected) in table {
            assert_eq!(said, expected);
        }
    }
}
