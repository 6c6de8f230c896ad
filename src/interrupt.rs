//! Ctrl-C and SIGTERM (and a terminal that is closed, and Ctrl-\) end the program with 130 and 143
//! (129, 131), but never in the middle of something that
//! must not be left half done: a token that the server has replaced and we have not stored, a
//! booking that was sent and not settled. Such work holds a [`Shield`]; the signal waits for it.
//! All of it is bounded by the time-outs of the network and the locks.
//!
//! SIGXFSZ (a file has reached its size limit) would end the program just there, and so is taken
//! for nothing: the write that met the limit fails, and says so.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

static SHIELDS: Mutex<usize> = Mutex::new(0);
static LOWERED: Condvar = Condvar::new();

/// While one of these lives, a signal waits.
#[derive(Debug)]
pub struct Shield(());

/// Put off signals until the returned value is dropped.
pub fn shield() -> Shield {
    *SHIELDS.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    Shield(())
}

impl Drop for Shield {
    fn drop(&mut self) {
        *SHIELDS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        LOWERED.notify_all();
    }
}

/// Start listening for signals. Without it (no threads to be had) they end the program at once,
/// as they would any other.
pub fn listen() {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGXFSZ]) else {
        return;
    };
    let _ = thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            if let Some(signal) = signals.forever().find(|signal| *signal != SIGXFSZ) {
                let mut shields = SHIELDS.lock().unwrap_or_else(PoisonError::into_inner);
                while *shields > 0 {
                    shields = LOWERED
                        .wait(shields)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                // the count stays locked: no new work can begin behind our back
                restore_terminal();
                std::process::exit(128 + signal);
            }
        });
}

/// The terminal as it was before a prompt took its echo away.
static TERMINAL: Mutex<Option<Termios>> = Mutex::new(None);

/// While a prompt hides what is typed: whoever ends the program gives the terminal its echo back.
pub fn hidden_prompt<T>(ask: impl FnOnce() -> T) -> T {
    let before = tcgetattr(std::io::stdin()).ok();
    let quiet = before.clone().map(|mut mode| {
        mode.local_modes.remove(LocalModes::ECHO);
        mode
    });
    *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = before;
    // before the prompt is to be seen: nobody types so fast that it is echoed
    if let Some(quiet) = quiet {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet);
    }
    let answer = ask();
    restore_terminal();
    *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = None;
    answer
}

fn restore_terminal() {
    let terminal = TERMINAL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = terminal.as_ref() {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
    }
}
