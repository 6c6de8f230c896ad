//! When to try what, by rules, guesses and refusals.

use super::*;
use crate::model::opening::{OpeningRules, Source};
use crate::model::prebooking::{PrebookRequest, Progress};

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn prebooking(opens: Option<&str>) -> Prebooking {
    let at = |text: &str| Choice {
        start: text.parse().unwrap(),
        class: None,
    };
    Prebooking {
        id: 7,
        rule: None,
        request: PrebookRequest {
            opens: opens.map(|rule| rule.parse().unwrap()),
            ..PrebookRequest::new(
                "ana@example.org".parse().unwrap(),
                "crossfitdemo",
                at("18:30:00"),
            )
        },
        day: "2026-11-23".parse().unwrap(),
        moved_to: None,
        tried_at: None,
        progress: Progress::Pending,
        owner: None,
        attempts: 0,
        message: None,
        reservation: None,
        class_id: None,
        created_at: utc("2026-11-01T00:00:00Z"),
    }
}

fn madrid(opening: Option<Opening>) -> BoxProfile {
    BoxProfile {
        opening_rules: OpeningRules {
            of_box: opening,
            by_class: Vec::new(),
        },
        ..BoxProfile::bare("crossfitdemo", "crossfitdemo.aimharder.com")
    }
}

#[test]
fn a_rule_of_its_own_beats_the_box() {
    let box_rule = Some(Opening::given("4d".parse().unwrap(), Source::Set));
    let now = utc("2026-11-10T00:00:00Z");
    for (own, expected) in [
        (None, "2026-11-19T17:30:00Z"),
        (Some("2d@07:00"), "2026-11-21T06:00:00Z"),
    ] {
        let request = prebooking(own);
        assert_eq!(
            madrid(box_rule).next(&request, &request.request.first, now),
            Next::At(utc(expected))
        );
    }
    let unknown = prebooking(None);
    assert_eq!(
        madrid(None).next(&unknown, &unknown.request.first, now),
        Next::Unknown
    );
    let over = madrid(box_rule).next(
        &unknown,
        &unknown.request.first,
        utc("2026-11-23T17:30:00Z"),
    );
    assert_eq!(over, Next::Over);
}

#[test]
fn an_opening_after_the_start_is_none() {
    let now = utc("2026-11-10T00:00:00Z");
    for rule in ["0d", "0d@18:30", "0d@20:00"] {
        let late = prebooking(Some(rule));
        let next = madrid(None).next(&late, &late.request.first, now);
        assert_eq!(next, Next::Unknown, "{rule}");
    }
    let in_time = prebooking(Some("0d@18:29"));
    let next = madrid(None).next(&in_time, &in_time.request.first, now);
    assert_eq!(next, Next::At(utc("2026-11-23T17:29:00Z")));
}

#[test]
fn a_refusal_moves_it_later_and_never_earlier() {
    let profile = madrid(Some(Opening::given("4d".parse().unwrap(), Source::Set)));
    let now = utc("2026-11-10T00:00:00Z");
    for (moved, expected) in [
        ("2026-11-20T17:30:00Z", "2026-11-20T17:30:00Z"),
        ("2026-11-18T17:30:00Z", "2026-11-19T17:30:00Z"),
    ] {
        let request = Prebooking {
            moved_to: Some(utc(moved)),
            ..prebooking(None)
        };
        assert_eq!(
            profile.next(&request, &request.request.first, now),
            Next::At(utc(expected))
        );
    }
}

#[test]
fn a_guess_is_tried_from_midnight_every_half_hour_and_at_the_guessed_time() {
    let profile = madrid(Some(Opening::learned("4d".parse().unwrap())));
    let now = utc("2026-11-10T00:00:00Z");
    let steps = [
        (None, Next::Guess(utc("2026-11-18T23:00:00Z"))),
        (
            Some("2026-11-18T23:00:01Z"),
            Next::Guess(utc("2026-11-18T23:30:00Z")),
        ),
        (
            Some("2026-11-19T17:00:01Z"),
            Next::At(utc("2026-11-19T17:30:00Z")),
        ),
        (
            Some("2026-11-19T17:30:01Z"),
            Next::Guess(utc("2026-11-19T18:00:00Z")),
        ),
    ];
    for (tried, expected) in steps {
        let request = Prebooking {
            tried_at: tried.map(utc),
            ..prebooking(None)
        };
        assert_eq!(
            profile.next(&request, &request.request.first, now),
            expected,
            "tried {tried:?}"
        );
    }
}

