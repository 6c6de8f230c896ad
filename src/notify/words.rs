//! The sentence a person reads on a phone: "Booked: WOD, Monday 23 November 18:30 (crossfitdemo)".

use super::Notice;
use crate::config::Event;
use crate::model::account::Account;

/// The event in one line. The account is named unless it is the main one (the config's) or the message names it.
pub(super) fn sentence(notice: &Notice, main: Option<&Account>) -> String {
    let message = notice.message.as_deref().unwrap_or_default();
    let parts = [
        head(notice.event).to_owned(),
        subject(notice, main, message),
        message.to_owned(),
    ];
    let reported: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    reported.join(": ").replace(char::is_control, " ")
}

fn head(event: Event) -> &'static str {
    match event {
        Event::Booked => "Booked",
        Event::Waitlisted => "On the waiting list",
        Event::Failed => "Not booked",
        Event::Postponed => "Not booked yet",
        Event::LoginRequired => "Login required",
        Event::Unreachable => "AimHarder is unreachable",
        Event::Recovered => "Recovered",
    }
}

/// `WOD, Monday 23 November 18:30 (crossfitdemo, ben@example.org)`, or only the account.
fn subject(notice: &Notice, main: Option<&Account>, message: &str) -> String {
    let when = [
        notice.day.map(|day| day.format("%A %-d %B").to_string()),
        notice.start.map(|start| start.format("%H:%M").to_string()),
    ];
    let when: Vec<String> = when.into_iter().flatten().collect();
    let what = [notice.class.clone(), Some(when.join(" "))];
    let what: Vec<String> = what
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    let account = notice.account.as_ref().filter(|it| Some(*it) != main);
    let account = account
        .map(Account::as_str)
        .filter(|it| !message.contains(it));
    let place: Vec<&str> = notice.gym.as_deref().into_iter().chain(account).collect();
    match (what.join(", "), place.join(", ")) {
        (what, place) if what.is_empty() => place,
        (what, place) if place.is_empty() => what,
        (what, place) => format!("{what} ({place})"),
    }
}

/// The event as one line of JSON.
pub(super) fn line(notice: &Notice) -> Result<Vec<u8>, String> {
    serde_json::to_vec(notice).map_err(|_| "the event cannot be written as JSON".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::booked;

    #[test]
    fn sentences() {
        let [ana, ben] = ["ana@example.org", "ben@example.org"].map(|it| it.parse().unwrap());
        let main = Some(&ana);
        let booked = booked();
        assert_eq!(
            sentence(&booked, main),
            "Booked: WOD, Monday 23 November 18:30 (crossfitdemo)"
        );
        assert_eq!(
            sentence(&booked, Some(&ben)),
            "Booked: WOD, Monday 23 November 18:30 (crossfitdemo, ana@example.org)"
        );
        let full = Notice {
            event: Event::Failed,
            class: None,
            gym: None,
            message: Some("full\nup".to_owned()),
            ..booked.clone()
        };
        assert_eq!(
            sentence(&full, main),
            "Not booked: Monday 23 November 18:30: full up"
        );
        let session = |event, message| {
            let account = "ana@example.org".parse().unwrap();
            sentence(
                &Notice::of_session(event, &account, message, booked.time.to_utc()),
                None,
            )
        };
        let table = [
            (
                session(Event::LoginRequired, "wrong password"),
                "Login required: ana@example.org: wrong password",
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
                "AimHarder is unreachable: ana@example.org: timed out",
            ),
        ];
        for (said, expected) in table {
            assert_eq!(said, expected);
        }
    }
}
