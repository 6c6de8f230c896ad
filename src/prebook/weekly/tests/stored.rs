//! In the store: one prebooking per day, however often and by however many it is unfolded.

use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("aimharder.db")).unwrap();
    (folder, store)
}

fn materialize_rules(store: &Store) -> usize {
    unfold_at(store, NOW)
}

fn unfold_at(store: &Store, now: &str) -> usize {
    let describe = |_: &PrebookRequest| Ok((Tz::Europe__Madrid, None));
    materialize_all_rules(store, describe, None, at(now)).unwrap()
}

fn weekly(
    store: &Store,
    weekdays: &str,
    request: &PrebookRequest,
    until: Option<&str>,
) -> WeeklyRule {
    let weekdays = parse_weekdays(weekdays).unwrap();
    store
        .put_rule(request, weekdays, until.map(day), at(NOW))
        .unwrap()
}

fn waiting(store: &Store) -> Vec<String> {
    let all = store.open_prebookings(None).unwrap();
    let mut days: Vec<_> = all.iter().map(|p| p.day.to_string()).collect();
    days.sort();
    days
}

fn settle(store: &Store, id: i64, progress: Progress) {
    let seen = store.prebooking(id).unwrap().unwrap();
    assert!(store.claim(&seen, "run", |_| true).unwrap());
    let end = Prebooking {
        progress,
        reservation: Some("55501".into()),
        class_id: Some("1223249".into()),
        tried_at: Some(at(NOW)),
        ..seen
    };
    assert!(store.settle(&end, Some("run"), 1).unwrap());
}

#[test]
fn one_prebooking_per_day_however_often_and_by_how_many() {
    let (folder, store) = store();
    weekly(&store, "mon,wed", &request("18:30 wod", None), None);
    let path = folder.path().join("aimharder.db");
    let made: usize = std::thread::scope(|scope| {
        let one = || materialize_rules(&Store::open(&path).unwrap());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    assert_eq!(made, 4);
    assert_eq!(materialize_rules(&store), 0);
    assert_eq!(waiting(&store).len(), 4);
    // a week later, one week more
    assert_eq!(unfold_at(&store, "2026-11-28T09:00:00Z"), 2);
}

#[test]
fn removed_by_hand_stays_removed() {
    let (_folder, store) = store();
    let rule = weekly(&store, "mon,wed", &request("18:30 wod", None), None);
    let same_class = weekly(&store, "mon", &request("18:30 WOD", None), None);
    assert_eq!(materialize_rules(&store), 4);
    let first = store.prebookings(None).unwrap().remove(0);
    let gone = store.remove_prebookings(&[PrebookId::One(first.id)], None);
    assert_eq!(gone.unwrap().unwrap().prebookings, [first]);
    assert_eq!(
        materialize_rules(&store),
        0,
        "by none of the rules that mean the class"
    );
    weekly(&store, "mon", &request("19:30 wod", None), None);
    assert_eq!(
        materialize_rules(&store),
        2,
        "another class is another matter"
    );
    let both = [PrebookId::Rule(rule.id), PrebookId::Rule(same_class.id)];
    let gone = store.remove_prebookings(&both, None).unwrap().unwrap();
    assert_eq!((gone.rules.len(), gone.prebookings.len()), (2, 3));
}

#[test]
fn a_class_that_stands_is_not_asked_for_again() {
    let (_folder, store) = store();
    let own = store
        .put_prebooking(
            &request("18:30 WOD", None),
            day("2026-11-23"),
            None,
            at(NOW),
        )
        .unwrap();
    weekly(&store, "mon", &request("18:30 wod", None), None);
    assert_eq!(materialize_rules(&store), 1);
    settle(&store, own.id, Progress::Booked);
    assert_eq!(materialize_rules(&store), 0);
    assert_eq!(waiting(&store), ["2026-11-30"]);
}

#[test]
fn the_same_again_updates() {
    let (_folder, store) = store();
    let monday = day("2026-11-23");
    let first = store
        .put_prebooking(
            &request("18:30 wod", Some("4d")),
            monday,
            Some(at("2026-11-22T07:00:00Z")),
            at(NOW),
        )
        .unwrap();
    let mut more = request("18:30 WOD", Some("4d"));
    more.waitlist = true;
    more.alternatives = vec!["19:30 Open Box".parse::<Choice>().unwrap()];
    let again = store.put_prebooking(&more, monday, None, at(NOW)).unwrap();
    assert_eq!((again.id, &again.request), (first.id, &more));
    assert_eq!(
        again.moved_to, first.moved_to,
        "the opening rule is the same: the opening that a refusal stated is kept"
    );
    more.opens = Some("5d".parse().unwrap());
    let again = store.put_prebooking(&more, monday, None, at(NOW)).unwrap();
    assert_eq!((again.id, again.moved_to), (first.id, None));
    let for_ben = PrebookRequest {
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
    let rule = weekly(&store, "mon", &request("18:30 wod", None), None);
    materialize_rules(&store);
    let own = store
        .put_prebooking(
            &request("18:30 wod", None),
            day("2026-11-23"),
            None,
            at(NOW),
        )
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
        .remove_prebookings(&[PrebookId::Rule(rule.id)], None)
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
    let first = weekly(&store, "mon,wed", &request("18:30 wod", None), None);
    materialize_rules(&store);
    let booked = store.prebookings(None).unwrap().remove(0);
    settle(&store, booked.id, Progress::Booked);
    let mut watched = request("18:30 wod", Some("5d"));
    watched.watch = true;
    let again = weekly(&store, "mon,wed", &watched, Some("2026-11-30"));
    assert_eq!((again.id, again.until), (first.id, Some(day("2026-11-30"))));
    assert_eq!(materialize_rules(&store), 0);
    assert_eq!(waiting(&store), ["2026-11-25", "2026-11-30"]);
    assert!(
        store
            .open_prebookings(None)
            .unwrap()
            .iter()
            .all(|p| p.request == watched)
    );
    assert_eq!(
        store.prebooking(booked.id).unwrap().unwrap().request,
        booked.request
    );
    // it goes, and what is booked stays
    let gone = store
        .remove_prebookings(&[PrebookId::Rule(first.id)], None)
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
    weekly(&store, "mon,wed", &request("18:30 wod", None), None);
    materialize_rules(&store);
    let week = Skip {
        from: day("2026-11-23"),
        to: day("2026-11-25"),
    };
    assert_eq!(store.put_skip(&ana(), week).unwrap().len(), 2);
    assert_eq!(
        (materialize_rules(&store), store.skips(&ana()).unwrap()),
        (0, vec![week])
    );
    let monday = Skip {
        from: week.from,
        to: week.from,
    };
    assert!(store.remove_skip(&ana(), monday).unwrap());
    assert!(!store.remove_skip(&ana(), monday).unwrap());
    assert_eq!(materialize_rules(&store), 1);
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
        .put_prebooking(&request("18:30", None), day("2026-11-23"), None, at(NOW))
        .unwrap();
    let ids = [
        PrebookId::One(one.id),
        PrebookId::Rule(1),
        PrebookId::One(99),
    ];
    assert_eq!(
        store.remove_prebookings(&ids, None).unwrap(),
        Err(PrebookId::Rule(1))
    );
    assert_eq!(waiting(&store), ["2026-11-23"]);
    let twice = [PrebookId::One(one.id), PrebookId::One(one.id)];
    assert_eq!(
        store
            .remove_prebookings(&twice, None)
            .unwrap()
            .unwrap()
            .prebookings
            .len(),
        1
    );
    assert!(waiting(&store).is_empty());
}
