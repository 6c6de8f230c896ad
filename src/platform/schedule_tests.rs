//! Schedule and next bookings (protocol.md §5): fields that come as numbers, texts or not at all; nothing is invented
//! for what is missing.

use super::*;
use crate::platform::{Error, test_server::answered};
use serde_json::{Value, json};

fn at(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).unwrap()
}

/// The row of protocol.md §5, with some fields changed; a change to `absent` removes the field.
fn wire(changes: &Value) -> Value {
    let mut row = json!({"id": 1_223_249, "time": "18:30 - 19:30", "timeid": "1830_60", "classId": 101,
       "className": "WOD", "classDesc": "", "classLength": 60, "boxName": "CrossFit Demo", "boxDir": "C/ Mayor 1", "boxPic": null,
       "coachName": "Marta", "coachPic": null, "enabled": 1, "included": 1, "bookState": null, "idres": null, "spotres": null,
       "limit": "8/12", "limitc": 12, "ocupation": 8, "waitlist": -1, "checkAthletesNum": 0, "cancelledId": null,
       "resadmin": 0, "color": "43, 177, 67", "onlineclass": 0, "zoomid": null, "zoomJoinUrl": null, "zoomJoinPw": null});
    for (key, value) in changes.as_object().unwrap() {
        if value == "absent" {
            row.as_object_mut().unwrap().remove(key);
        } else {
            row[key] = value.clone();
        }
    }
    row
}

fn listed(rows: &[Value]) -> Result<Vec<Row>> {
    read(&answered(
        &json!({"clasesDisp": "5", "day": "23 de Noviembre de 2026", "bookings": rows}).to_string(),
    ))
}

fn rows(rows: &[Value]) -> Vec<Row> {
    listed(rows).unwrap()
}

fn row(changes: &Value) -> Row {
    rows(&[wire(changes)]).remove(0)
}

impl Row {
    /// A class of the schedule as it was recorded.
    pub(crate) fn usual() -> Self {
        Self {
            id: "1223249".to_owned(),
            start: at(18, 30),
            end: Some(at(19, 30)),
            name: "WOD".to_owned(),
            coach: Some("Marta".to_owned()),
            description: None,
            online: None,
            address: Some("C/ Mayor 1".to_owned()),
            included: Some(true),
            enabled: true,
            hidden: false,
            staff: false,
            cancelled: false,
            mine: Mine::No,
            reservation: None,
            occupied: Some(8),
            capacity: Some(12),
            waiting: None,
        }
    }
}

#[test]
fn reads_the_row_that_was_recorded() {
    assert_eq!(row(&json!({})), Row::usual());
    let same = [
        json!({"id": "1223249"}),
        json!({"time": "18:30-19:30"}),
        json!({"time": "18:30"}),
        json!({"time": " 18:30 – 19:30 ", "className": "  WOD\n"}),
        json!({"className": "<b>WOD</b>\u{1b}"}),
        json!({"enabled": "absent"}),
        json!({"enabled": "1", "resadmin": "0", "hidden": 0}),
        json!({"limitc": "12", "ocupation": "8"}),
        json!({"limitc": "absent", "ocupation": "absent"}),
        json!({"limit": "absent"}),
        json!({"bookState": "absent", "idres": "absent", "cancelledId": "absent", "waitlist": "absent"}),
        json!({"bookState": "", "idres": "0", "cancelledId": 0}),
        json!({"bookState": false, "idres": false, "cancelledId": false}),
    ];
    for changes in same {
        assert_eq!(row(&changes), Row::usual(), "{changes}");
    }
}

/// A change to the wire row, and what it changes in the row read.
type Change = (Value, fn(&mut Row));

fn check(table: &[Change]) {
    for (changes, change) in table {
        let mut expected = Row::usual();
        change(&mut expected);
        assert_eq!(row(changes), expected, "{changes}");
    }
}

#[test]
fn reads_flags_names_and_times() {
    check(&[
        (json!({"enabled": 0}), |r| r.enabled = false),
        (json!({"enabled": "0"}), |r| r.enabled = false),
        (json!({"enabled": false}), |r| r.enabled = false),
        (json!({"hidden": 1}), |r| r.hidden = true),
        (json!({"resadmin": "1"}), |r| r.staff = true),
        (json!({"cancelledId": 7}), |r| r.cancelled = true),
        (json!({"cancelledId": "7"}), |r| r.cancelled = true),
        (json!({"coachName": null}), |r| r.coach = None),
        (json!({"className": null}), |r| r.name.clear()),
        (json!({"time": "18:30", "classLength": null}), |r| {
            r.end = None;
        }),
        (json!({"time": "18:30", "classLength": i64::MAX}), |r| {
            r.end = None;
        }),
        (json!({"time": "18:30", "classLength": "45"}), |r| {
            r.end = Some(at(19, 15));
        }),
        (json!({"time": "23:30", "classLength": 60}), |r| {
            (r.start, r.end) = (at(23, 30), Some(at(0, 30)));
        }),
    ]);
}

