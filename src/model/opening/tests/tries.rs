//! When a guess and a rule are tried, and which source takes precedence.

use super::{date, rows, rule, time, utc};
use crate::model::account::Account;
use crate::model::opening::{ClassRule, Opening, OpeningRules, Source};
use chrono_tz::Tz;

/// Day and start of a class, an instant, and the next try after it.
const TRIES: &str = "
2026-11-24 18:40 2026-11-01T00:00:00Z     2026-11-20T00:00:00+01:00
2026-11-24 18:40 2026-11-19T22:59:59Z     2026-11-20T00:00:00+01:00
2026-11-24 18:40 2026-11-19T23:00:00Z     2026-11-20T00:30:00+01:00
2026-11-24 18:40 2026-11-20T17:10:00Z     2026-11-20T18:30:00+01:00
2026-11-24 18:40 2026-11-20T17:30:00Z     2026-11-20T18:40:00+01:00
2026-11-24 18:40 2026-11-20T17:39:59.999Z 2026-11-20T18:40:00+01:00
2026-11-24 18:40 2026-11-20T17:40:00Z     2026-11-20T19:00:00+01:00
2026-11-24 18:40 2026-11-22T09:00:00Z     2026-11-22T10:30:00+01:00
# half hours that pass, over the night into summer
2027-04-01 18:30 2027-03-28T00:45:00Z     2027-03-28T03:00:00+02:00
";

#[test]
fn tries_of_a_guess() {
    let guess = Opening::learned(rule("4d"));
    assert_eq!(
        (guess.to_string().as_str(), guess.source),
        ("4d?", Source::Learned)
    );
    assert_eq!(guess.words(), "probably by 4d? (learned)");
    for [day, start, now, expected] in rows(TRIES) {
        let next = guess.next_half_hour_try(utc(now), date(day), time(start), Tz::Europe__Madrid);
        assert_eq!(
            next.unwrap().to_rfc3339(),
            expected,
            "{day} {start} at {now}"
        );
    }
    let first = guess.first_try(date("2026-09-10"), time("10:00"), Tz::America__Santiago);
    assert_eq!(
        first.to_rfc3339(),
        "2026-09-06T01:00:00-03:00",
        "a midnight that is not there"
    );
}

#[test]
fn a_rule_is_tried_at_its_opening_only() {
    let opening = Opening::given(rule("4d@07:00"), Source::Config);
    assert_eq!(opening.words(), "by the rule 4d@07:00");
    let (day, start, tz) = (date("2026-11-24"), time("18:30"), Tz::Europe__Madrid);
    let opens = opening.opens_at(day, start, tz);
    assert_eq!(opens.to_rfc3339(), "2026-11-20T07:00:00+01:00");
    assert_eq!(opening.first_try(day, start, tz), opens);
    let next = |now: &str| opening.next_half_hour_try(utc(now), day, start, tz);
    assert_eq!(next("2026-11-20T05:59:59Z"), Some(opens));
    assert_eq!(next("2026-11-20T06:00:00Z"), None);
    let same_time = Opening::given(rule("4d"), Source::Set);
    let opens = same_time.opens_at(day, start, tz);
    assert_eq!(opens.to_rfc3339(), "2026-11-20T18:30:00+01:00");
    assert_eq!(same_time.first_try(day, start, tz), opens);
    let hours = Opening::learned(rule("46h"));
    assert!(!hours.is_guess() && hours.first_try(day, start, tz) == hours.opens_at(day, start, tz));
}

#[test]
fn the_order_of_sources() {
    let (ana, ben): (Account, Account) = (
        "ana@example.org".parse().unwrap(),
        "ben@example.org".parse().unwrap(),
    );
    let given = |text: &str, source| Opening::given(rule(text), source);
    let class = |class: &str, account: Option<&Account>, opening| ClassRule {
        class: class.to_owned(),
        account: account.cloned(),
        opening,
    };
    let config = class("open", None, given("1d", Source::Config));
    let exact = class("Ópen Box", None, given("2d", Source::Config));
    let set = class("Box", None, given("3d", Source::Set));
    let of_box = Some(given("4d", Source::Set));
    let learned = Opening::learned(rule("5d"));
    let learned = class("Open  box", Some(&ana), learned);
    let part = class("open", Some(&ana), Opening::learned(rule("6d")));
    let all = [config, set, exact, part, learned];
    let asked = |of_box, by_class: &[ClassRule], account, class| {
        let by_class = by_class.to_vec();
        let rules = OpeningRules { of_box, by_class };
        let rule = rules.rule_for(account, class);
        rule.map(|rule| format!("{rule} {:?}", rule.source))
    };
    let open_box = |of_box, by_class| asked(of_box, by_class, &ana, Some("OPEN BOX"));
    assert_eq!(open_box(of_box, &all).as_deref(), Some("2d Config"));
    let part_of_name = [all[0].clone(), all[1].clone()];
    assert_eq!(
        open_box(of_box, &part_of_name).as_deref(),
        Some("1d Config")
    );
    assert_eq!(open_box(of_box, &all[1..2]).as_deref(), Some("3d Set"));
    assert_eq!(open_box(of_box, &all[3..]).as_deref(), Some("4d Set"));
    assert_eq!(open_box(None, &all[3..]).as_deref(), Some("5d? Learned"));
    for (account, class) in [
        (&ben, Some("Open Box")),
        (&ana, Some("Open Box 2")),
        (&ana, None),
    ] {
        assert_eq!(asked(None, &all[3..], account, class), None, "{class:?}");
    }
    assert_eq!(asked(of_box, &all, &ana, None).as_deref(), Some("4d Set"));
    let json = serde_json::to_string(&all[4]).unwrap();
    let expected =
        r#"{"class":"Open  box","account":"ana@example.org","opens":"5d?","source":"learned"}"#;
    assert_eq!(json, expected);
}
