//! Ctrl-C and SIGTERM (and SIGHUP and SIGQUIT) end the program with 130 and 143 (129, 131), soon and with nothing half done
//! (promise 7).
//!
//! Work whose outcome must be stored or reported holds a [`SignalGuard`]: a token update, a login, a booking. From the signal on
//!
//! - no thread gets a first shield, and no request is started ([`may_send`]). A thread without a shield waits there for the
//!   end of the program; a thread with one receives an error, which ends its work early;
//! - a thread with a shield does not sleep and does not wait for locks ([`must_stop`]);
//! - one read may settle the outcome of a booking that was sent ([`allow_settling`]), within the time-out of a request.
//!
//! The program ends when the last shield is dropped. A signal that arrives while the result is being printed arrives too
//! late: the exit code is that of the result.
//!
//! SIGXFSZ (a file has reached its size limit) is ignored: the write that met the limit fails and reports it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::clock;

/// After this time the user is told what the program waits for.
const QUIET: Duration = Duration::from_secs(1);
/// Notifications take no longer than this from the signal on.
const NOTIFICATIONS: Duration = Duration::from_secs(2);
/// How often a thread that waits for another one checks for a signal.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

static STATE: Mutex<State> = Mutex::new(State {
    shields: Vec::new(),
    caught: None,
    heard: false,
    last_words: None,
    ending: false,
    let_go: false,
});
static CHANGED: Condvar = Condvar::new();
/// The number of the signal that arrived last, set by its handler: work that goes on sees it before the signal thread runs.
static ARRIVED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

thread_local! {
    /// Number of shields of this thread.
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// This thread may send one read after a signal.
    static SETTLING: Cell<bool> = const { Cell::new(false) };
}

struct State {
    /// What each shield protects.
    shields: Vec<&'static str>,
    /// The signal that is to end the program, and when it arrived.
    caught: Option<(i32, Instant)>,
    /// The signal thread has seen it.
    heard: bool,
    /// Run when a signal ends the program.
    last_words: Option<ExitMessage>,
    /// The command prints its result and ends by itself.
    ending: bool,
    /// The signal arrived too late to end anything.
    let_go: bool,
}

impl State {
    /// A signal is to end the program.
    fn is_stopping(&self) -> bool {
        self.caught.is_some() && !self.ending && !self.let_go
    }

    fn release(&mut self, what: &'static str) {
        if let Some(at) = self.shields.iter().position(|held| *held == what) {
            self.shields.swap_remove(at);
        }
        CHANGED.notify_all();
    }
}

/// Called with the signal's number before the program ends.
pub type ExitMessage = Box<dyn FnOnce(i32) + Send>;

fn state() -> MutexGuard<'static, State> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if state.caught.is_none() {
        let arrived = i32::try_from(ARRIVED.load(Ordering::SeqCst)).unwrap_or_default();
        state.caught = (arrived != 0).then(|| (arrived, clock::steady()));
    }
    state
}

fn held() -> usize {
    HELD.get()
}

fn unhold() {
    HELD.set(held().saturating_sub(1));
    if held() == 0 {
        SETTLING.set(false);
    }
}

/// Defers the end of the program by a signal until it is dropped. It belongs to the thread that took it.
#[derive(Debug)]
#[must_use = "a shield protects until it is dropped"]
pub struct SignalGuard {
    what: &'static str,
    of_this_thread: PhantomData<*const ()>,
}

/// A shield on its way to another thread.
#[derive(Debug)]
pub struct Handover {
    what: &'static str,
}

/// Takes a shield for work whose outcome must be stored or reported. `what` names it to a user who waits for the end.
/// After a signal a thread without a shield does not return from here.
pub fn signal_guard(what: &'static str) -> SignalGuard {
    let mut state = park_after_signal(state());
    state.shields.push(what);
    drop(state);
    SignalGuard::held(what)
}