#[test]
fn reads_what_is_mine() {
    let booked: fn(&mut Row) = |r| {
        (r.mine, r.reservation) = (Mine::Booked, Some("55501".to_owned()));
    };
    check(&[
        (json!({"bookState": 1, "idres": 55501}), booked),
        (json!({"bookState": "1", "idres": "55501"}), booked),
        (json!({"bookState": 0}), |r| r.mine = Mine::Waiting),
        (json!({"bookState": "0"}), |r| r.mine = Mine::Waiting),
        (json!({"bookState": 5}), |r| {
            r.mine = Mine::Unknown("5".into());
        }),
        (json!({"bookState": "<i>x</i>\u{7}"}), |r| {
            r.mine = Mine::Unknown("x".into());
        }),
        (json!({"bookState": {}}), |r| {
            r.mine = Mine::Unknown("?".into());
        }),
    ]);
}

#[test]
fn reads_places() {
    let no_counts = |limit: Value| json!({"limit": limit, "limitc": null, "ocupation": null});
    check(&[
        (no_counts(json!(14)), |r| {
            (r.occupied, r.capacity) = (None, Some(14));
        }),
        (no_counts(json!("14")), |r| {
            (r.occupied, r.capacity) = (None, Some(14));
        }),
        (no_counts(json!(" 7 / 14 ")), |r| {
            (r.occupied, r.capacity) = (Some(7), Some(14));
        }),
        (no_counts(json!("?")), |r| {
            (r.occupied, r.capacity) = (None, None);
        }),
        (no_counts(json!(-3)), |r| {
            (r.occupied, r.capacity) = (None, None);
        }),
        (json!({"ocupation": -1, "limit": null}), |r| {
            r.occupied = None;
        }),
        (json!({"limit": "12 (3)"}), |r| r.waiting = Some(3)),
        (json!({"limit": "12/12 (3)", "waitlist": 4}), |r| {
            r.waiting = Some(4);
        }),
        (json!({"waitlist": "0"}), |r| r.waiting = Some(0)),
    ]);
}

#[test]
fn rows_without_id_or_time_are_left_out() {
    let bad = [
        json!({"id": "absent"}),
        json!({"id": "a b"}),
        json!({"time": null}),
        json!({"time": "soon"}),
    ];
    let mut all: Vec<Value> = bad.iter().map(wire).collect();
    all.extend([json!(7), json!(null), json!([]), wire(&json!({}))]);
    assert_eq!(rows(&all), [Row::usual()]);
}

#[test]
fn a_day_of_which_nothing_can_be_read_is_no_day_without_classes() {
    for classes in [
        vec![wire(&json!({"time": "soon", "timeid": "absent"}))],
        vec![json!(7), json!({})],
    ] {
        let read = listed(&classes);
        assert!(
            matches!(&read, Err(Error::Strange(why)) if why.contains("none of them")),
            "{read:?}"
        );
    }
}

#[test]
fn only_something_of_mine_proves_a_login() {
    assert!(rows(&[]).is_empty());
    for changes in [
        json!({}),
        json!({"bookState": -1}),
        json!({"bookState": "x"}),
    ] {
        assert!(!row(&changes).is_personal(), "{changes}");
    }
    for changes in [
        json!({"bookState": 0}),
        json!({"bookState": 1}),
        json!({"idres": "5"}),
    ] {
        assert!(row(&changes).is_personal(), "{changes}");
    }
}

#[test]
fn a_schedule_needs_its_list() {
    assert_eq!(read(&answered(r#"{"bookings":[]}"#)), Ok(vec![]));
    for none in ["{}", r#"{"bookings":null}"#, r#"{"bookings":{}}"#] {
        assert!(
            matches!(read(&answered(none)), Err(Error::Strange(_))),
            "{none}"
        );
    }
}

#[test]
fn a_row_without_a_time_has_it_from_its_time_id() {
    for time in [json!("absent"), json!(null), json!("soon")] {
        assert_eq!(row(&json!({ "time": time })), Row::usual());
    }
    let late = row(&json!({ "time": "absent", "timeid": "2330_90" }));
    assert_eq!((late.start, late.end), (at(23, 30), Some(at(1, 0))));
    for none in ["1830", "1830_x", "2460_60", "183_60_1", "absent"] {
        let unreadable = listed(&[wire(&json!({ "time": "absent", "timeid": none }))]);
        assert!(matches!(unreadable, Err(Error::Strange(_))), "{none}");
    }
}

#[test]
fn a_class_that_is_listed_twice_is_one_row() {
    let (free, mine) = (
        wire(&json!({})),
        wire(&json!({ "bookState": 1, "idres": 7 })),
    );
    let other = wire(&json!({ "id": 2 }));
    let unknown = wire(&json!({ "bookState": "x" }));
    let unclear = wire(&json!({ "idres": 7 }));
    for listed in [
        [&free, &other, &mine],
        [&mine, &other, &free],
        [&mine, &other, &unclear],
        [&mine, &other, &unknown],
        [&unknown, &other, &mine],
    ] {
        let rows = rows(&listed.map(Clone::clone));
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.id.as_str(), &row.mine))
            .collect();
        assert_eq!(found, [("1223249", &Mine::Booked), ("2", &Mine::No)]);
    }
}
