//! Rows of the store that cannot be read.

use crate::support::logged_in;

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
