//! A clock for simulations: time passes only when a thread waits for it. Each thread has its own.

use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A true time, and what is done then.
type Event = (f64, Box<dyn FnOnce()>);

thread_local! {
    static CLOCK: RefCell<Option<Simulated>> = const { RefCell::new(None) };
    static EVENT: RefCell<Option<Event>> = const { RefCell::new(None) };
}

/// A simulated machine and the true time around it, in unix seconds.
#[derive(Debug, Clone)]
pub(crate) struct Simulated {
    pub truth: f64,
    /// wall clock minus true time
    pub wall_error: f64,
    /// seconds by which both clocks of the machine run fast in a second of true time
    pub drift: f64,
    /// When the wall clock is stepped, and by how much.
    pub step: Option<(f64, f64)>,
    /// When the machine is suspended, and for how long.
    pub suspension: Option<(f64, f64)>,
    base: Instant,
    elapsed: Duration,
}

impl Simulated {
    pub(crate) fn at(truth: f64) -> Self {
        Self {
            truth,
            wall_error: 0.0,
            drift: 0.0,
            step: None,
            suspension: None,
            base: Instant::now(),
            elapsed: Duration::ZERO,
        }
    }

    fn advance(&mut self, span: Duration) {
        // less would be lost in the rounding of `truth`, and a loop that waits for it would not end
        let span = span.max(Duration::from_micros(1));
        let passed = span.as_secs_f64() / (1.0 + self.drift);
        self.elapsed += span;
        self.truth += passed;
        self.wall_error += passed * self.drift;
        if let Some((_, by)) = self.step.take_if(|(at, _)| *at <= self.truth) {
            self.wall_error += by;
        }
        if let Some((_, span)) = self.suspension.take_if(|(at, _)| *at <= self.truth) {
            self.truth += span;
        }
    }
}

/// From now on this thread has a simulated clock, or the real one again.
pub(crate) fn install(clock: Option<Simulated>) {
    CLOCK.set(clock);
}

/// The true time.
pub(crate) fn truth() -> f64 {
    read(|clock| clock.truth).unwrap_or_default()
}

/// Lets time pass. `false`: this thread has the real clock.
pub(crate) fn advance(span: Duration) -> bool {
    let passed = CLOCK.with_borrow_mut(|clock| clock.as_mut().map(|clock| clock.advance(span)));
    let due = EVENT.with_borrow_mut(|event| event.take_if(|(at, _)| *at <= truth()));
    if let Some((_, act)) = due.filter(|_| passed.is_some()) {
        act();
    }
    passed.is_some()
}

/// Does something at this true time, before the thread that sleeps until then goes on.
pub(crate) fn at(time: f64, act: Box<dyn FnOnce()>) {
    EVENT.set(Some((time, act)));
}

/// Steps the wall clock, and suspends the machine, by these numbers of seconds.
pub(crate) fn disturb(step: f64, suspension: f64) {
    CLOCK.with_borrow_mut(|clock| {
        if let Some(clock) = clock {
            clock.wall_error += step;
            clock.truth += suspension;
        }
    });
}

pub(super) fn steady() -> Option<Instant> {
    read(|clock| clock.base + clock.elapsed)
}

pub(super) fn wall() -> Option<SystemTime> {
    read(|clock| UNIX_EPOCH + Duration::from_secs_f64(clock.truth + clock.wall_error))
}

fn read<T>(what: impl FnOnce(&Simulated) -> T) -> Option<T> {
    CLOCK.with_borrow(|clock| clock.as_ref().map(what))
}
