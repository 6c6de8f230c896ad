//! Output on terminals of 80 and of 120 columns, with colour and without.

use serde_json::json;
use unicode_width::UnicodeWidthStr;

use crate::support::{ANA, BEN, BEN_PASSWORD, Home, Sandbox, bare, day, logged_in, shown};

const COACH: &str = "Maria Antònia Puigdemont i Casamajor";
const LONG: &str = "Halterofília olímpica per a principiants";

const VIEWS: [&str; 9] = [
    "classes --day +100 --days 7",
    "bookings --history",
    "sessions",
    "refresh",
    "boxes",
    "prebook list",
    "prebook list --all",
    "prebook rules",
    "prebook run --dry-run",
];

/// Two accounts with classes, bookings, prebookings, weekly rules and errors.
fn busy() -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    home.log_in(BEN, BEN_PASSWORD);
    home.config(&format!("account = {ANA:?}"));
    let rows = [
        (100, "08:00", LONG, 12, 3),
        (100, "09:00", "力量訓練力量訓練力量訓練", 5, 0),
        (102, "10:00", "WOD", 11, 0),
    ];
    for (ahead, start, name, occupied, waiting) in rows {
        let class = json!({
            "day": day(ahead), "start": start, "name": name, "coach": COACH, "occupied": occupied, "waitlist": waiting,
        });
        let id = sandbox.class(&class);
        if start != "09:00" {
            sandbox.reserve(ANA, &id, i64::from(name == "WOD"));
        }
    }
    home.run("boxes set crossfitdemo --opens 4d@07:00")
        .succeeds();
    for more in [
        "--day +14 --time 18:30 --or 19:30 --waitlist",
        "--weekly mon,wed,fri --time 18:30 --watch --until +200",
    ] {
        home.run("prebook add --class").arg(LONG).args(more).ends(0);
    }
    home.run("prebook add --account ben@example.org --box crossfitdemo --day +1 --time 18:30 --opens 300d")
        .ends(0);
    let trouble = "could not be prolonged: no complete response from aimharder.com within 15 s, nor from its twin, and there is more";
    home.sql(&format!(
        "UPDATE sessions SET last_error = '{trouble}' WHERE kind = 'background'"
    ));
    home.sql(
        "UPDATE sessions SET token_expires_at = 1000000000000, auto_refresh = 0 WHERE kind = 'device'",
    );
    // ages that stay the same while this goes on
    home.age_tokens(3);
    (sandbox, home)
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let (_sandbox, home) = busy();
    for columns in [80, 120] {
        for view in VIEWS {
            let plain = shown(&home, columns, &["NO_COLOR=1"], view);
            assert!(!plain.contains('\u{1b}'), "{view}: {plain}");
            assert!(!plain.is_empty(), "{view}");
            for line in plain.lines() {
                assert!(
                    line.width() <= columns,
                    "{columns} columns: {view}:\n{plain}"
                );
                assert_eq!(line, line.trim_end(), "{view}");
            }
            let dumb = shown(&home, columns, &["TERM=dumb"], view);
            let colours = shown(&home, columns, &[], view);
            if !matches!(view, "refresh") {
                assert_eq!(dumb, plain, "{view}");
                assert!(colours.contains('\u{1b}'), "{view}: {colours}");
                assert_eq!(bare(&colours), plain, "{view}");
            }
        }
    }
}

#[test]
fn a_week_of_classes_is_one_table_that_leaves_out_the_coach_first() {
    let (sandbox, home) = busy();
    let narrow = shown(&home, 80, &["NO_COLOR=1"], VIEWS[0]);
    assert!(
        !narrow.contains("Maria") && !narrow.contains("id "),
        "{narrow}"
    );
    assert!(
        narrow.contains("opens ") && narrow.contains("* waiting list"),
        "{narrow}"
    );
    let wide = shown(&home, 126, &["NO_COLOR=1"], VIEWS[0]);
    assert!(wide.contains("Maria") && wide.contains(LONG), "{wide}");
    let headings = narrow
        .lines()
        .filter(|line| !line.starts_with(' ') && !line.is_empty());
    assert_eq!(headings.count(), 7, "{narrow}");
    // the number that `book --id` wants
    let printed = home.run(VIEWS[0]).json();
    for class in printed["classes"].as_array().unwrap() {
        let id = class["id"].as_str().unwrap();
        assert!(wide.contains(&format!("id {id}")), "{wide}");
    }
    // the places of all days are aligned
    let places = |line: &str| line.find("/12").map(|at| line[..at].width());
    let columns: Vec<usize> = wide.lines().filter_map(places).collect();
    assert_eq!(columns.len(), 3, "{wide}");
    assert!(columns.iter().all(|column| *column == columns[0]), "{wide}");
    drop(sandbox);
}

#[test]
fn errors_of_sessions_are_shown_whole() {
    let (_sandbox, home) = busy();
    let page = shown(&home, 80, &["NO_COLOR=1"], "sessions");
    let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for printed in [
        "could not be prolonged: no complete response from aimharder.com within 15 s, nor from its twin, and there is more",
        "auto-refresh off",
        "ENDS",
        " d ago",
    ] {
        assert!(words.contains(printed), "{printed}: {page}");
    }
    assert!(!page.contains("over"), "{page}");
}
