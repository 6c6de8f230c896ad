//! `classes` as people see it: aligned, by name, and never forged.

use crate::classes::{class, classes};
use crate::support::logged_in;
use serde_json::{Value, json};

#[test]
fn names_match_without_case_and_accents() {
    let (sandbox, home) = logged_in();
    class(&sandbox, json!({ "name": "Gimnàstics Avançat" }));
    class(&sandbox, json!({ "name": "Gimnastics", "start": "15:00" }));
    assert_eq!(
        classes(&home, "--class GIMNASTICS").len(),
        1,
        "an exact match beats a substring"
    );
    assert_eq!(classes(&home, "--class avancat").len(), 1);
    assert_eq!(classes(&home, "--class gimn").len(), 2);
    assert_eq!(classes(&home, "--class nada"), Vec::<Value>::new());
    home.run("classes --day +100 --class nada")
        .stdout("no class fits\n")
        .done();
}

#[test]
fn columns_align_with_wide_and_accented_names() {
    let (sandbox, home) = logged_in();
    for (start, name) in [
        ("08:00", "WOD"),
        ("09:00", "Halterofília"),
        ("10:00", "力量訓練"),
    ] {
        class(
            &sandbox,
            json!({ "start": start, "name": name, "occupied": 5 }),
        );
    }
    let shown = home.run("classes --day +100").succeeds().stdout;
    let columns: Vec<usize> = shown
        .lines()
        .filter_map(|line| line.split_once(" 5/12"))
        .map(|(before, _)| {
            before
                .chars()
                .map(|c| if c > '\u{2e80}' { 2 } else { 1 })
                .sum()
        })
        .collect();
    assert_eq!(columns.len(), 3, "{shown}");
    assert!(
        columns.iter().all(|column| *column == columns[0]),
        "{shown}"
    );
}

#[test]
fn nothing_is_forged_by_names() {
    let (sandbox, home) = logged_in();
    let names = [
        "\u{1b}]0;title\u{7}\u{1b}[2JWOD",
        "A\nerror: fake\r\nB",
        "<b>Fuerza</b> &amp; WOD",
        "\u{202e}DOW\u{200b}",
        "<script>alert(1)</script>",
        "&lt;img src=x&gt;&#27;[31m",
        "\u{9b}31mC1",
    ];
    for (n, name) in names.iter().enumerate() {
        class(
            &sandbox,
            json!({ "start": format!("{:02}:00", 8 + n), "name": name, "coach": name }),
        );
    }
    let printed = classes(&home, "");
    assert_eq!(printed.len(), names.len());
    assert_eq!(printed[2]["name"], "Fuerza & WOD");
    for class in &printed {
        let name = class["name"].as_str().unwrap();
        let odd = |c: char| c.is_control() || "\u{202e}\u{200b}".contains(c);
        assert!(!name.contains(odd), "{name:?}");
        assert!(
            !name.contains("<b>") && !name.contains("<script") && !name.contains("<img"),
            "{name}"
        );
    }
    let shown = home.run("classes --day +100").succeeds().stdout;
    assert_eq!(shown.lines().count(), 1 + names.len(), "{shown}");
    assert!(
        !shown.chars().any(|c| c.is_control() && c != '\n'),
        "{shown:?}"
    );
    home.run("book --day +100 --time 07:00")
        .fails(6, &["Fuerza & WOD"]);
    home.run("book --day +100 --time 09:00 --dry-run")
        .prints(&["would book: A error: fake B"]);
}

#[test]
fn days_in_three_languages() {
    let (sandbox, home) = logged_in();
    for word in [
        "today",
        "tomorrow",
        "mon",
        "lunes",
        "dilluns",
        "sab",
        "hoy",
        "demà",
        "+3",
        "20261123",
        "2026-11-23",
    ] {
        home.run("classes --day").arg(word).succeeds();
    }
    assert_eq!(sandbox.sent("/api/bookings").len(), 11);
    for word in ["someday", "2026-02-30", "+", "-3", "20261340"] {
        home.run("classes --day").arg(word).usage(&["--day"]);
    }
}
