//! Ctrl-C and SIGTERM (and a terminal that is closed, and Ctrl-\) end the program with 130 and 143
//! (129, 131), but never in the middle of something that must not be left half done: a token that
//! the server has replaced and we have not stored, a booking that was sent and not settled. Such
//! work holds a [`Shield`]; the signal waits for it. All of it is bounded by the time-outs of the
//! network and the locks. A signal that comes when the last word is being said comes too late: all
//! is done, and the exit code goes with what was said.
//!
//! SIGXFSZ (a file has reached its size limit) would end the program just there, and so is taken
//! for nothing: the write that met the limit fails, and says so.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

static STATE: Mutex<State> = Mutex::new(State {
    shields: 0,
    what: None,
    caught: None,
    last_words: None,
    ending: false,
    let_go: false,
});
static CHANGED: Condvar = Condvar::new();

struct State {
    shields: usize,
    /// what the shields wait for, for who watches; `None`: nothing worth a word
    what: Option<&'static str>,
    /// the signal that is to end the program
    caught: Option<i32>,
    /// said when a signal ends it
    last_words: Option<LastWords>,
    /// the command says its own last word now, and ends by itself
    ending: bool,
    /// the signal ends nothing any more: the command has said it
    let_go: bool,
}

/// What a signal's number is told to before the program ends.
pub type LastWords = Box<dyn FnOnce(i32) + Send>;

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While one of these lives, a signal waits.
#[derive(Debug)]
pub struct Shield(());

/// Put off signals until the returned value is dropped.
pub fn shield() -> Shield {
    let mut state = signal_first(state());
    state.shields += 1;
    Shield(())
}

/// A signal that has waited for the last shield goes before anything else: on a busy machine the next one would be up, or
/// the program at its end, before whoever listens has woken. It does wake, and ends the program.
fn signal_first(mut state: MutexGuard<'_, State>) -> MutexGuard<'_, State> {
    while state.caught.is_some() && state.shields == 0 && !state.ending && !state.let_go {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state
}

/// The same; who watches and presses Ctrl-C is told what is waited for.
pub fn shield_for(what: &'static str) -> Shield {
    state().what = Some(what);
    shield()
}

impl Shield {
    /// No signal ends the program any more: it says what went wrong, and ends by itself.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        let mut state = state();
        state.shields -= 1;
        if state.shields == 0 {
            state.what = None;
        }
        CHANGED.notify_all();
        drop(signal_first(state));
    }
}

/// Say this when a signal ends the program from now on.
pub fn leave_word(words: LastWords) {
    state().last_words = Some(words);
}

/// The command is about to say its last word. What a signal would have said is not needed any
/// more; where a shield is up the program ends by itself, and the signal that waits is told. So it
/// does where the word must be `whole`: half of it, or it with the exit code of a signal, would mislead scripts.
pub fn last_word(whole: bool) -> Option<i32> {
    let mut state = signal_first(state());
    state.last_words = None;
    state.ending |= whole || state.shields > 0;
    CHANGED.notify_all();
    state.caught.filter(|_| state.ending)
}

/// The signal that waits, as an exit code.
pub fn exit_code() -> u8 {
    let signal = state().caught.unwrap_or(SIGINT);
    u8::try_from(128 + signal).unwrap_or(130)
}

/// Start listening for signals; `waiting` tells who watches what is waited for. Without it (no
/// threads to be had) they end the program at once, as they would any other.
pub fn listen(waiting: fn(&str)) {
    let ignored = ignored();
    let heard = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter();
    let heard = heard.filter(|signal| ignored & (1 << (signal - 1)) == 0);
    let Ok(mut signals) = Signals::new(heard.chain([SIGXFSZ])) else {
        return;
    };
    let _ = thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            while let Some(signal) = signals.forever().find(|signal| *signal != SIGXFSZ) {
                end_with(signal, waiting);
                // more of them meanwhile were meant for the same wait
                signals.pending().for_each(drop);
            }
        });
}

/// The signals that we were started to ignore, a bit each: `nohup` does so with hang-ups, a shell
/// without job control with Ctrl-C for what it starts in the background. That is to stay so.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or_default()
}

/// End the program when no shield is up. Comes back only where it ends by itself; the next signal
/// ends it in any case.
fn end_with(signal: i32, waiting: fn(&str)) {
    let mut state = state();
    let first = state.caught.is_none();
    state.caught.get_or_insert(signal);
    if let Some(what) = state.what.filter(|_| state.shields > 0 && first) {
        waiting(what);
    }
    while state.shields > 0 && !state.ending {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    if state.ending && first {
        state.let_go = true;
        return;
    }
    end(state, signal);
}

/// Ctrl-C at a prompt, where it comes as a character: the same end.
pub fn ctrl_c() -> ! {
    end(state(), SIGINT)
}

/// The state stays locked: no new work can begin behind our back.
fn end(mut state: MutexGuard<'_, State>, signal: i32) -> ! {
    if let Some(words) = state.last_words.take() {
        words(signal);
    }
    for group in groups().iter() {
        let _ = kill_process_group(*group, Signal::TERM);
    }
    restore_terminal();
    std::process::exit(128 + signal);
}

/// The commands that are waited for, and do not hear of a signal that is meant for us: they have groups of their own.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn groups() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While one of these lives, a signal that ends us ends the group, too.
#[derive(Debug)]
pub(crate) struct Along(Option<Pid>);

/// A signal is to end this group of processes, too, until the returned value is dropped.
pub(crate) fn takes_along(group: Option<Pid>) -> Along {
    groups().extend(group);
    Along(group)
}

impl Drop for Along {
    fn drop(&mut self) {
        groups().retain(|group| Some(*group) != self.0);
    }
}

/// The terminal as it was before a prompt took its echo away.
static TERMINAL: Mutex<Option<Termios>> = Mutex::new(None);

/// While a prompt hides what is typed: whoever ends the program gives the terminal its echo back.
pub fn hidden_prompt<T>(ask: impl FnOnce() -> T) -> T {
    let before = tcgetattr(std::io::stdin()).ok();
    let quiet = before.clone().map(|mut mode| {
        mode.local_modes
            .remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        mode
    });
    *TERMINAL.lock().unwrap_or_else(PoisonError::into_inner) = before;
    // before the prompt is to be seen: nobody types so fast that it is echoed, or that a Ctrl-D is lost
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
