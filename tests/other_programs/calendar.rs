//! `bookings --ics`, read by another implementation (python3-icalendar).

use serde_json::{Value, json};

use crate::program;
use crate::support::{ANA, BEN, BEN_PASSWORD, Home, day, logged_in, madrid, start, with};

const READ: &str = r#"
import icalendar, json, sys
calendar = icalendar.Calendar.from_ical(open(sys.argv[1], "rb").read())
def event(e):
    end = e.get("DTEND")
    return {"uid": str(e["UID"]), "summary": str(e["SUMMARY"]), "location": str(e["LOCATION"]), "status": str(e["STATUS"]),
            "starts": e["DTSTART"].dt.isoformat(), "ends": end and end.dt.isoformat(), "stamp": e["DTSTAMP"].dt.isoformat(),
            "description": str(e.get("DESCRIPTION")), "url": str(e.get("URL"))}
print(json.dumps({"version": str(calendar["VERSION"]), "product": str(calendar["PRODID"]),
                  "events": [event(e) for e in calendar.walk("VEVENT")]}))
"#;

fn calendar(home: &Home, more: &str) -> Value {
    let text = home.run("bookings --ics").args(more).succeeds().stdout;
    for line in text.split("\r\n") {
        assert!(line.len() <= 75, "not folded: {line}");
        assert!(!line.contains(['\n', '\r']), "{line:?}");
    }
    let file = home.write("gym.ics", &text);
    let out = program("/usr/bin/python3")
        .arg("-c")
        .arg(READ)
        .arg(file)
        .output()
        .unwrap();
    let wrong = String::from_utf8_lossy(&out.stderr);
    assert!(
        out.status.success(),
        "{wrong} (the package python3-icalendar)\n{text}"
    );
    serde_json::from_slice(&out.stdout).unwrap()
}

#[test]
fn another_program_reads_what_is_booked() {
    let (sandbox, home) = start();
    home.log_in(BEN, BEN_PASSWORD);
    let name = "Força, tècnica; \"WOD\" \\ i molt més: una classe amb un nom que no cap en una sola línia 力量訓練";
    let one = sandbox.class(&json!({ "day": day(5), "start": "13:10", "name": name }));
    let two = sandbox.class(
        &json!({ "day": day(4), "start": "23:30", "name": "Dos", "box": "boxdos", "occupied": 12 }),
    );
    let first = sandbox.reserve(BEN, &one, 1);
    let second = sandbox.reserve(BEN, &two, 0);
    let read = calendar(&home, "");
    assert_eq!(read["version"], "2.0");
    let [queued, booked] = &read["events"].as_array().unwrap()[..] else {
        panic!("two events: {read}")
    };
    let utc = |day: &str, time| madrid(day, time).to_utc().to_rfc3339();
    assert_eq!(booked["summary"], name);
    assert_eq!(
        (&booked["location"], &booked["status"]),
        (&json!("CrossFit Demo, C/ Mayor 1"), &json!("CONFIRMED"))
    );
    assert_eq!(booked["starts"], utc(&day(5), "13:10"));
    assert_eq!(booked["ends"], utc(&day(5), "14:10"));
    assert_eq!(booked["description"], format!("reservation {first}"));
    assert_eq!(
        (&queued["location"], &queued["status"]),
        (&json!("Box Dos, C/ Mayor 1"), &json!("TENTATIVE"))
    );
    assert_eq!(
        queued["description"],
        format!("on the waiting list\nreservation {second}")
    );
    assert_eq!(queued["starts"], utc(&day(4), "23:30"));
    assert_eq!(
        queued["ends"],
        utc(&day(5), "00:30"),
        "it ends after midnight"
    );
    // the same again, in a calendar of one box too: the same events
    let again = calendar(&home, "--box boxdos");
    assert_eq!(again["events"][0]["uid"], queued["uid"]);
    assert_ne!(queued["uid"], booked["uid"]);
    assert!(
        queued["uid"]
            .as_str()
            .unwrap()
            .ends_with("@boxdos.aimharder")
    );
    assert!(!read.to_string().contains(BEN), "no address in the file");
}

#[test]
fn other_people_have_other_events() {
    let (sandbox, home) = logged_in();
    let id = sandbox.class(&json!({ "day": day(3), "start": "13:10" }));
    sandbox.reserve(ANA, &id, 1);
    home.run("book --day +3 --family 70002 --id")
        .arg(&id)
        .succeeds();
    let own = calendar(&home, "");
    let family = calendar(&home, "--family 70002");
    assert_ne!(own["events"][0]["uid"], family["events"][0]["uid"]);
}

#[test]
fn nothing_booked_is_an_empty_calendar() {
    let (_sandbox, home) = logged_in();
    assert_eq!(calendar(&home, "")["events"], json!([]));
    home.run("bookings --ics --json").ends(2);
    home.run("bookings --prebookings").fails(2, &["--ics"]);
}

/// A prebooking, its booking and its entry in the history are one event.
#[test]
fn history_and_prebookings_are_events_too() {
    let (sandbox, home) = logged_in();
    let link = "https://zoom.example/j/1?pwd=x";
    let class = |day: String, more: Value| {
        let class = json!({ "day": day, "start": "13:10", "name": "Online; en casa" });
        sandbox.class(&with(&class, more))
    };
    let past = (aimharder::clock::now().date_naive() - chrono::Days::new(1)).to_string();
    sandbox.reserve(ANA, &class(past.clone(), json!({})), 1);
    let coming = json!({ "description": "trae\nuna esterilla", "online": link });
    let coming = class(day(5), coming);
    home.run("prebook add --day +5 --time 13:10 --class online --or")
        .arg("14:10 wod")
        .ends(0);
    let events = |more: &str| calendar(&home, more)["events"].as_array().unwrap().clone();
    assert_eq!(events(""), [] as [Value; 0]);
    let [history, prebooked] = &events("--history --prebookings")[..] else {
        panic!("two events")
    };
    assert_eq!(
        (&history["starts"], &history["status"]),
        (
            &json!(madrid(&past, "13:10").to_utc().to_rfc3339()),
            &json!("CONFIRMED")
        )
    );
    assert_eq!(
        history["ends"],
        madrid(&past, "14:10").to_utc().to_rfc3339()
    );
    assert_eq!(prebooked["summary"], "online");
    assert_eq!(prebooked["status"], "TENTATIVE");
    assert_eq!(prebooked["description"], "prebooking 1\nor 14:10 wod");
    assert_eq!(
        prebooked["starts"],
        madrid(&day(5), "13:10").to_utc().to_rfc3339()
    );
    let reservation = sandbox.reserve(ANA, &coming, 1);
    let [booked] = &events("--prebookings")[..] else {
        panic!("one event")
    };
    assert_eq!(booked["uid"], prebooked["uid"]);
    assert_eq!(
        (&booked["status"], &booked["url"]),
        (&json!("CONFIRMED"), &json!(link))
    );
    assert_eq!(
        booked["description"],
        format!("trae una esterilla\n{link}\nreservation {reservation}")
    );
}
