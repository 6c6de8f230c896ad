//! Signals that end the program: SIGINT (exit code 130), SIGTERM (143), SIGHUP (129) and SIGQUIT (131). The program ends soon
//! and leaves nothing half done (promise 7).
//!
//! Work whose outcome must be stored or reported holds a [`SignalGuard`]: a token update, a login, a booking. After a signal
//!
//! - no thread gets its first guard, and no request is started ([`may_send`]). A thread without a guard blocks there until the
//!   program ends; a thread with a guard receives an error, which ends its work early;
//! - a thread with a guard neither sleeps nor waits for locks ([`must_stop`]);
//! - one read may settle the outcome of a booking that was sent ([`allow_settling`]), within the timeout of a request;
//! - notifications and pings take at most two seconds.
//!
//! The program ends when the last guard is dropped. A signal that arrives while the result is being printed changes nothing:
//! the exit code is that of the result.
//!
//! On a terminal the line that the cursor is in is finished first. SIGXFSZ (a file has reached its size limit) is ignored: the
//! write that exceeds the limit fails and reports it.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use crate::terminal;

/// Time after a signal until the program reports what it waits for.
const REPORT_AFTER: Duration = Duration::from_secs(1);

static STATE: Mutex<State> = Mutex::new(State {
    guards: Vec::new(),
    caught: None,
    exit_message: None,
    at_end: Vec::new(),
    is_final_output: false,
    is_too_late: false,
});
static CHANGED: Condvar = Condvar::new();
/// The number of the signal that arrived last. The signal handler sets it, so that working threads see the signal even before
/// the signal thread runs.
static ARRIVED: LazyLock<Arc<AtomicUsize>> = LazyLock::new(Arc::default);

thread_local! {
    /// The number of guards that this thread holds.
    static HELD: Cell<usize> = const { Cell::new(0) };
    /// Whether this thread may send one read after a signal.
    static SETTLING: Cell<bool> = const { Cell::new(false) };
}

struct State {
    /// The work that each guard protects.
    guards: Vec<&'static str>,
    /// The signal that ends the program, and when it arrived.
    caught: Option<(i32, Instant)>,
    /// Printed when a signal ends the program.
    exit_message: Option<ExitMessage>,
    /// Called when the program ends.
    at_end: Vec<Box<dyn FnOnce() + Send>>,
    /// Whether the command prints its result and then ends without the signal.
    is_final_output: bool,
    /// Whether the signal arrived too late to end the program.
    is_too_late: bool,
}

impl State {
    /// Whether a signal ends the program.
    fn is_stopping(&self) -> bool {
        self.caught.is_some() && !self.is_final_output && !self.is_too_late
    }

    fn release(&mut self, what: &'static str) {
        if let Some(at) = self.guards.iter().position(|held| *held == what) {
            self.guards.swap_remove(at);
        }
        CHANGED.notify_all();
    }
}

/// Prints a message when a signal, whose number it receives, ends the program.
pub type ExitMessage = Box<dyn FnOnce(i32) + Send>;

fn state() -> MutexGuard<'static, State> {
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    if state.caught.is_none() {
        let arrived = i32::try_from(ARRIVED.load(Ordering::SeqCst)).unwrap_or_default();
        state.caught = (arrived != 0).then(|| arrival(arrived));
    }
    state
}

