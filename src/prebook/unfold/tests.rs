//! Which days a rule unfolds into, and that each becomes one prebooking.

use super::*;
use crate::model::account::Account;
use crate::model::prebooking::{Choice, PrebookId, Progress, Wish};
use crate::store::NewRule;

fn at(instant: &str) -> DateTime<Utc> {
    instant.parse().unwrap()
}

fn day(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

fn ana() -> Account {
    "ana@example.org".parse().unwrap()
}

fn wish(start: &str, opens: Option<&str>) -> Wish {
    Wish {
        account: ana(),
        gym: "crossfitdemo".into(),
        first: start.parse().unwrap(),
        alternatives: vec![],
        family: None,
        waitlist: false,
        watch: false,
        opens: opens.map(|rule| rule.parse().unwrap()),
    }
}

fn rule(weekdays: &str, start: &str, until: Option<&str>, opens: Option<&str>) -> WeeklyRule {
    WeeklyRule {
        id: 1,
        wish: wish(start, opens),
        weekdays: weekdays.parse().unwrap(),
        until: until.map(day),
        created_at: at("2026-01-01T00:00:00Z"),
    }
}

/// The days, seen from `now` in `zone`, without settled days or skips.
fn unfolded(rule: &WeeklyRule, zone: Tz, now: &str) -> Vec<String> {
    let setting = Setting {
        zone,
        opening: None,
        skips: &[],
        settled: &BTreeSet::new(),
        now: at(now),
    };
    days(rule, &setting)
        .iter()
        .map(NaiveDate::to_string)
        .collect()
}

#[test]
fn fourteen_days_from_today_on() {
    let madrid = Tz::Europe__Madrid;
    for (weekdays, start, until, now, expected) in [
        // Saturday 21 November 2026: Sunday 22 … the last day is Friday 4 December
        (
            "mon,wed",
            "18:30",
            None,
            "2026-11-21T09:00:00Z",
            &["2026-11-23", "2026-11-25", "2026-11-30", "2026-12-02"][..],
        ),
        (
            "fri",
            "18:30",
            None,
            "2026-11-21T09:00:00Z",
            &["2026-11-27", "2026-12-04"],
        ),
        // today counts until the class starts, and a fortnight from today is the fifteenth day
        (
            "sat",
            "18:30",
            None,
            "2026-11-21T09:00:00Z",
            &["2026-11-21", "2026-11-28"],
        ),
        (
            "sat",
            "18:30",
            None,
            "2026-11-21T17:29:59Z",
            &["2026-11-21", "2026-11-28"],
        ),
        (
            "sat",
            "18:30",
            None,
            "2026-11-21T17:30:00Z",
            &["2026-11-28"],
        ),
        // the end is included
        (
            "mon,wed",
            "18:30",
            Some("2026-11-25"),
            "2026-11-21T09:00:00Z",
            &["2026-11-23", "2026-11-25"],
        ),
        (
            "mon,wed",
            "18:30",
            Some("2026-11-24"),
            "2026-11-21T09:00:00Z",
            &["2026-11-23"],
        ),
        (
            "mon,wed",
            "18:30",
            Some("2026-11-20"),
            "2026-11-21T09:00:00Z",
            &[],
        ),
        // 23:30 UTC is the next day in Madrid
        (
            "sun",
            "07:00",
            None,
            "2026-11-21T23:30:00Z",
            &["2026-11-22", "2026-11-29"],
        ),
        (
            "sat",
            "07:00",
            None,
            "2026-11-21T23:30:00Z",
            &["2026-11-28", "2026-12-05"],
        ),
        // 29 February
        (
            "tue",
            "18:30",
            None,
            "2028-02-20T09:00:00Z",
            &["2028-02-22", "2028-02-29"],
        ),
    ] {
        let rule = rule(weekdays, start, until, None);
        assert_eq!(
            unfolded(&rule, madrid, now),
            expected,
            "{weekdays} {start} {until:?} at {now}"
        );
    }
}

#[test]
fn both_nights_of_daylight_saving() {
    for (zone, weekdays, start, now, expected) in [
        // 02:30 does not exist on 28 March 2027 in Madrid: the class starts at 03:00 (01:00 UTC)
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2027-03-28T00:59:59Z",
            &["2027-03-28", "2027-04-04"][..],
        ),
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2027-03-28T01:00:00Z",
            &["2027-04-04"],
        ),
        // 02:30 exists twice on 25 October 2026: the first (00:30 UTC) counts
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2026-10-25T00:29:59Z",
            &["2026-10-25", "2026-11-01"],
        ),
        (
            Tz::Europe__Madrid,
            "sun",
            "02:30",
            "2026-10-25T00:30:00Z",
            &["2026-11-01"],
        ),
        // the calendar is the box's: still Saturday in New York, already Sunday in Tokyo
        (
            Tz::America__New_York,
            "sat",
            "23:00",
            "2026-11-22T03:00:00Z",
            &["2026-11-21", "2026-11-28"],
        ),
        (
            Tz::Asia__Tokyo,
            "sun",
            "07:00",
            "2026-11-21T21:59:59Z",
            &["2026-11-22", "2026-11-29"],
        ),
        (
            Tz::Atlantic__Canary,
            "sun",
            "00:30",
            "2026-11-22T00:00:00Z",
            &["2026-11-22", "2026-11-29"],
        ),
    ] {
        let rule = rule(weekdays, start, None, None);
        assert_eq!(
            unfolded(&rule, zone, now),
            expected,
            "{start} in {zone} at {now}"
        );
    }
}