#[test]
fn the_soonest_choice_makes_it_due() {
    let mut request = prebooking(Some("4d"));
    request.request.alternatives = vec![Choice {
        start: "07:00:00".parse().unwrap(),
        class: None,
    }];
    let profile = madrid(None);
    let now = utc("2026-11-19T05:50:00Z");
    assert!(profile.is_due(
        &request,
        now,
        until(now, std::time::Duration::from_secs(960))
    ));
    assert!(!profile.is_due(
        &request,
        now,
        until(now, std::time::Duration::from_secs(300))
    ));
    assert!(!profile.is_over(&request, utc("2026-11-23T10:00:00Z")));
    assert!(profile.is_over(&request, utc("2026-11-23T18:00:00Z")));
}

/// The learned rule has the full class name; the prebooking has none, or a part of it.
#[test]
fn a_refused_prebooking_without_a_rule_is_tried_from_midnight_too() {
    let now = utc("2026-11-10T00:00:00Z");
    let refused = |tried: &str| Prebooking {
        moved_to: Some(utc("2026-11-18T23:00:00Z")),
        tried_at: Some(utc(tried)),
        ..prebooking(None)
    };
    for (tried, expected) in [
        (
            "2026-11-10T00:00:00Z",
            Next::Guess(utc("2026-11-18T23:00:00Z")),
        ),
        (
            "2026-11-18T23:00:01Z",
            Next::Guess(utc("2026-11-18T23:30:00Z")),
        ),
        (
            "2026-11-19T17:00:01Z",
            Next::At(utc("2026-11-19T17:30:00Z")),
        ),
    ] {
        let request = refused(tried);
        let next = madrid(None).next(&request, &request.request.first, now);
        assert_eq!(next, expected, "tried {tried}");
    }
}

#[test]
fn a_refusal_moves_a_guess_only_to_a_later_opening_than_the_guessed_one() {
    let profile = madrid(Some(Opening::learned("4d".parse().unwrap())));
    let now = utc("2026-11-10T00:00:00Z");
    let midnight = Next::Guess(utc("2026-11-18T23:00:00Z"));
    for (tried, moved, expected) in [
        (None, "2026-11-19T11:00:00Z", midnight),
        (None, "2026-11-19T17:30:00Z", midnight),
        (
            None,
            "2026-11-20T17:30:00Z",
            Next::At(utc("2026-11-20T17:30:00Z")),
        ),
        // the stated opening is one of the half hours
        (
            Some("2026-11-19T17:30:01Z"),
            "2026-11-19T18:00:00Z",
            Next::At(utc("2026-11-19T18:00:00Z")),
        ),
        (
            Some("2026-11-19T18:00:01Z"),
            "2026-11-19T18:00:00Z",
            Next::Guess(utc("2026-11-19T18:30:00Z")),
        ),
    ] {
        let request = Prebooking {
            moved_to: Some(utc(moved)),
            tried_at: tried.map(utc),
            ..prebooking(None)
        };
        let next = profile.next(&request, &request.request.first, now);
        assert_eq!(next, expected, "moved to {moved}, tried {tried:?}");
    }
}

#[test]
fn it_is_due_until_its_opening_and_over_at_the_start_of_its_last_choice() {
    let mut request = prebooking(Some("4d"));
    request.request.alternatives = vec![Choice {
        start: "20:00:00".parse().unwrap(),
        class: None,
    }];
    let profile = madrid(None);
    let first = utc("2026-11-19T17:30:00Z");
    for (now, until, is_due, is_over) in [
        ("2026-11-19T17:00:00Z", "2026-11-19T17:29:59Z", false, false),
        ("2026-11-19T17:00:00Z", "2026-11-19T17:30:00Z", true, false),
        ("2026-11-23T17:30:00Z", "2026-11-19T17:30:00Z", false, false),
        ("2026-11-23T18:59:59Z", "2026-11-23T18:59:59Z", true, false),
        ("2026-11-23T19:00:00Z", "2026-11-23T19:00:00Z", false, true),
    ] {
        let (now, until) = (utc(now), utc(until));
        assert_eq!(profile.is_due(&request, now, until), is_due, "{now}");
        assert_eq!(profile.is_over(&request, now), is_over, "{now}");
    }
    let soonest = |now: &str| profile.soonest(&request, utc(now));
    assert_eq!(soonest("2026-11-10T00:00:00Z"), Some(first));
    let second = utc("2026-11-19T19:00:00Z");
    assert_eq!(soonest("2026-11-23T17:30:00Z"), Some(second));
    assert_eq!(soonest("2026-11-23T19:00:00Z"), None);
}
