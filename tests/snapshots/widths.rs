//! Tables on terminals of several widths.

use insta::assert_snapshot;
use serde_json::json;

use crate::prebook::add;
use crate::support::{ANA, Home, SOURCE, bare, day, shown};
use crate::text::clean;
use crate::{ana, class};

/// What a command shows on a terminal of this width, without colours.
fn at(home: &Home, columns: usize, args: &str) -> String {
    clean(&bare(&shown(home, columns, &[], args)))
}

/// Only a command to paste may be wider than the terminal.
#[test]
fn lines_fit_a_narrow_terminal() {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    let title = "Por tiempo y por parejas, con chaleco y sin descanso entre las rondas del circuito principal";
    sandbox.gym(&json!({ "name": "crossfitdemo", "workouts": [{
        "id": 7, "wodClass": "WOD", "day": "", "when": day(0), "recordDate": day(0),
        "TIPOWODs": [{ "title": title, "type": 2, "timecap": 12, "notes": title }], "ejerRate": [],
    }] }));
    let mine = class(
        &sandbox,
        &json!({ "name": "Halterofilia para principiantes" }),
    );
    sandbox.reserve(ANA, &mine, 1);
    add(&home, "--class halterofilia --opens 9d")
        .any_stdout()
        .done();
    home.sql("UPDATE prebookings SET status = 'booked', reservation_id = '55501'");
    class(
        &sandbox,
        &json!({ "start": "14:10", "name": "Gimnàstics avançat per a tothom" }),
    );
    let other = "prebook add +3 14:10 gim --opens 9d";
    home.run(other).any_stdout().any_stderr().done();
    let printed = bare(&shown(&home, 40, &[], "bookings"));
    assert!(printed.contains("\n  reservation 55501"), "{printed}");
    let spaced = home.path().join("a copy of the store of two gyms.db");
    let spaced = spaced.display().to_string();
    let backup = format!("store backup '{spaced}'");
    for (columns, args) in [
        (60, "sessions"),
        (60, "bookings"),
        (60, "boxes set crossfitdemo --opens 4d@07:00"),
        (60, "prebook skip +3"),
        (60, "wod"),
        (60, "-h"),
        (60, "book +3 13:10 halterofilia"),
        (60, "prebook run --dry-run"),
        (60, "prebook run"),
        (60, &backup),
        (60, "store decrypt"),
        (60, "config check"),
        (80, "config check"),
        (60, "cancel +3 13:10 --dry-run"),
        (60, "cancel +3 13:10"),
        (60, "prebook add -h"),
        (60, "sessions set -h"),
        (60, "boxes set -h"),
        (80, "boxes set -h"),
    ] {
        let printed = bare(&shown(&home, columns, &[], args));
        for line in printed.lines().map(|line| line.trim_end_matches('\r')) {
            let is_command = line.trim().starts_with("`aimharder ");
            // alone on its line
            let ends = [".db", ".db;", ".toml:"];
            let is_path = line.starts_with('/') && ends.iter().any(|end| line.ends_with(end));
            assert!(
                is_command || is_path || line.chars().count() <= columns,
                "{args}: {line}\n{printed}"
            );
        }
        assert!(args != backup || printed.contains(&spaced), "{printed}");
    }
}

#[test]
fn tables_fit_the_terminal() {
    let (sandbox, home) = ana();
    home.config(SOURCE);
    let long = "Halterofilia para principiantes y avanzados";
    let mine = class(
        &sandbox,
        &json!({ "name": long, "coach": "Marta Fernández de la Torre" }),
    );
    class(
        &sandbox,
        &json!({ "start": "14:10", "occupied": 12, "waitlist": 3 }),
    );
    sandbox.reserve(ANA, &mine, 1);
    add(&home, "--class wod --opens 9d --waitlist --or")
        .arg(format!("19:30 {long}"))
        .succeeds();
    // only where the width of a date or a year makes no difference
    let cases: [(usize, &[&str]); 4] = [
        (40, &["classes --day +3", "bookings", "boxes"]),
        (60, &["classes --day +3", "bookings", "boxes", "sessions"]),
        (
            80,
            &[
                "classes --day +3",
                "bookings",
                "boxes",
                "sessions",
                "prebook list",
                "prebook run --dry-run",
            ],
        ),
        (
            120,
            &[
                "classes --day +3",
                "bookings",
                "boxes",
                "sessions",
                "prebook list",
                "prebook run --dry-run",
            ],
        ),
    ];
    for (columns, commands) in cases {
        for args in commands {
            let name = format!("{columns} {}", args.replace(['-', '+'], "")).replace(' ', "_");
            assert_snapshot!(
                name,
                format!("$ aimharder {args}\n{}", at(&home, columns, args))
            );
        }
    }
}
