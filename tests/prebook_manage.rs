//! `prebook add | list | rules | remove | skip` by the real binary: no network, no live session,
//! only config and store.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::PathBuf;
use std::process::{Command, Output};

use aimharder::model::account::Account;
use aimharder::model::prebooking::Progress;
use aimharder::model::session::{Fingerprint, SessionKind};
use aimharder::secret::Secret;
use aimharder::store::{FoundBox, NewLogin, Settlement, Shot, Store};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Europe::Madrid;
use serde_json::{Value, json};

/// A home of its own: config, store, and the binary in it.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let home = Self { folder };
        home.config("");
        home
    }

    /// Ana with a device session, a background session and one box; a password source.
    fn of_ana() -> Self {
        let home = Self::empty();
        home.config("password_command = [\"echo\", \"secret\"]\n");
        home.login("ana@example.org", &["crossfitdemo"]);
        home
    }

    fn config(&self, text: &str) {
        std::fs::write(self.folder.path().join("config.toml"), text).unwrap();
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("aimharder.db")
    }

    fn store(&self) -> Store {
        Store::open(&self.db()).unwrap()
    }

    fn login(&self, account: &str, boxes: &[&str]) {
        let account: Account = account.parse().unwrap();
        for kind in [SessionKind::Device, SessionKind::Background] {
            self.session(&account, kind);
        }
        let found: Vec<FoundBox> = boxes
            .iter()
            .map(|name| FoundBox {
                name: (*name).to_owned(),
                host: format!("{name}.aimharder.com"),
                id: Some(10122),
                title: None,
            })
            .collect();
        self.store().put_boxes(&account, &found).unwrap();
    }

    fn session(&self, account: &Account, kind: SessionKind) {
        let fingerprint = match kind {
            SessionKind::Device => Fingerprint::new_device().unwrap(),
            SessionKind::Background => Fingerprint::background(account, "salt"),
        };
        let login = NewLogin {
            account,
            kind,
            fingerprint: &fingerprint,
            token: Secret::new("1|1|0"),
            cookies: Secret::new("[]"),
            now: now(),
        };
        self.store().put_login(&login).unwrap();
    }

    fn run(&self, line: &str) -> Output {
        let words: Vec<String> = words(line);
        Command::new(env!("CARGO_BIN_EXE_aimharder"))
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TZ", "Europe/Madrid")
            .arg("--config")
            .arg(self.folder.path().join("config.toml"))
            .arg("--store")
            .arg(self.db())
            .args(words)
            .output()
            .unwrap()
    }

    /// Runs with `--json`, must end so, and say nothing on standard error unless it is a failure.
    fn json(&self, line: &str, code: i32) -> Value {
        let out = self.run(&format!("{line} --json"));
        let (stdout, stderr) = (text(&out.stdout), text(&out.stderr));
        assert_eq!(out.status.code(), Some(code), "{line}: {stdout}{stderr}");
        assert_eq!(stderr.is_empty(), code == 0, "{line}: {stderr}");
        serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{line}: {e}: {stdout}"))
    }

    fn human(&self, line: &str) -> String {
        let out = self.run(line);
        assert_eq!(out.status.code(), Some(0), "{line}: {}", text(&out.stderr));
        assert_eq!(text(&out.stderr), "", "{line}");
        text(&out.stdout)
    }

    /// What a failure says; its code must be this, and standard output empty.
    fn refused(&self, line: &str, code: i32) -> String {
        let out = self.run(line);
        assert_eq!(
            out.status.code(),
            Some(code),
            "{line}: {}",
            text(&out.stderr)
        );
        assert_eq!(text(&out.stdout), "", "{line}");
        text(&out.stderr)
    }

    fn settle(&self, id: i64, progress: Progress) {
        let store = self.store();
        let seen = store.prebooking(id).unwrap().unwrap();
        assert!(store.claim(&seen, "run").unwrap());
        store.put_shot(id, &shot()).unwrap();
        let end = Settlement {
            progress,
            message: None,
            reservation: Some("55501".into()),
            class_id: Some("1223250".into()),
            attempts: 1,
            moved_to: None,
            tried_at: now(),
        };
        assert!(store.settle(id, "run", &end).unwrap());
    }
}

fn shot() -> Shot {
    Shot {
        sent_at: "2026-11-20T17:30:00.012Z".parse().unwrap(),
        class: "19:30 Open Box (id 1223250)".into(),
        outcome: "booked".into(),
        book_state: Some(1),
        message: None,
        clock_offset_ms: Some(-812.4),
        lateness_ms: Some(3.1),
    }
}

