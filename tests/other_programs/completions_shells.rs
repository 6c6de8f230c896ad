//! Completion as it really happens: in bash, zsh and fish.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::program;
use crate::support::{ANA, Home, day, left_by_a_run, seen};

/// What `aimharder` is called with after these key strokes in an interactive shell on a terminal of its own: a function takes
/// the program's place for running, not for completing.
fn typed(home: &Home, shell: &str, first: &str, keys: &[String]) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_aimharder")).parent().unwrap();
    let mut input = format!("{first}; aimharder() {{ printf '<%s>' \"$@\"; echo; }}\r");
    for keys in keys {
        input.push_str(keys);
        input.push('\r');
    }
    input.push_str("exit\r");
    let mut child = program("script")
        .args(["-qec", shell, "/dev/null"])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
        .env("TERM", "dumb")
        .env("LC_ALL", "C.UTF-8")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let out = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Key strokes, and the words into which they are completed.
const KEYS: [(&str, &str); 8] = [
    ("aimharder preb\t", "<prebook>"),
    ("aimharder book --class op\t", "<book><--class><Open Box>"),
    ("aimharder book --class \"op\t", "<book><--class><Open Box>"),
    (
        "aimharder book --class Open\\ b\t",
        "<book><--class><Open Box>",
    ),
    (
        "aimharder book --class=for\t",
        "<book><--class=Força d'hivern>",
    ),
    ("aimharder login ana@e\t", "<login><ana@example.org>"),
    (
        "aimharder prebook add --weekly mon,w\t",
        "<prebook><add><--weekly><mon,wed>",
    ),
    (
        "aimharder cancel --reservation 5\t",
        "<cancel><--reservation><55501>",
    ),
];

fn completes(shell: &str, first: &str) {
    let (_sandbox, home) = seen();
    left_by_a_run(&home, &day(20), "booked", "'55501'");
    // a word of its own after each: the completed one is whole, and a space was set behind it
    let mut number = 0..;
    let keys = KEYS.map(|(keys, _)| format!("{keys}{}", number.next().unwrap_or(99)));
    let shown = typed(&home, shell, first, &keys);
    for (n, (keys, words)) in KEYS.iter().enumerate() {
        let words = format!("{words}<{n}>");
        assert!(shown.contains(&words), "{keys:?} → {words}\n{shown}");
    }
}

#[test]
fn bash_completes() {
    completes(
        "bash --norc --noprofile -i",
        "source completions/aimharder.bash",
    );
}

#[test]
fn zsh_completes() {
    program("zsh");
    let first = "autoload -Uz compinit; compinit -u -D; source completions/_aimharder";
    completes("zsh -f -i", first);
}

#[test]
fn fish_completes() {
    let (_sandbox, home) = seen();
    left_by_a_run(&home, &day(20), "booked", "'55501'");
    let binary = Path::new(env!("CARGO_BIN_EXE_aimharder")).parent().unwrap();
    let asked = |line: &str| {
        let out = program("fish")
            .args(["--no-config", "-c"])
            .arg(format!(
                "source completions/aimharder.fish; complete -C {line:?}"
            ))
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .env("LC_ALL", "C.UTF-8")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stderr), "");
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    assert_eq!(
        asked("aimharder book --class "),
        "Força d'hivern\nOpen Box\nWOD\n"
    );
    assert_eq!(asked("aimharder login an"), format!("{ANA}\n"));
    let held = asked("aimharder cancel --reservation ");
    assert!(held.starts_with("55501\t") && held.ends_with(" 18:30 WOD\n"));
    assert!(asked("aimharder prebook add --weekly mon,w").starts_with("mon,wed"));
    assert!(asked("aimharder preb").starts_with("prebook\t"));
}
