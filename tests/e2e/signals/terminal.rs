//! Ctrl-C and signals on a terminal: the line that the cursor is in is finished before the shell's next one.

use std::io::Write;

use serde_json::json;

use crate::book::wait::Opening;
use crate::support::{ANA, Home, conversation, logged_in, signal, start, wait_for};

/// Whether the terminal shows what is typed, and what Ctrl-C does. The rest of its settings may be written in another way
/// and mean the same.
const MODES: &str = r"$(stty -a | grep -oE -- '-?(isig|icanon|echo)\b' | tr '\n' ',')";

/// What the terminal shows when `action` is done to the program once it has shown `last`. The shell
/// reports the exit code at the end. The terminal has its settings back then.
fn shown(
    home: &Home,
    args: &str,
    last: &str,
    mut action: impl FnMut(&mut dyn Write, u32),
) -> String {
    let program = env!("CARGO_BIN_EXE_aimharder");
    let run = format!("sh -c 'echo pid=$$; exec {program} {args}'; echo code=$?");
    let script = format!("trap : INT; echo before={MODES}; {run}; echo after={MODES}");
    let mut done = false;
    let (shown, _) = conversation(home, &script, |shown, input| {
        if !done && shown.contains(last) {
            done = true;
            let (_, pid) = shown.split_once("pid=").unwrap();
            let pid = pid.lines().next().unwrap().parse();
            action(input, pid.unwrap());
        }
    });
    assert!(done, "not shown: {last} in {shown}");
    let (shown, after) = shown.split_once("after=").unwrap();
    let modes = "isig,icanon,echo,\r\n";
    assert!(shown.starts_with(&format!("before={modes}")), "{shown:?}");
    assert_eq!(after, modes);
    shown.to_owned()
}

/// The lines that the terminal shows last.
fn ends(shown: &str, lines: &[&str]) {
    let last: Vec<&str> = shown.lines().rev().take(lines.len()).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    for (shown, expected) in last.iter().zip(lines) {
        assert!(shown.ends_with(expected), "{expected}: {last:?}");
    }
    assert_eq!(last.last(), lines.last(), "a line of its own: {shown:?}");
}

#[test]
fn a_countdown_ends_its_line() {
    let (sandbox, home) = logged_in();
    let opening = Opening::after(1200);
    opening.class(&sandbox, &home, &json!({}));
    let args = format!(
        "book --wait --class espera --time {} --day {}",
        opening.start, opening.day
    );
    let countdown = "booking opens in 00:";
    let with_key = shown(&home, &args, countdown, |keys, _| {
        keys.write_all(b"\x03").unwrap();
    });
    ends(&with_key, &["^C", "code=130"]);
    let with_signal = shown(&home, &args, countdown, |_, process| {
        signal("TERM", process);
    });
    ends(&with_signal, &["", "code=143"]);
    assert!(!with_signal.contains("\r\n\r\n"), "{with_signal:?}");
}

#[test]
fn a_request_that_ctrl_c_ends_leaves_no_unfinished_line() {
    let (sandbox, home) = logged_in();
    sandbox.fault(&json!({ "path": "/api/bookings", "kind": "hang" }));
    let args = "classes --day +3";
    let shown = shown(&home, args, "pid=", |keys, _| {
        wait_for("the request", || !sandbox.sent("/api/bookings").is_empty());
        keys.write_all(b"\x03").unwrap();
    });
    ends(&shown, &["^C", "code=130"]);
}

/// A password is being typed, hidden, and the program is ended.
#[test]
fn a_prompt_ends_its_line_and_leaves_nothing() {
    let (sandbox, home) = start();
    let password = format!("Password for {ANA}: ");
    let login = format!("login {ANA}");
    let cases: [(&str, &str, &[u8], i32); 4] = [
        ("login", "E-mail: ", b"\x03", 130),
        ("login", "E-mail: ", b"\x04", 2),
        (&login, &password, b"half-a-pass\x03", 130),
        (&login, &password, b"\x04", 3),
    ];
    for (args, prompt, keys, code) in cases {
        let shown = shown(&home, args, prompt, |input, _| {
            input.write_all(keys).unwrap();
        });
        let (_, after) = shown.split_once(prompt).unwrap();
        let after = after.trim_start_matches("^C");
        assert!(after.starts_with("\r\n"), "{shown:?}");
        assert!(!after.contains("\r\n\r\n"), "{shown:?}");
        assert!(!shown.contains("half-a-pass"), "{shown}");
        ends(&shown, &[&format!("code={code}")]);
    }
    // nothing is typed here: keys that arrive when it has ended are the shell's to show
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let shown = shown(&home, &login, &password, |_, process| signal(name, process));
        let end = format!("code={code}\r\n");
        assert!(shown.ends_with(&end), "{shown:?}");
        if name == "TERM" {
            ends(&shown, &[&password, "code=143"]);
        }
    }
    let sent = sandbox.log();
    assert!(sent.is_empty(), "nothing is sent: {sent:?}");
    assert!(home.sessions().is_empty());
}
