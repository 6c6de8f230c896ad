//! Responses that are made to use up the memory or the processor time of the program.

use std::io::Write;
use std::process::Stdio;

use serde_json::json;

use crate::support::{ANA_PASSWORD, Run, logged_in, start};

/// Runs a command that may map this memory, in KiB, and use this processor time, in seconds: many times what it needs.
/// Returns its exit code and standard error.
fn limited(run: &Run, stdin: &str) -> (Option<i32>, String) {
    let mut child = run
        .after("ulimit -v 1000000; ulimit -t 5")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), stderr)
}

/// A text repeated with a number in place of `#`.
fn numbered(count: u32, text: &str) -> String {
    let parts = (0..count).map(|n| text.replace('#', &n.to_string()));
    parts.collect()
}

/// Pages whose trees need far more memory or time than their text.
fn pages() -> [String; 4] {
    [
        "<p><b><i><u><a><font>".repeat(5000),
        "<div>".repeat(100_000),
        format!("<a {}>", numbered(100_000, "a# ")),
        "<span id=loginErrors><a href=//b.aimharder.com><iframe src='".repeat(10_000),
    ]
}

#[test]
fn a_page_in_place_of_the_login_takes_little_memory() {
    for page in pages() {
        let (sandbox, home) = start();
        home.config_with("", "login = \"form\"");
        sandbox.fault(&json!({ "path": "/", "kind": "foreign", "body": page, "count": -1 }));
        let run = home.run("login ana@example.org --password-stdin");
        let (code, stderr) = limited(&run, ANA_PASSWORD);
        assert_eq!(code, Some(5), "{stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
}

#[test]
fn a_page_in_place_of_a_box_takes_little_memory() {
    for page in pages() {
        let (sandbox, home) = logged_in();
        home.sql("UPDATE boxes SET id = NULL");
        sandbox.fault(&json!({ "path": "/api/whoami", "kind": "foreign", "count": -1 }));
        for path in ["/home", "/schedule"] {
            sandbox.fault(&json!({ "path": path, "kind": "foreign", "body": page, "count": -1 }));
        }
        let (code, stderr) = limited(&home.run("classes --day +3"), "");
        assert_eq!(code, Some(5), "{stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
    }
}

#[test]
fn a_refusal_full_of_tokens_takes_little_time() {
    let (sandbox, home) = logged_in();
    let tokens = numbered(18_000, "#|1766731601|0123456789abcdef0123456789abcdef ");
    let answer = json!({ "bookState": -3, "errorMssg": format!("no {tokens}") });
    let id = sandbox.trial(json!({ "book_answers": [answer] }));
    let run = home.run("book --day +3 --id").arg(&id);
    let (code, stderr) = limited(&run, "");
    assert_eq!(code, Some(4), "{stderr}");
    assert!(
        stderr.contains("no …") && !stderr.contains("1766731601"),
        "{stderr}"
    );
}
