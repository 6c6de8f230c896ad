//! `login`: both kinds, both flows, and what is stored.

use serde_json::json;

use crate::support::{ANA, ANAS, logged_in, start};

/// SHA-256 of `ana@example.org-aimharder-background-v1`, as `cli.md` says it is made.
fn background_of_ana() -> String {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(b"ana@example.org-aimharder-background-v1");
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("bg-{}", &hex[..40])
}

#[test]
fn both_sessions_in_one_run() {
    let (sandbox, home) = start();
    let told = home
        .run("login --password-stdin")
        .arg(ANA)
        .stdin("correct-horse\n")
        .json();
    let device = home.fingerprint(ANA, "device");
    assert_eq!(
        told,
        json!({
            "account": ANA,
            "sessions": [
                { "kind": "device", "fingerprint": device, "status": "ok" },
                { "kind": "background", "fingerprint": background_of_ana(), "status": "ok" },
            ],
            "boxes": [{ "box": "crossfitdemo", "id": 10122, "name": "CrossFit Demo" }],
        })
    );
    let paths: Vec<_> = sandbox.log().iter().map(|e| e["path"].clone()).collect();
    assert_eq!(
        paths,
        ["/api/login", "/setrefresh", "/api/login", "/setrefresh"]
    );
}

#[test]
fn the_password_may_end_without_a_newline() {
    let (_sandbox, home) = start();
    home.run("login ana@example.org --password-stdin")
        .stdin(ANAS)
        .stdout_has(&[
            "device session",
            "logged in",
            "boxes: crossfitdemo (CrossFit Demo)",
            "next: aimharder classes",
        ])
        .done();
}

#[test]
fn a_logged_in_person_books() {
    let (sandbox, home) = logged_in();
    let day = crate::support::day(3);
    let id = sandbox.class(&json!({ "day": day, "start": "13:10" }));
    let told = home.run("book --time 13:10 --day").arg(&day).json();
    assert_eq!(told["outcome"], "booked");
    assert_eq!(sandbox.reservations(&id).len(), 1);
}