/// The same for a thread that others wait for: `None` instead of waiting for the end of the program.
pub fn try_signal_guard(what: &'static str) -> Option<SignalGuard> {
    let mut state = state();
    if held() == 0 && state.is_stopping() {
        return None;
    }
    state.shields.push(what);
    drop(state);
    Some(SignalGuard::held(what))
}

/// Keeps a thread without a shield here from the signal on: the process ends when the last shield is dropped.
fn park_after_signal(mut state: MutexGuard<'_, State>) -> MutexGuard<'_, State> {
    while held() == 0 && state.is_stopping() {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state
}

impl SignalGuard {
    fn held(what: &'static str) -> Self {
        HELD.set(held() + 1);
        let of_this_thread = PhantomData;
        Self {
            what,
            of_this_thread,
        }
    }

    /// Gives it up without waiting for the end of the program after a signal, for a thread that others wait for.
    pub fn release(self) {
        drop(self.hand_over());
    }

    /// No signal ends the program any more: it reports what went wrong, and ends by itself. Where it went wrong because the
    /// work was `interrupted` the signal ends the program now.
    pub fn keep_unless(self, interrupted: bool) {
        if !interrupted {
            std::mem::forget(self);
        }
    }

    /// Passes it to another thread.
    pub fn hand_over(self) -> Handover {
        unhold();
        let handover = Handover { what: self.what };
        std::mem::forget(self);
        handover
    }
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        unhold();
        let mut state = state();
        state.release(self.what);
        drop(park_after_signal(state));
    }
}

impl Handover {
    /// Makes it a shield of this thread.
    pub fn accept(self) -> SignalGuard {
        let signal_guard = SignalGuard::held(self.what);
        std::mem::forget(self);
        signal_guard
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        state().release(self.what);
    }
}

/// Whether a request may be started. After a signal a thread without a shield does not return from here; for one with a
/// shield the answer is no, except for the one read of [`allow_settling`].
pub fn may_send(is_read: bool) -> bool {
    let state = park_after_signal(state());
    state.caught.is_none() || (is_read && SETTLING.take())
}

/// A booking or cancellation was sent: one read of this thread may settle its outcome after a signal.
pub fn allow_settling() {
    SETTLING.set(held() > 0);
}

/// When a signal arrived that is to end the program.
pub fn stopped_at() -> Option<Instant> {
    state().caught.map(|(_, at)| at)
}

/// Whether this thread holds a shield after a signal: it neither sleeps nor waits, and ends its work.
pub fn must_stop() -> bool {
    held() > 0 && stopped_at().is_some()
}

/// Sleeps for `span`. A thread with a shield wakes up at a signal; without one it may sleep on, because the program ends
/// without it.
pub(crate) fn sleep(span: Duration) {
    if held() == 0 {
        return thread::sleep(span);
    }
    let unsignalled = |state: &mut State| state.caught.is_none();
    let _ = CHANGED.wait_timeout_while(state(), span, unsignalled);
}

/// Receives what another thread sends until `end`; `None` when there is nothing, or as soon as [`must_stop`].
pub(crate) fn receive<T>(from: &Receiver<T>, end: Instant) -> Option<T> {
    receive_while(from, || (!must_stop()).then_some(end))
}

/// The same for notifications: after a signal they have two seconds in all.
pub(crate) fn receive_notified<T>(from: &Receiver<T>, end: Instant) -> Option<T> {
    receive_while(from, || {
        let signalled = stopped_at().map(|at| at + NOTIFICATIONS);
        Some(signalled.map_or(end, |soon| soon.min(end)))
    })
}

fn receive_while<T>(from: &Receiver<T>, end: impl Fn() -> Option<Instant>) -> Option<T> {
    loop {
        let left = end()?.saturating_duration_since(clock::steady());
        match from.recv_timeout(left.min(POLL_INTERVAL)) {
            Ok(received) => return Some(received),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
            Err(_) => return None,
        }
    }
}

/// Has this said when a signal ends the program from now on.
pub fn set_exit_message(words: ExitMessage) {
    state().last_words = Some(words);
}

/// The command is about to print its result. What a signal would have printed is not needed any more; where a shield is
/// held the program ends by itself, and the signal that waits is returned. The same holds where the output must be
/// `whole`: half of it, or it with the exit code of a signal, would mislead scripts.
pub fn begin_final_output(whole: bool) -> Option<i32> {
    let mut state = park_after_signal(state());
    state.last_words = None;
    state.ending |= whole || !state.shields.is_empty();
    CHANGED.notify_all();
    state
        .caught
        .map(|(signal, _)| signal)
        .filter(|_| state.ending)
}

/// The exit code of the signal that waits.
pub fn exit_code() -> u8 {
    let signal = state().caught.map_or(SIGINT, |(signal, _)| signal);
    u8::try_from(128 + signal).unwrap_or(130)
}

/// Starts listening for signals; `waiting` is called with what the program waits for. Where no thread is available signals
/// keep their default effect: they end the program at once.
pub fn listen(waiting: fn(&str)) {
    // an ignored write error needs no thread
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let (ready, is_ready) = mpsc::channel();
    let listener = move || {
        let ignored = ignored();
        let heard = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter();
        let heard = heard.filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let Ok(mut signals) = Signals::new(heard.clone()) else {
            return;
        };
        for signal in heard {
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = signal_hook::flag::register_usize(signal, Arc::clone(&ARRIVED), number);
        }
        drop(ready);
        while let Some(signal) = signals.forever().next() {
            end_with(signal, waiting);
            // further ones meanwhile were meant for the same wait
            signals.pending().for_each(drop);
        }
    };
    // only the thread itself takes signals over, so that none is caught that no thread handles
    if thread::Builder::new()
        .name("signals".into())
        .spawn(listener)
        .is_ok()
    {
        let _: Result<(), _> = is_ready.recv();
    }
}

/// The signals that this process was started to ignore, a bit each: `nohup` does so with SIGHUP, a shell without job
/// control with SIGINT for background commands. They stay ignored.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or_default()
}