#[test]
fn further_ones_when_they_open_within_seven_days() {
    let now = "2026-11-21T09:00:00Z";
    for (opens, until, last, count) in [
        // within the fortnight anyway
        ("4d", None, "2026-11-30", 2),
        ("14d", None, "2026-12-07", 3),
        // 20 days before: openings until 28 November 10:00, classes until 18 December
        ("20d@09:59", None, "2026-12-14", 4),
        ("23d@10:00", None, "2026-12-21", 5),
        ("23d@10:01", None, "2026-12-14", 4),
        ("23d@10:00", Some("2026-12-20"), "2026-12-14", 4),
        ("23d@10:00", Some("2026-12-21"), "2026-12-21", 5),
        ("552h", None, "2026-12-14", 4),
        // what has been open for long is not taken all at once
        ("30d", None, "2026-12-21", 5),
        ("60d", None, "2027-01-25", 5),
        ("366d", None, "2027-11-22", 5),
    ] {
        let rule = rule("mon", "18:30", until, Some(opens));
        let days = unfolded(&rule, Tz::Europe__Madrid, now);
        assert_eq!(
            (days.last().unwrap().as_str(), days.len()),
            (last, count),
            "{opens} {until:?}"
        );
    }
}

#[test]
fn the_rule_of_the_box_counts_where_the_weekly_rule_has_none() {
    let box_rule = Opening::given("23d@10:00".parse().unwrap(), crate::opening::Source::Set);
    let setting = Setting {
        zone: Tz::Europe__Madrid,
        opening: Some(box_rule),
        skips: &[],
        settled: &BTreeSet::new(),
        now: at("2026-11-21T09:00:00Z"),
    };
    let days_of = |opens| days(&rule("mon", "18:30", None, opens), &setting).len();
    assert_eq!((days_of(None), days_of(Some("4d"))), (5, 2));
}

#[test]
fn left_out() {
    let settled = [day("2026-11-25")].into();
    let rule = rule("mon,wed", "18:30", None, None);
    let skip = |from, to| Skip {
        from: day(from),
        to: day(to),
    };
    for (skips, expected) in [
        (vec![], &["2026-11-23", "2026-11-30", "2026-12-02"][..]),
        (
            vec![skip("2026-11-23", "2026-11-23")],
            &["2026-11-30", "2026-12-02"],
        ),
        // both ends included
        (
            vec![skip("2026-11-24", "2026-11-30")],
            &["2026-11-23", "2026-12-02"],
        ),
        (
            vec![
                skip("2026-11-01", "2026-11-23"),
                skip("2026-12-02", "2027-01-06"),
            ],
            &["2026-11-30"],
        ),
    ] {
        let setting = Setting {
            zone: Tz::Europe__Madrid,
            opening: None,
            skips: &skips,
            settled: &settled,
            now: at(NOW),
        };
        let days: Vec<_> = days(&rule, &setting)
            .iter()
            .map(NaiveDate::to_string)
            .collect();
        assert_eq!(days, expected, "{skips:?}");
    }
}

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("aimharder.db")).unwrap();
    (folder, store)
}

const NOW: &str = "2026-11-21T09:00:00Z";

fn unfold(store: &Store) -> usize {
    unfold_at(store, NOW)
}

fn unfold_at(store: &Store, now: &str) -> usize {
    let describe = |_: &Account, _: &str| Ok((Tz::Europe__Madrid, None));
    unfold_all(store, describe, None, at(now)).unwrap()
}

