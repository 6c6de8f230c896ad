//! `status` with an encrypted store whose key is missing, wrong or slow.

use crate::status::problems::{encrypt_with_file, home_findings};
use crate::status::{SOURCE, well};
use crate::store::encryption::{KEY, OTHER};

#[test]
fn a_missing_wrong_or_slow_key_is_reported() {
    let (_sandbox, home) = well();
    encrypt_with_file(&home);
    home.write("key", &format!("{OTHER}\n"));
    home.crontab("");
    // its exit code takes precedence over those of other problems
    let (problems, printed) = home_findings(&home, 1);
    assert_eq!(problems, ["store_key_wrong", "not_scheduled"]);
    assert_eq!(printed["store"]["usable"], false);
    assert_eq!(printed["accounts"][0]["account"], "ana@example.org");
    home.status("--prometheus")
        .prints(&["aimharder_store_usable 0\n", "aimharder_accounts 1\n"]);
    let screen = home.status("--offline").ends(0);
    assert!(
        screen.stdout.contains("encrypted with another key"),
        "{screen:?}"
    );
    assert!(
        !screen.stdout.contains(OTHER) && !screen.stdout.contains(KEY),
        "{screen:?}"
    );
    home.config(&format!(
        "{SOURCE}\n[store]\nkey_command = \"sleep 9; printf {KEY}\""
    ));
    let (problems, hints) = home.findings();
    assert_eq!(problems, ["not_scheduled"]);
    assert_eq!(hints, ["store_key_silent"]);
}