/// Words of a line, quoted ones whole.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in line.split('\'').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn now() -> DateTime<Utc> {
    aimharder::clock::now()
}

/// A day on the box's calendar, so many days ahead.
fn ahead(days: u64) -> NaiveDate {
    now().with_timezone(&Madrid).date_naive() + Days::new(days)
}

fn ids(view: &Value) -> Vec<i64> {
    let list = view["prebookings"].as_array().unwrap();
    list.iter().map(|p| p["id"].as_i64().unwrap()).collect()
}

#[test]
fn added_listed_removed() {
    let home = Home::of_ana();
    let day = ahead(5);
    let opens = ahead(1);
    let added = home.json(
        &format!("prebook add --day {day} --time 18:30 --class '  WOD ' --or '19:30' --or '20:30  Open Box' --waitlist --opens 4d@7:00 --family 70002"),
        0,
    );
    let offset = aimharder::zone::resolve(Madrid, opens.and_hms_opt(7, 0, 0).unwrap());
    let expected = json!({"prebookings": [{
        "id": 1, "rule": null, "account": "ana@example.org", "box": "crossfitdemo", "day": day.to_string(),
        "start": "18:30", "class": "WOD",
        "alternatives": [{"start": "19:30", "class": null}, {"start": "20:30", "class": "Open Box"}],
        "family": "70002", "waitlist": true, "watch": false, "opens": "4d@07:00",
        "opens_at": offset.format("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        "status": "pending", "attempts": 0, "message": null, "reservation_id": null
    }]});
    assert_eq!(added, expected);
    assert_eq!(home.json("prebook list", 0), expected);
    // the same again, whatever its case: changed, not doubled
    let again = home.json(
        &format!("prebook add --day {day} --time 18:30 --class wod --watch --family 70002"),
        0,
    );
    assert_eq!(
        (
            &again["prebookings"][0]["id"],
            &again["prebookings"][0]["watch"]
        ),
        (&json!(1), &json!(true))
    );
    assert_eq!(again["prebookings"][0]["waitlist"], json!(false));
    assert_eq!(again["prebookings"][0]["opens"], Value::Null);
    assert_eq!(again["prebookings"][0]["opens_at"], Value::Null);
    assert_eq!(home.json("prebook remove 1", 0), json!({"removed": [1]}));
    assert_eq!(home.json("prebook list", 0), json!({"prebookings": []}));
    let error = home.json("prebook remove 1", 6);
    assert_eq!(error["error"]["kind"], "not_found");
}

#[test]
fn the_opening_rule_in_force() {
    let home = Home::of_ana();
    let line = |opens: &str| format!("prebook add --day +6 --time 18:30 {opens}");
    let shown = |view: Value| view["prebookings"][0]["opens"].clone();
    let store = home.store();
    store.learn_opening("crossfitdemo", "4d?").unwrap();
    assert_eq!(shown(home.json(&line(""), 0)), "4d?");
    home.json("boxes set crossfitdemo --opens 5d", 0);
    assert_eq!(shown(home.json("prebook list", 0)), "5d");
    home.config("password_command = \"echo x\"\n[boxes.crossfitdemo]\nopens = \"46h\"\ntimezone = \"Atlantic/Canary\"\n");
    let view = home.json("prebook list", 0);
    let canary = aimharder::zone::resolve(
        chrono_tz::Atlantic::Canary,
        ahead(6).and_hms_opt(18, 30, 0).unwrap(),
    );
    let opens = canary - chrono::TimeDelta::hours(46);
    assert_eq!(
        view["prebookings"][0]["opens_at"],
        opens.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    );
    assert_eq!(shown(view), "46h");
    assert_eq!(shown(home.json(&line("--opens sun@20:00"), 0)), "sun@20:00");
}

#[test]
fn weekly_rules() {
    let home = Home::of_ana();
    let until = ahead(9);
    let every_day = "lunes,Tue,wed,dijous,fri,sáb,sun";
    let added = home.json(
        &format!("prebook add --weekly {every_day} --time 23:59 --class wod --until {until}"),
        0,
    );
    assert_eq!(
        added["rules"],
        json!([{
            "id": "r1", "account": "ana@example.org", "box": "crossfitdemo",
            "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "23:59", "class": "wod",
            "alternatives": [], "family": null, "waitlist": false, "watch": false,
            "until": until.to_string(), "opens": null
        }])
    );
    assert_eq!(ids(&added).len(), 10);
    assert!(
        added["prebookings"]
            .as_array()
            .unwrap()
            .iter()
            .all(|p| p["rule"] == "r1")
    );
    assert_eq!(home.json("prebook rules", 0)["rules"], added["rules"]);
    assert_eq!(ids(&home.json("prebook list", 0)), ids(&added));
    // one removed by hand does not come back
    let first = ids(&added)[0];
    home.json(&format!("prebook remove {first}"), 0);
    assert_eq!(ids(&home.json("prebook list", 0)), ids(&added)[1..]);
    // days left out take their occurrences back, and give them back
    let skipped = home.json(&format!("prebook skip {}..{}", ahead(1), ahead(2)), 0);
    assert_eq!(
        skipped["skips"],
        json!([{"from": ahead(1).to_string(), "to": ahead(2).to_string()}])
    );
    assert_eq!(skipped["bookings"], json!([]));
    assert_eq!(skipped["removed"], json!([2, 3]));
    assert_eq!(ids(&home.json("prebook list", 0)), ids(&added)[3..]);
    assert_eq!(home.json("prebook skip", 0)["skips"], skipped["skips"]);
    let left = home.json(&format!("prebook skip {} --remove", ahead(1)), 0);
    assert_eq!(
        left["skips"],
        json!([{"from": ahead(2).to_string(), "to": ahead(2).to_string()}])
    );
    assert_eq!(ids(&home.json("prebook list", 0)).len(), 8);
    home.json(&format!("prebook skip {} --remove", ahead(1)), 6);
    // the rule takes its pending occurrences along
    let removed = home.json("prebook remove R1", 0);
    assert_eq!(removed["removed"][0], "r1");
    assert_eq!(removed["removed"].as_array().unwrap().len(), 9);
    assert_eq!(
        home.json("prebook list --all", 0),
        json!({"prebookings": []})
    );
    assert_eq!(home.json("prebook rules", 0), json!({"rules": []}));
}

#[test]
fn what_is_booked_stands() {
    let home = Home::of_ana();
    home.json("prebook add --weekly mon,tue,wed,thu,fri,sat,sun --time 23:59 --class wod --or '19:30 Open Box'", 0);
    home.settle(3, Progress::Booked);
    let day = ahead(2);
    let starts = aimharder::zone::resolve(Madrid, day.and_hms_opt(19, 30, 0).unwrap());
    let skipped = home.json(&format!("prebook skip {day}"), 0);
    assert_eq!(
        skipped["bookings"],
        json!([{
            "id": 3, "account": "ana@example.org", "day": day.to_string(), "start": "19:30", "end": null,
            "starts_at": starts.format("%Y-%m-%dT%H:%M:%S%:z").to_string(), "name": "Open Box",
            "box": "crossfitdemo", "reservation_id": "55501", "state": "booked"
        }])
    );
    assert_eq!(skipped["removed"], json!([]));
    let all = home.json("prebook list --all", 0);
    let booked = &all["prebookings"][2];
    assert_eq!(
        (&booked["id"], &booked["status"]),
        (&json!(3), &json!("booked"))
    );
    assert_eq!(
        booked["history"],
        json!([{
            "sent_at": "2026-11-20T18:30:00.012+01:00", "class": "19:30 Open Box (id 1223250)", "outcome": "booked",
            "book_state": 1, "message": null, "clock_offset_ms": -812.4, "lateness_ms": 3.1
        }])
    );
    let words = home.human("prebook list --all");
    assert!(
        words.contains("request Fri 20 Nov 18:30:00.012")
            || words.contains("Nov 2026 18:30:00.012"),
        "{words}"
    );
    assert!(
        words.contains(": booked, 3.1 ms after the opening, server's clock -812.4 ms"),
        "{words}"
    );
    // forgotten, and its booking stands
    let words = home.human("prebook remove 3");
    assert!(
        words.contains(
            "the booking stands; see or cancel it with: aimharder cancel --reservation 55501"
        ),
        "{words}"
    );
    assert!(!ids(&home.json("prebook list --all", 0)).contains(&3));
    assert_eq!(
        home.human("prebook skip").lines().count(),
        2,
        "nothing stands there any more"
    );
}

#[test]
fn words_for_people() {
    let home = Home::of_ana();
    assert_eq!(
        home.human("prebook list"),
        "no prebookings wait; add one: aimharder prebook add --day mon --time 18:30\n"
    );
    assert_eq!(
        home.human("prebook skip"),
        "ana@example.org: rules book on every day\n"
    );
    let year = |day: NaiveDate| {
        let this = ahead(0).format("%Y").to_string() == day.format("%Y").to_string();
        day.format(if this { "%a %-d %b" } else { "%a %-d %b %Y" })
            .to_string()
    };
    let (day, opens) = (ahead(6), ahead(2));
    let added = home.human(&format!(
        "prebook add --day {day} --time 18:30 --class WOD --opens 4d --or 19:30 --waitlist"
    ));
    assert_eq!(
        added,
        format!(
            "ana@example.org, crossfitdemo\n  1  {}  18:30  WOD  opens {} 18:30\n     or 19:30; else the waiting list; opening rule 4d\n",
            year(day),
            year(opens)
        )
    );
    home.json("boxes set crossfitdemo --timezone Atlantic/Canary", 0);
    assert!(
        home.human("prebook list")
            .starts_with("ana@example.org, crossfitdemo (times in Atlantic/Canary)\n")
    );
    let unknown = home.human("prebook add --day +3 --time 10:00");
    assert!(
        unknown.contains("opening unknown")
            && unknown.contains("aimharder boxes set crossfitdemo --opens 4d"),
        "{unknown}"
    );
}

#[test]
fn bad_input() {
    let home = Home::of_ana();
    let yesterday = now().with_timezone(&Madrid).date_naive() - Days::new(1);
    for (line, says) in [
        (
            "prebook add --time 18:30",
            "for example: aimharder prebook add --day mon --time 18:30 --class wod",
        ),
        (
            "prebook add --day mon",
            "for example: aimharder prebook add --day mon --time 18:30 --class wod",
        ),
        (
            "prebook add --weekly mon",
            "for example: aimharder prebook add --weekly mon,wed --time 18:30 --class wod",
        ),
        (
            "prebook add --weekly '' --time 18:30",
            "is no weekday, for example mon,wed",
        ),
        (
            "prebook add --weekly mon,someday --time 18:30",
            "\"someday\" is no weekday, for example mon,wed",
        ),
        (
            "prebook add --weekly mon --day mon --time 18:30",
            "cannot be used with",
        ),
        (
            "prebook add --day mon --until 2027-01-01 --time 18:30",
            "cannot be used with",
        ),
        ("prebook add --until 2027-01-01 --time 18:30", "--weekly"),
        (
            "prebook add --day mon --time 18:30 --waitlist --watch",
            "cannot be used with",
        ),
        (
            "prebook add --day mon --time 1830",
            "is no time of day, for example 18:30",
        ),
        (
            "prebook add --day someday --time 18:30",
            "is no day, for example today, fri, +3 or 2026-11-23",
        ),
        (
            "prebook add --day 2027-02-29 --time 18:30",
            "is not in the calendar",
        ),
        (
            "prebook add --day mon --time 18:30 --opens 4",
            "for example 4d, 4d@07:00, 46h or sun@20:00",
        ),
        (
            "prebook add --day mon --time 18:30 --opens 4d?",
            "without the question mark",
        ),
        (
            "prebook add --day mon --time 18:30 --or wod",
            "19:30 Open Box",
        ),
        (
            "prebook add --day mon --time 18:30 --class ' '",
            "for example wod",
        ),
        (
            "prebook add --day mon --time 18:30 --family ana",
            "for example 70002",
        ),
        (
            &format!("prebook add --day {yesterday} --time 18:30"),
            "has started",
        ),
        (
            "prebook add --day today --time 0:00",
            "a later one, for example: --day 2",
        ),
        (
            &format!("prebook add --day {} --time 18:30", ahead(367)),
            "is more than a year ahead",
        ),
        (
            &format!("prebook add --weekly mon --time 18:30 --until {yesterday}"),
            "over before it begins, for example: --until 2",
        ),
        ("prebook remove", "required"),
        (
            "prebook remove seven",
            "is neither a prebooking nor a rule, for example 7 or r1",
        ),
        (
            "prebook skip 2027-01-06..2026-12-24",
            "runs backwards, for example 2026-12-24..2027-01-06",
        ),
        (
            "prebook skip 2020-12-24..2021-01-06",
            "is over; for example: aimharder prebook skip 20",
        ),
        (
            "prebook skip 2026-12-24..",
            "for example today, fri, +3 or 2026-11-23, or a range: 2026-12-24..2027-01-06",
        ),
        ("prebook skip --remove", "required"),
        ("prebook run --horizon 16", "has no unit"),
    ] {
        let said = home.refused(line, 2);
        assert!(said.contains(says), "{line}: {said}");
    }
    assert_eq!(
        home.json("prebook list --all", 0),
        json!({"prebookings": []})
    );
    assert_eq!(home.json("prebook rules", 0), json!({"rules": []}));
}

#[test]
fn what_is_not_there() {
    let home = Home::of_ana();
    home.json("prebook add --day +3 --time 18:30", 0);
    for line in [
        "prebook remove 7",
        "prebook remove r1",
        "prebook remove 1 7",
        "prebook skip +3 --remove",
        "prebook remove 1 --account ben@example.org",
        "prebook add --day +3 --time 18:30 --box nowhere",
    ] {
        home.refused(line, 6);
    }
    assert_eq!(
        ids(&home.json("prebook list", 0)),
        [1],
        "removed are all or none"
    );
    assert_eq!(
        home.json("prebook list --account ben@example.org", 0),
        json!({"prebookings": []})
    );
}

#[test]
fn accounts_and_boxes() {
    let home = Home::empty();
    assert!(
        home.refused("prebook add --day +3 --time 18:30", 3)
            .contains("aimharder login")
    );
    home.refused("prebook skip", 3);
    assert_eq!(home.json("prebook list", 0), json!({"prebookings": []}));
    home.config("account = \"ana@example.org\"\npassword_command = \"echo x\"\n[accounts.\"ben@example.org\"]\npassword_command = \"echo y\"\n");
    home.login("ana@example.org", &["crossfitdemo"]);
    home.login("ben@example.org", &["crossfitdemo", "otherbox"]);
    home.json("prebook add --day +3 --time 18:30", 0);
    home.refused(
        "prebook add --day +3 --time 18:30 --account ben@example.org",
        6,
    );
    home.json(
        "prebook add --day +3 --time 18:30 --account Ben@Example.org --box otherbox",
        0,
    );
    home.json(
        "prebook add --weekly mon --time 18:30 --account ben@example.org --box otherbox",
        0,
    );
    // the config's account does not narrow what is listed
    let listed = ids(&home.json("prebook list", 0));
    assert!(listed.contains(&1) && listed.contains(&2), "{listed:?}");
    assert_eq!(
        ids(&home.json("prebook list --account ana@example.org", 0)),
        [1]
    );
    assert_eq!(
        home.json("prebook rules", 0)["rules"][0]["account"],
        "ben@example.org"
    );
    assert_eq!(
        home.json("prebook rules --account ana@example.org", 0),
        json!({"rules": []})
    );
    assert_eq!(ids(&home.json("prebook list --box crossfitdemo", 0)), [1]);
}

#[test]
fn warned_of_logins_that_will_be_missed() {
    let home = Home::empty();
    home.config(
        "account = \"ana@example.org\"\nbox = \"crossfitdemo\"\n[boxes.crossfitdemo]\nid = 10122\n",
    );
    let add = "prebook add --day +3 --time 18:30";
    // no session at all: the account and the box are known, so it is stored
    let said = |home: &Home| {
        let out = home.run(add);
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        assert!(!out.stdout.is_empty());
        text(&out.stderr)
    };
    assert!(said(&home).contains("ana@example.org has no background session"));
    home.session(&"ana@example.org".parse().unwrap(), SessionKind::Background);
    assert!(said(&home).contains("no password source"));
    home.config("account = \"ana@example.org\"\nbox = \"crossfitdemo\"\npassword_command = \"false\"\n[boxes.crossfitdemo]\nid = 10122\n");
    assert_eq!(said(&home), "");
    assert_eq!(ids(&home.json("prebook list", 0)), [1]);
}

#[test]
fn every_help_names_an_example_and_the_exit_codes() {
    let home = Home::empty();
    for command in ["", "add", "list", "rules", "remove", "skip", "run"] {
        let help = home.human(&format!("prebook {command} --help"));
        assert!(
            help.contains("Exit codes: 0") && help.contains("Example"),
            "{command}: {help}"
        );
        assert!(
            help.contains(&format!("  aimharder prebook {command}"))
                || help.contains("Example: aimharder prebook"),
            "{command}"
        );
    }
}

#[test]
fn twenty_processes_unfold_once() {
    let home = Home::of_ana();
    home.json("prebook add --weekly mon,wed --time 18:30 --class wod", 0);
    // what another fortnight would bring: all gone, with nothing that remembers them
    let expected = ids(&home.json("prebook list", 0)).len();
    let db = rusqlite::Connection::open(home.db()).unwrap();
    db.execute("DELETE FROM prebookings", []).unwrap();
    let outs: Vec<Output> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| home.run("prebook list --json")))
            .collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    for out in outs {
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    }
    assert_eq!(ids(&home.json("prebook list --all", 0)).len(), expected);
}
