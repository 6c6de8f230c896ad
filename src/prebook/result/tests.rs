//! What each outcome means, by the promises of `scripting.md`.

use super::*;
use Outcome::*;

/// The stored status, the exit code, the notification, and whether the next choice is tried: the class is full, closed, not
/// in the schedule, or refused.
#[test]
fn every_outcome_has_the_promised_status_exit_code_and_notification() {
    for (outcomes, watch, expected) in [
        (&[Booked, AlreadyBooked][..], false, "booked 0 booked last"),
        (&[Waitlisted], false, "waitlisted 0 waitlisted last"),
        (
            &[Full, NoCredit, PaymentPending, LimitReached, SameTime],
            false,
            "failed 4 failed next",
        ),
        (
            &[TooLate, Refused, Cancelled],
            false,
            "failed 4 failed next",
        ),
        (&[NoCredit, Refused], true, "failed 4 failed next"),
        (&[Full], true, "pending 0 postponed next"),
        (&[Closed], false, "pending 0 postponed next"),
        (&[TooEarly, OnceADay], false, "pending 0 postponed last"),
        (&[Expired], false, "expired 4 failed next"),
        (&[WithinLead], false, "expired 0 failed next"),
        (&[NotBooked], false, "cancelled 0 failed next"),
        (
            &[Ambiguous, Failed(ExitKind::NotFound)],
            false,
            "pending 6 postponed next",
        ),
        (
            &[Failed(ExitKind::LoginRequired)],
            false,
            "pending 3 login_required last",
        ),
        (
            &[Failed(ExitKind::Unreachable)],
            false,
            "pending 5 unreachable last",
        ),
        (
            &[Failed(ExitKind::UnknownOutcome)],
            false,
            "pending 8 postponed last",
        ),
    ] {
        for outcome in outcomes {
            let meaning = Meaning::of(*outcome, watch);
            let next = if meaning.tries_next { "next" } else { "last" };
            let (status, event) = (meaning.progress.as_str(), meaning.event.name());
            let code = meaning.kind.map_or(0, ExitKind::code);
            let meaning = format!("{status} {code} {event} {next}");
            assert_eq!(meaning, expected, "{outcome:?}, watch: {watch}");
        }
    }
}

#[test]
fn a_choice_is_full_or_cancelled_only_if_the_class_is() {
    let choice = Choice {
        start: "18:30:00".parse().unwrap(),
        class: None,
    };
    for (outcome, cancelled, expected, tries_next) in [
        (Full, false, Full, true),
        (Closed, false, Closed, true),
        (Closed, true, Cancelled, true),
        (NoCredit, true, NoCredit, true),
        (TooEarly, false, TooEarly, false),
    ] {
        let row = Row {
            cancelled,
            ..Row::usual()
        };
        let result = ChoiceResult::of(&choice, BookResult::unsent(outcome, Some(row), None));
        assert_eq!(result.outcome(), expected);
        assert_eq!(result.is_full, expected == Full, "{expected:?}");
        assert_eq!(result.tries_next(), tries_next, "{expected:?}");
        assert!(!result.may_come, "{expected:?}");
    }
}