fn weekly(store: &Store, weekdays: &str, wish: Wish, until: Option<&str>) -> WeeklyRule {
    let new = NewRule {
        wish,
        weekdays: weekdays.parse().unwrap(),
        until: until.map(day),
    };
    store.put_rule(&new, at(NOW)).unwrap()
}

fn waiting(store: &Store) -> Vec<String> {
    let all = store.open_prebookings(None).unwrap();
    let mut days: Vec<_> = all.iter().map(|p| p.day.to_string()).collect();
    days.sort();
    days
}

fn settle(store: &Store, id: i64, progress: Progress) {
    let seen = store.prebooking(id).unwrap().unwrap();
    assert!(store.claim(&seen, "run").unwrap());
    let end = crate::store::Settlement {
        progress,
        message: None,
        reservation: Some("55501".into()),
        class_id: Some("1223249".into()),
        attempts: 1,
        moved_to: None,
        tried_at: at(NOW),
    };
    assert!(store.settle(id, "run", &end).unwrap());
}

#[test]
fn one_prebooking_per_day_however_often_and_by_how_many() {
    let (folder, store) = store();
    weekly(&store, "mon,wed", wish("18:30 wod", None), None);
    let path = folder.path().join("aimharder.db");
    let made: usize = std::thread::scope(|scope| {
        let one = || unfold(&Store::open(&path).unwrap());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(made, 4);
    assert_eq!(unfold(&store), 0);
    assert_eq!(waiting(&store).len(), 4);
    // a week later, one week more
    assert_eq!(unfold_at(&store, "2026-11-28T09:00:00Z"), 2);
}

#[test]
fn removed_by_hand_stays_removed() {
    let (_folder, store) = store();
    let rule = weekly(&store, "mon,wed", wish("18:30 wod", None), None);
    let same_class = weekly(&store, "mon", wish("18:30 WOD", None), None);
    assert_eq!(unfold(&store), 4);
    let first = store.prebookings(None).unwrap().remove(0);
    let gone = store.remove_prebookings(&[PrebookId::One(first.id)]);
    assert_eq!(gone.unwrap().unwrap().prebookings, [first]);
    assert_eq!(
        unfold(&store),
        0,
        "by none of the rules that mean the class"
    );
    weekly(&store, "mon", wish("19:30 wod", None), None);
    assert_eq!(unfold(&store), 2, "another class is another matter");
    let both = [PrebookId::Rule(rule.id), PrebookId::Rule(same_class.id)];
    let gone = store.remove_prebookings(&both).unwrap().unwrap();
    assert_eq!((gone.rules.len(), gone.prebookings.len()), (2, 3));
}

#[test]
fn a_class_that_stands_is_not_asked_for_again() {
    let (_folder, store) = store();
    let own = store
        .put_prebooking(&wish("18:30 WOD", None), day("2026-11-23"), None, at(NOW))
        .unwrap();
    weekly(&store, "mon", wish("18:30 wod", None), None);
    assert_eq!(unfold(&store), 1);
    settle(&store, own.id, Progress::Booked);
    assert_eq!(unfold(&store), 0);
    assert_eq!(waiting(&store), ["2026-11-30"]);
}

#[test]
fn the_same_again_updates() {
    let (_folder, store) = store();
    let monday = day("2026-11-23");
    let first = store
        .put_prebooking(
            &wish("18:30 wod", Some("4d")),
            monday,
            Some(at("2026-11-22T07:00:00Z")),
            at(NOW),
        )
        .unwrap();
    let mut more = wish("18:30 WOD", Some("4d"));
    more.waitlist = true;
    more.alternatives = vec!["19:30 Open Box".parse::<Choice>().unwrap()];
    let again = store.put_prebooking(&more, monday, None, at(NOW)).unwrap();
    assert_eq!((again.id, &again.wish), (first.id, &more));
    assert_eq!(
        again.moved_to, first.moved_to,
        "the opening rule is the same: what a refusal told holds"
    );
    more.opens = Some("5d".parse().unwrap());
    let again = store.put_prebooking(&more, monday, None, at(NOW)).unwrap();
    assert_eq!((again.id, again.moved_to), (first.id, None));
    let for_ben = Wish {
        family: Some("70002".into()),
        ..more.clone()
    };
    assert_ne!(
        store
            .put_prebooking(&for_ben, monday, None, at(NOW))
            .unwrap()
            .id,
        first.id
    );
    settle(&store, first.id, Progress::Failed);
    assert_ne!(
        store
            .put_prebooking(&more, monday, None, at(NOW))
            .unwrap()
            .id,
        first.id
    );
}

#[test]
fn an_occurrence_added_by_hand_is_the_users_own() {
    let (_folder, store) = store();
    let rule = weekly(&store, "mon", wish("18:30 wod", None), None);
    unfold(&store);
    let own = store
        .put_prebooking(&wish("18:30 wod", None), day("2026-11-23"), None, at(NOW))
        .unwrap();
    assert_eq!(own.rule, None);
    store
        .put_skip(
            &ana(),
            Skip {
                from: day("2026-11-21"),
                to: day("2026-12-31"),
            },
        )
        .unwrap();
    assert_eq!(waiting(&store), ["2026-11-23"], "a skip is for rules");
    store
        .remove_prebookings(&[PrebookId::Rule(rule.id)])
        .unwrap()
        .unwrap();
    assert_eq!(
        waiting(&store),
        ["2026-11-23"],
        "and a rule that goes leaves it"
    );
}

#[test]
fn a_rule_given_again_takes_its_occurrences_along() {
    let (_folder, store) = store();
    let first = weekly(&store, "mon,wed", wish("18:30 wod", None), None);
    unfold(&store);
    let booked = store.prebookings(None).unwrap().remove(0);
    settle(&store, booked.id, Progress::Booked);
    let mut watched = wish("18:30 wod", Some("5d"));
    watched.watch = true;
    let again = weekly(&store, "mon,wed", watched.clone(), Some("2026-11-30"));
    assert_eq!((again.id, again.until), (first.id, Some(day("2026-11-30"))));
    assert_eq!(unfold(&store), 0);
    assert_eq!(waiting(&store), ["2026-11-25", "2026-11-30"]);
    assert!(
        store
            .open_prebookings(None)
            .unwrap()
            .iter()
            .all(|p| p.wish == watched)
    );
    assert_eq!(
        store.prebooking(booked.id).unwrap().unwrap().wish,
        booked.wish
    );
    // it goes, and what is booked stays
    let gone = store
        .remove_prebookings(&[PrebookId::Rule(first.id)])
        .unwrap()
        .unwrap();
    assert_eq!(
        (gone.rules.as_slice(), gone.prebookings.len()),
        (&[first.id][..], 2)
    );
    let left = store.prebookings(None).unwrap();
    assert_eq!(
        left.iter().map(|p| (p.id, p.rule)).collect::<Vec<_>>(),
        [(booked.id, None)]
    );
}

#[test]
fn skipped_days_come_and_go() {
    let (_folder, store) = store();
    weekly(&store, "mon,wed", wish("18:30 wod", None), None);
    unfold(&store);
    let week = Skip {
        from: day("2026-11-23"),
        to: day("2026-11-25"),
    };
    assert_eq!(store.put_skip(&ana(), week).unwrap().len(), 2);
    assert_eq!(
        (unfold(&store), store.skips(&ana()).unwrap()),
        (0, vec![week])
    );
    let monday = Skip {
        from: week.from,
        to: week.from,
    };
    assert!(store.remove_skip(&ana(), monday).unwrap());
    assert!(!store.remove_skip(&ana(), monday).unwrap());
    assert_eq!(unfold(&store), 1);
    assert_eq!(waiting(&store), ["2026-11-23", "2026-11-30", "2026-12-02"]);
    // another account's skips are its own
    let ben: Account = "ben@example.org".parse().unwrap();
    assert_eq!(store.skips(&ben).unwrap(), []);
    assert_eq!(store.put_skip(&ben, week).unwrap(), []);
}

#[test]
fn all_or_nothing_is_removed() {
    let (_folder, store) = store();
    let one = store
        .put_prebooking(&wish("18:30", None), day("2026-11-23"), None, at(NOW))
        .unwrap();
    let ids = [
        PrebookId::One(one.id),
        PrebookId::Rule(1),
        PrebookId::One(99),
    ];
    assert_eq!(
        store.remove_prebookings(&ids).unwrap(),
        Err(PrebookId::Rule(1))
    );
    assert_eq!(waiting(&store), ["2026-11-23"]);
    let twice = [PrebookId::One(one.id), PrebookId::One(one.id)];
    assert_eq!(
        store
            .remove_prebookings(&twice)
            .unwrap()
            .unwrap()
            .prebookings
            .len(),
        1
    );
    assert!(waiting(&store).is_empty());
}
