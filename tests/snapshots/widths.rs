//! Tables on terminals of several widths.

use insta::assert_snapshot;
use serde_json::json;

use crate::prebook::add;
use crate::support::{ANA, Home, SOURCE, bare, shown};
use crate::text::clean;
use crate::{ana, class};

/// What a command shows on a terminal of this width, without colours.
fn at(home: &Home, columns: usize, args: &str) -> String {
    clean(&bare(&shown(home, columns, &[], args)))
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
        .any_stdout()
        .done();
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