/// Ends the program when no shield is held. Returns only where it ends by itself; the next signal ends it in any case.
fn end_with(signal: i32, waiting: fn(&str)) {
    let mut state = state();
    let first = !std::mem::replace(&mut state.heard, true);
    state.caught.get_or_insert((signal, clock::steady()));
    CHANGED.notify_all();
    let waits = |state: &mut State| !state.shields.is_empty() && !state.ending;
    if first {
        let waited = CHANGED.wait_timeout_while(state, QUIET, waits);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if waits(&mut state) {
            waiting(&list(&state.shields));
        }
    }
    let mut state = CHANGED
        .wait_while(state, waits)
        .unwrap_or_else(PoisonError::into_inner);
    if state.ending && first {
        state.let_go = true;
        return;
    }
    end(state, signal);
}

/// `booking, token update (3)`
fn list(shields: &[&'static str]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for what in shields {
        *counts.entry(what).or_default() += 1;
    }
    let words = counts.into_iter().map(|(what, count)| match count {
        1 => what.to_owned(),
        _ => format!("{what} ({count})"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Ctrl-C at a prompt, where it comes as a character: the same end.
pub fn ctrl_c() -> ! {
    end(state(), SIGINT)
}

/// Ends the process. The state stays locked, so that no thread begins new work.
fn end(mut state: MutexGuard<'_, State>, signal: i32) -> ! {
    if let Some(words) = state.last_words.take() {
        words(signal);
    }
    end_commands();
    restore_terminal();
    std::process::exit(128 + signal);
}

/// Ends the commands that were started and not waited for.
pub fn end_commands() {
    for group in groups().drain(..) {
        let _ = kill_process_group(group, Signal::KILL);
    }
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
