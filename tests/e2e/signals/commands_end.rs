//! The commands that the config names end with us, and with the time they have.

use std::fs;
use std::path::Path;

use crate::store::encryption::{KEY, encrypted};
use crate::support::{ANA, Home, logged_in, signal, start, wait_for};

/// A line that prints far too late, and whose child notes its number in this file.
fn late(note: &Path) -> String {
    format!("sleep 90 & echo $! > {}; wait; echo late", note.display())
}

fn child(note: &Path) -> String {
    let number = || fs::read_to_string(note).unwrap_or_default();
    wait_for("the command", || number().ends_with('\n'));
    number().trim().to_owned()
}

/// Killed; who reaps it is not our affair.
fn ends(child: &str) {
    wait_for("the child's end", || {
        let stat = fs::read_to_string(format!("/proc/{child}/stat"));
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    });
}

fn note(home: &Home) -> std::path::PathBuf {
    home.path().join("child")
}

/// Only `sh` was killed: what it had started lived on, and held the standard error of cron's job.
#[test]
fn a_command_that_is_too_slow_leaves_no_child_behind() {
    let (_sandbox, home) = logged_in();
    encrypted(&home);
    let note = note(&home);
    let late = late(&note);
    home.config(&format!("[store]\nkey_command = \"{late}\""));
    home.run("status --offline").any_stdout().unchecked();
    ends(&child(&note));
}

#[test]
fn a_signal_takes_a_command_along() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let (_sandbox, home) = start();
        let note = note(&home);
        home.config(&format!("password_command = \"{}\"", late(&note)));
        let run = home.run("login").arg(ANA);
        let running = run.status(code).spawn();
        let child = child(&note);
        signal(name, running.id());
        running.done();
        ends(&child);
    }
}

/// Units allow few threads (`TasksMax`): where none was left for a command's output, the program panicked. No thread can be
/// had with so large a stack.
#[test]
fn without_a_thread_it_is_an_error() {
    const STACK: (&str, &str) = ("RUST_MIN_STACK", "70368744177664");
    let (sandbox, home) = start();
    home.config("password_command = \"echo correct-horse\"");
    let run = home.run("login").arg(ANA).env(STACK.0, STACK.1);
    run.fails(3, &["cannot run the password command for ana"]);
    assert!(sandbox.log().is_empty());

    let (_sandbox, home) = logged_in();
    home.config(&format!("[store]\nkey_command = \"echo {KEY}\""));
    let run = home.run("status --offline --json");
    let said = run.env(STACK.0, STACK.1).any_stdout().unchecked();
    assert!(said.stdout.starts_with('{'), "{said:?}");
    assert!(!said.stderr.contains("panicked"), "{said:?}");
}
