//! `src/docs/scripting.md`, the reference for scripts, names every key of every command's JSON and every outcome.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use crate::store::encryption::encrypted;
use crate::support::{ANA, start};

/// Where keys are not names but account's, box's or status's own values.
const TABLES: [&str; 1] = ["counts"];

/// Every key of an object and of what is in it.
fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                into.insert(key.clone());
                if !TABLES.contains(&key.as_str()) {
                    keys(value, into);
                }
            }
        }
        Value::Array(array) => array.iter().for_each(|value| keys(value, into)),
        _ => {}
    }
}

/// The texts in back-quotes; of a JSON object its single keys.
fn named(reference: &str) -> BTreeSet<String> {
    let quoted = reference.split('`').skip(1).step_by(2);
    let words = quoted.flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
    words.map(str::to_owned).collect()
}

fn reference() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/scripting.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn it_names_every_key() {
    let (sandbox, home) = start();
    sandbox.trial(json!({}));
    let login = home.run(&format!("login {ANA} --password-stdin"));
    let mut reported = vec![login.stdin("correct-horse\n").json()];
    for command in [
        "sessions",
        "refresh --force",
        "boxes",
        "boxes set crossfitdemo --opens 4d",
        "classes",
        "book --day +3 --time 13:10 --dry-run",
        "prebook add --day +3 --time 13:10 --or 14:10",
        "prebook run --dry-run",
        "prebook run",
        "prebook add --weekly mon --time 20:00",
        "prebook list --all",
        "prebook rules",
        "status",
        "bookings",
        "wod",
        "probe",
        "config check",
        "config show",
        "cancel --day +3 --time 13:10",
        "prebook skip today..+30",
        "prebook remove r1",
        "sessions prune",
    ] {
        reported.push(home.run(command).any_stderr().json());
    }
    encrypted(&home);
    reported.push(
        home.run("store backup")
            .arg(home.path().join("copy.db"))
            .json(),
    );
    reported.push(home.run("store key").json());
    reported.push(home.run("logout").json());
    let refused = home.run("book --day +3 --time 13:10");
    reported.push(refused.fails_with(3, &["no device session"]).json());

    let mut printed = BTreeSet::new();
    for value in &reported {
        keys(value, &mut printed);
    }
    assert!(printed.len() > 100, "{printed:?}");
    let named = named(&reference());
    let missing: Vec<_> = printed.difference(&named).collect();
    assert!(
        missing.is_empty(),
        "not in src/docs/scripting.md: {missing:?}"
    );
}
