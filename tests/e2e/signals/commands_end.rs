//! Commands that the config names end with the program, and within their timeouts.

use super::{ends, started};
use crate::store::encryption::{KEY, encrypted};
use crate::support::{ANA, logged_in, signal, start};

/// A shell line that prints too late, and whose child writes its process id.
const LATE: &str = "sleep 90 & echo $! > $HOME/child; wait; echo late";

/// The children of `sh` are killed too: otherwise they would keep the standard error of the cron job open.
#[test]
fn a_command_that_is_too_slow_leaves_no_child_behind() {
    let (_sandbox, home) = logged_in();
    encrypted(&home);
    home.config(&format!("[store]\nkey_command = \"{LATE}\""));
    home.run("status --offline").any_stdout().unchecked();
    ends(&started(&home, "child"));
}

#[test]
fn a_signal_takes_a_command_along() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let (_sandbox, home) = start();
        home.config(&format!("password_command = \"{LATE}\""));
        let running = home.run("login").arg(ANA).status(code).spawn();
        let child = started(&home, "child");
        signal(name, running.id());
        running.done();
        ends(&child);
    }
}

/// Units limit the number of threads (`TasksMax`): without a thread for the output of a command the program must not panic. No
/// thread can be started with a stack of this size.
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
