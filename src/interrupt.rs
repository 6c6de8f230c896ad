//! Ctrl-C and SIGTERM end the program with 130 and 143, but never in the middle of something that
//! must not be left half done: a token that the server has replaced and we have not stored, a
//! booking that was sent and not settled. Such work holds a [`Shield`]; the signal waits for it.
//! All of it is bounded by the time-outs of the network and the locks.
//!
//! SIGXFSZ (a file has reached its size limit) would end the program just there, and so is taken
//! for nothing: the write that met the limit fails, and says so.

use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

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
                std::process::exit(128 + signal);
            }
        });
}
