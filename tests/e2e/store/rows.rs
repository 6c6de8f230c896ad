//! Rows of the store that cannot be read.

use serde_json::json;

use crate::support::{START, Scenario, logged_in};

#[test]
fn an_unreadable_rule_or_instant_is_an_error() {
    let (_sandbox, home) = logged_in();
    home.run("prebook add --day +9 --time 18:30 --class wod --opens 4d")
        .ends(0);
    let readable = home.ask("SELECT created_at FROM prebookings");
    for (broken, repaired, commands) in [
        (
            "UPDATE prebookings SET opens = 'soon'".to_owned(),
            "UPDATE prebookings SET opens = '4d'".to_owned(),
            &["prebook list", "prebook run"][..],
        ),
        (
            "UPDATE prebookings SET created_at = 9223372036854775807".to_owned(),
            format!("UPDATE prebookings SET created_at = {readable}"),
            &["prebook list"],
        ),
        (
            "INSERT INTO class_rules VALUES ('crossfitdemo', 'WOD', 'wod', '', 'never')".to_owned(),
            "DELETE FROM class_rules".to_owned(),
            &["classes --day tomorrow", "boxes"],
        ),
        (
            "UPDATE boxes SET opens = 'x'".to_owned(),
            "UPDATE boxes SET opens = NULL".to_owned(),
            &["boxes"],
        ),
        (
            "UPDATE sessions SET used_at = -9223372036854775807".to_owned(),
            format!("UPDATE sessions SET used_at = {readable}"),
            &["sessions"],
        ),
    ] {
        home.sql(&broken);
        for command in commands {
            home.run(command)
                .fails(1, &["contains a value that cannot be read"]);
        }
        home.sql(&repaired);
    }
}

#[test]
fn an_unreadable_prebooking_is_not_replaced() {
    let scene = Scenario::new().opens_in(600);
    scene.class(&json!({}));
    let set = format!("boxes set crossfitdemo --opens {}", scene.rule);
    scene.command(&set).succeeds();
    scene.add("");
    scene.home.sql("UPDATE prebookings SET opens = 'soon'");
    let book = scene.command(&format!("book --prebook --time {START} --class WOD --day"));
    book.arg(scene.day.to_string())
        .fails(1, &["contains a value that cannot be read"]);
    assert_eq!(scene.home.ask("SELECT opens FROM prebookings"), "soon");
}