/// A signal with the instant of its arrival. Only this does not read the clock by [`crate::clock`], which depends on this module.
fn arrival(signal: i32) -> (i32, Instant) {
    (signal, Instant::now())
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

/// Defers the end of the program by a signal until it is dropped. It names the work, and belongs to the thread that acquired
/// it: the pointer keeps it from being sent to another one.
#[derive(Debug)]
#[must_use = "a guard protects until it is dropped"]
pub struct SignalGuard(&'static str, PhantomData<*const ()>);

/// A guard on its way to another thread.
#[derive(Debug)]
pub struct Handover(&'static str);

/// Acquires a guard for work whose outcome must be stored or reported. `what` names the work to a user who waits for the end.
/// After a signal this does not return to a thread without a guard.
pub fn signal_guard(what: &'static str) -> SignalGuard {
    let mut state = park_after_signal(state());
    state.guards.push(what);
    drop(state);
    SignalGuard::held(what)
}

/// Acquires a guard like [`signal_guard`], for a thread that other threads wait for: returns `None` instead of blocking until
/// the program ends.
pub fn try_signal_guard(what: &'static str) -> Option<SignalGuard> {
    let mut state = state();
    if held() == 0 && state.is_stopping() {
        return None;
    }
    state.guards.push(what);
    drop(state);
    Some(SignalGuard::held(what))
}

/// Blocks a thread without a guard after a signal: the process ends when the last guard is dropped.
fn park_after_signal(mut state: MutexGuard<'_, State>) -> MutexGuard<'_, State> {
    while held() == 0 && state.is_stopping() {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state
}

impl SignalGuard {
    fn held(what: &'static str) -> Self {
        HELD.set(held() + 1);
        Self(what, PhantomData)
    }

    /// Drops the guard without blocking until the program ends, for a thread that other threads wait for.
    pub fn release(self) {
        drop(self.hand_over());
    }

    /// Keeps the guard until the program ends, so that a failure is reported even after a signal. If the work failed because
    /// it was `interrupted`, the guard is dropped and the signal ends the program now.
    pub fn keep_unless(self, interrupted: bool) {
        if !interrupted {
            std::mem::forget(self);
        }
    }

    /// Prepares the guard for another thread.
    pub fn hand_over(self) -> Handover {
        unhold();
        let handover = Handover(self.0);
        std::mem::forget(self);
        handover
    }
}

impl Drop for SignalGuard {
    fn drop(&mut self) {
        unhold();
        let mut state = state();
        state.release(self.0);
        drop(park_after_signal(state));
    }
}

impl Handover {
    /// Turns it into a guard of this thread.
    pub fn accept(self) -> SignalGuard {
        let signal_guard = SignalGuard::held(self.0);
        std::mem::forget(self);
        signal_guard
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        state().release(self.0);
    }
}

/// Whether a request may be started. After a signal this does not return to a thread without a guard; a thread with a guard
/// may only send the one read of [`allow_settling`].
pub fn may_send(is_read: bool) -> bool {
    let state = park_after_signal(state());
    state.caught.is_none() || (is_read && SETTLING.take())
}

/// Allows this thread, which has sent a booking or a cancellation, one read after a signal to settle the outcome.
pub fn allow_settling() {
    SETTLING.set(held() > 0);
}

/// When the signal arrived that ends the program.
pub fn stopped_at() -> Option<Instant> {
    state().caught.map(|(_, at)| at)
}

/// Whether a signal has arrived and this thread holds a guard. Such a thread neither sleeps nor waits, and ends its work.
pub fn must_stop() -> bool {
    held() > 0 && stopped_at().is_some()
}

/// Waits for a signal, for `span` at most. Returns `false` at once to a thread without a guard, because the program ends without
/// it.
pub(crate) fn wait_for_signal(span: Duration) -> bool {
    let guarded = held() > 0;
    if guarded {
        let unsignalled = |state: &mut State| state.caught.is_none();
        let _ = CHANGED.wait_timeout_while(state(), span, unsignalled);
    }
    guarded
}

/// Sets the message that is printed if a signal ends the program.
pub fn set_exit_message(message: ExitMessage) {
    state().exit_message = Some(message);
}

/// Sets what is done when the program ends, by a signal or not. It must not wait for a thread.
pub(crate) fn at_end(act: Box<dyn FnOnce() + Send>) {
    state().at_end.push(act);
}

/// Does what `at_end` has set, when the program ends without a signal.
pub fn run_end_actions() {
    let actions = std::mem::take(&mut state().at_end);
    for act in actions {
        act();
    }
}

/// Announces that the command prints its result, which replaces the exit message. If a guard is held, no signal ends the
/// program any more, and a signal that has arrived is returned. The same holds if the output must be `whole`: a part of it, or
/// all of it with the exit code of a signal, would mislead scripts.
pub fn begin_final_output(whole: bool) -> Option<i32> {
    let mut state = park_after_signal(state());
    state.exit_message = None;
    state.is_final_output |= whole || !state.guards.is_empty();
    CHANGED.notify_all();
    state
        .caught
        .map(|(signal, _)| signal)
        .filter(|_| state.is_final_output)
}

/// The exit code of the signal that has arrived.
pub fn exit_code() -> u8 {
    let signal = state().caught.map_or(SIGINT, |(signal, _)| signal);
    u8::try_from(128 + signal).unwrap_or(130)
}

/// Starts handling signals. `report_waiting` is called with the work that the program waits for. If no thread is available,
/// signals keep their default effect: they end the program at once.
pub fn listen(report_waiting: fn(&str)) {
    // this needs no thread
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
    let (ready, is_ready) = mpsc::channel();
    let listener = move || {
        let ignored = ignored();
        let handled = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter();
        let handled = handled.filter(|signal| ignored & (1 << (signal - 1)) == 0);
        let Ok(mut signals) = Signals::new(handled.clone()) else {
            return;
        };
        for signal in handled {
            let number = usize::try_from(signal).unwrap_or_default();
            let _ = signal_hook::flag::register_usize(signal, Arc::clone(&ARRIVED), number);
        }
        drop(ready);
        let mut is_first = true;
        while let Some(signal) = signals.forever().next() {
            end_with(signal, std::mem::take(&mut is_first), report_waiting);
            // signals that arrived meanwhile were sent during the same wait
            signals.pending().for_each(drop);
        }
    };
    // the thread itself registers the handlers, so that no signal is caught that no thread handles
    if thread::Builder::new()
        .name("signals".into())
        .spawn(listener)
        .is_ok()
    {
        let _: Result<(), _> = is_ready.recv();
    }
}

/// The signals that this process ignored when it was started, one bit each. `nohup` ignores SIGHUP, and a shell without job
/// control ignores SIGINT for background commands. They stay ignored.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .unwrap_or_default()
}

/// Ends the program when no guard is held. Returns only if the command ends the program; the next signal then ends it in any
/// case.
fn end_with(signal: i32, is_first: bool, report_waiting: fn(&str)) {
    let mut state = state();
    if is_first {
        drop(terminal::finish_line(matches!(signal, SIGINT | SIGQUIT)));
    }
    state.caught.get_or_insert_with(|| arrival(signal));
    CHANGED.notify_all();
    let waits = |state: &mut State| !state.guards.is_empty() && !state.is_final_output;
    if is_first {
        let waited = CHANGED.wait_timeout_while(state, REPORT_AFTER, waits);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        if waits(&mut state) {
            report_waiting(&list(&state.guards));
        }
    }
    let mut state = CHANGED
        .wait_while(state, waits)
        .unwrap_or_else(PoisonError::into_inner);
    if state.is_final_output && is_first {
        state.is_too_late = true;
        return;
    }
    end(state, signal);
}

/// The guarded work as `booking, token update`. The guards of one booking may be several.
fn list(guards: &[&'static str]) -> String {
    let names: BTreeSet<&str> = guards.iter().copied().collect();
    Vec::from_iter(names).join(", ")
}

/// Ends the process. The state stays locked, so that no thread starts new work.
fn end(mut state: MutexGuard<'_, State>, signal: i32) -> ! {
    let _line = terminal::finish_line(false); // locked until the process ends
    if let Some(message) = state.exit_message.take() {
        message(signal);
    }
    state.at_end.drain(..).for_each(|act| act());
    let _terminal = terminal::restore();
    std::process::exit(128 + signal);
}
