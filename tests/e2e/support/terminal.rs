//! Runs on a terminal of their own, made by `script` (package bsdutils).

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::Home;

/// What a command shows on a terminal of this width; variables as `NAME=value`.
pub(crate) fn shown(home: &Home, columns: usize, variables: &[&str], args: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_aimharder"));
    let out = Command::new("script")
        .args(["-qec", &format!("{} {args}", binary.display()), "/dev/null"])
        .env_clear()
        .env("HOME", home.path())
        .env("TZ", "UTC")
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm-256color")
        .env("COLUMNS", columns.to_string())
        .envs(
            variables
                .iter()
                .filter_map(|variable| variable.split_once('=')),
        )
        .stdin(Stdio::null())
        .output()
        .expect("script, of the package bsdutils");
    let text = String::from_utf8_lossy(&out.stdout).replace("\r\n", "\n");
    assert!(out.status.success(), "{args}: {text}");
    text
}

/// What a shell's line shows on a terminal, and its exit code. `answer` is given all that is shown so far, whenever there is
/// more of it, and what types.
pub(crate) fn conversation(
    home: &Home,
    line: &str,
    mut answer: impl FnMut(&str, &mut dyn Write),
) -> (String, Option<i32>) {
    let mut child = Command::new("script")
        .args(["-qefc", line, "/dev/null"])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script, of the package bsdutils");
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut shown, mut bytes) = (String::new(), [0; 512]);
    loop {
        let n = output.read(&mut bytes).unwrap();
        if n == 0 {
            break;
        }
        shown.push_str(&String::from_utf8_lossy(&bytes[..n]));
        answer(&shown, &mut input);
    }
    let status = child.wait().unwrap();
    (shown, status.code())
}

/// The same text without colours.
pub(crate) fn bare(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |bare, part| {
        let (_, rest) = part.split_once('m').expect("a colour");
        bare + rest
    })
}
