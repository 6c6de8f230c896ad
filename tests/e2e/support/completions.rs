//! Stores from which shells complete.

use serde_json::json;

use super::{ANA, Home, Sandbox, day, logged_in};

/// A store that has seen some classes.
pub(crate) fn seen() -> (Sandbox, Home) {
    let (sandbox, home) = logged_in();
    for (start, name) in [
        ("13:10", "Open Box"),
        ("14:10", "Força d'hivern"),
        ("15:10", "WOD"),
    ] {
        sandbox.class(&json!({ "day": day(100), "start": start, "name": name }));
    }
    home.run("classes --day +100").succeeds();
    sandbox.clear_log();
    (sandbox, home)
}

/// A prebooking of Ana's as a run has left it.
pub(crate) fn left_by_a_run(home: &Home, on: &str, status: &str, reservation: &str) {
    home.sql(&format!(
        "INSERT INTO prebookings (account, box, day, start, class, status, reservation_id, created_at) \
         VALUES ('{ANA}', 'crossfitdemo', '{on}', '18:30', 'WOD', '{status}', {reservation}, 0)"
    ));
}
