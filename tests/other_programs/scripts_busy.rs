//! `examples/cancel-when-busy.sh`: what it cancels, and what it does not claim.

use std::fs;

use serde_json::json;

use crate::program;
use crate::support::{ANA, Home, day, logged_in, script_class};

/// A calendar with one all-day event from the fourth to the sixth day from today, the end left out of it.
fn calendar(home: &Home) -> String {
    let stamp = |ahead| day(ahead).replace('-', "");
    let lines = [
        "BEGIN:VCALENDAR".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("DTSTART;TZID=Europe/Madrid:{}T090000", stamp(7)),
        "SUMMARY:an hour is no day".to_owned(),
        "END:VEVENT".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("DTSTART;VALUE=DATE:{}", stamp(4)),
        format!("DTEND;VALUE=DATE:{}", stamp(6)),
        "SUMMARY:away".to_owned(),
        "END:VEVENT".to_owned(),
        "END:VCALENDAR".to_owned(),
    ];
    let text = lines.join("\r\n") + "\r\n";
    home.write("away.ics", &text).display().to_string()
}

#[test]
fn cancel_when_busy_cancels_what_collides_and_nothing_else() {
    program("jq");
    let (sandbox, home) = logged_in();
    let booked: Vec<String> = [3, 4, 5, 6, 7]
        .iter()
        .map(|&ahead| {
            let class = json!({ "day": day(ahead), "start": "13:10", "name": "Script" });
            let class = sandbox.class(&class);
            sandbox.reserve(ANA, &class, 1);
            class
        })
        .collect();
    let calendar = calendar(&home);
    home.script("cancel-when-busy.sh", &[&calendar])
        .is(0, &["cancelled: Script"]);
    let left: Vec<usize> = booked
        .iter()
        .map(|class| sandbox.reservations(class).len())
        .collect();
    assert_eq!(left, [1, 0, 0, 1, 1]);
    let again = home.script("cancel-when-busy.sh", &[&calendar]);
    again.is(0, &[]);
    assert!(
        again.stdout.is_empty() && again.stderr.is_empty(),
        "{again:?}"
    );
}

#[test]
fn cancel_when_busy_costs_no_credit_and_says_so() {
    program("jq");
    let (sandbox, home) = logged_in();
    let dear =
        sandbox.class(&json!({ "day": day(4), "start": "13:10", "name": "Dear", "late": true }));
    let free = script_class(&sandbox, "13:10", 0);
    sandbox.reserve(ANA, &dear, 1);
    sandbox.reserve(ANA, &free, 1);
    let calendar = calendar(&home);
    home.script("cancel-when-busy.sh", &[&calendar])
        .is(4, &["Dear", "cancelled: Script"]);
    assert_eq!(sandbox.reservations(&dear).len(), 1);
    assert_eq!(sandbox.reservations(&free).len(), 0);
    sandbox.kill(ANA);
    home.script("cancel-when-busy.sh", &[&calendar])
        .is(3, &["aimharder login"]);
}

/// What cannot be read, or not be named to the platform, is not reported as done.
#[test]
fn cancel_when_busy_claims_nothing_it_has_not_done() {
    program("jq");
    let (sandbox, home) = logged_in();
    let class = script_class(&sandbox, "13:10", 0);
    sandbox.reserve(ANA, &class, 1);
    let calendar = calendar(&home);
    home.tool("jq", "exit 127");
    home.script("cancel-when-busy.sh", &[&calendar])
        .is(1, &["nothing was cancelled"]);
    fs::remove_file(home.path().join("tools/jq")).unwrap();
    // the schedule does not show what nextBookings names
    let row = json!({ "bookings": [], "timetable": [], "seminars": [] });
    sandbox.fault(
        &json!({ "path": "/api/bookings", "kind": "json", "body": row.to_string(), "count": -1 }),
    );
    home.script("cancel-when-busy.sh", &[&calendar])
        .is(4, &["no reservation id"]);
    assert_eq!(sandbox.reservations(&class).len(), 1);
}
