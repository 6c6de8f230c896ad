//! Rows of the store that are obsolete or cannot be read.

use crate::support::logged_in;

#[test]
fn refresh_deletes_old_refusals() {
    let (_sandbox, home) = logged_in();
    home.sql("INSERT INTO refusals VALUES ('ana@example.org', 1000)");
    home.sql("INSERT INTO refusals SELECT 'ana@example.org', unixepoch() * 1000 - 60000");
    home.run("refresh").done();
    assert_eq!(home.ask("SELECT count(*) FROM refusals"), "1");
}

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
fn a_backup_of_an_empty_store_does_not_warn_of_logins() {
    let (_sandbox, home) = logged_in();
    home.run("logout --background --yes-delete-background")
        .ends(0);
    home.run("logout").ends(0);
    let copy = home.path().join("copy.db");
    let ended = home.run("store backup").arg(&copy).succeeds();
    assert!(!ended.stdout.contains("plain text"), "{ended:?}");
}
