//! Handles one request: waits for the configured latency, records the arrival, produces the response of the platform or of a
//! fault, and logs it. Nothing sleeps while it holds the lock.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::faults::{Delivery, Fault, Faults};
use crate::http::{Request, Response, text_or_number};
use crate::log::{Entry, Log};
use crate::world::World;
use crate::{clock, control, routes};

/// How often a held response checks whether it is released.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// The state that all connections share.
#[derive(Debug)]
pub(crate) struct App {
    shared: Mutex<Shared>,
    pub(crate) state_file: Option<PathBuf>,
}

/// The state behind the lock.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(crate) world: World,
    pub(crate) faults: Faults,
    pub(crate) log: Log,
}

impl App {
    pub(crate) fn new(world: World, state_file: Option<PathBuf>) -> Self {
        Self {
            shared: Mutex::new(Shared {
                world,
                ..Shared::default()
            }),
            state_file,
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The response to a request, and the latency of its way back.
    pub(crate) fn answer(&self, request: &Request) -> (Delivery, Duration) {
        if request.path.starts_with(control::PREFIX) {
            return (
                Delivery::Send(control::handle(self, request)),
                Duration::ZERO,
            );
        }
        let (before, after) = self.latency();
        let arrived_us = request.head_us + i64::try_from(before.as_micros()).unwrap_or(0);
        sleep_until(arrived_us);
        let (delivery, delay) = self.process(request, arrived_us);
        while self.lock().world.config.hold.contains(&request.path) {
            thread::sleep(POLL_INTERVAL);
        }
        (delivery, after + delay)
    }

    /// The latency of a request and of its response.
    fn latency(&self) -> (Duration, Duration) {
        let shared = self.lock();
        let config = &shared.world.config;
        let jitter = config.latency_jitter_ms * 1000;
        let jitter = if jitter > 0 {
            fastrand::i64(-jitter..=jitter)
        } else {
            0
        };
        let micros = |us: i64| Duration::from_micros(u64::try_from(us).unwrap_or(0));
        (
            micros(config.latency_ms * 1000 + jitter),
            micros(config.latency_after_ms * 1000),
        )
    }

    /// Acts on a request; the response, and how long a fault holds it back.
    fn process(&self, request: &Request, arrived_us: i64) -> (Delivery, Duration) {
        let mut shared = self.lock();
        let skew = shared.world.config.skew_ms;
        let now = arrived_us.div_euclid(1000) + skew;
        let mut entry = Entry::new(request, arrived_us, now);
        let fault = shared.faults.take(request, now);
        let acts = fault.as_ref().is_none_or(Fault::acts);
        let before = shared.world.cookie_session(request);
        let real = acts.then(|| routes::handle(&mut shared.world, request, now));
        name_session(&mut entry, &shared.world, before);
        entry.acted = acts;
        entry.made_token = shared.world.made.take();
        entry.fault = fault.as_ref().map(|fault| fault.kind);
        let clock_now = clock::now_ms() + skew;
        let date = match &fault {
            Some(fault) => fault.date_header(clock_now),
            None => Some(clock::http_date(clock_now)),
        };
        let delay = fault.as_ref().map(Fault::delay).unwrap_or_default();
        let mut delivery = match (fault, real) {
            (Some(fault), real) => fault.deliver(real),
            (None, Some(real)) => Delivery::Send(real),
            (None, None) => Delivery::Drop,
        };
        if let Delivery::Send(answer) | Delivery::Trickle(answer, _) | Delivery::Cut(answer) =
            &mut delivery
        {
            if let Some(date) = date
                && answer.header("date").is_none()
            {
                *answer = std::mem::take(answer).with("Date", date);
            }
            entry.answered(answer);
            answer.encode(&shared.world.config.json_as, request);
        }
        shared.log.add(entry);
        (delivery, delay)
    }

    /// Writes the world to the `--state` file.
    pub(crate) fn save(&self) -> std::io::Result<()> {
        let Some(path) = &self.state_file else {
            return Ok(());
        };
        let text = serde_json::to_string_pretty(&self.lock().world)?;
        let fresh = path.with_extension("new");
        std::fs::write(&fresh, text)?;
        std::fs::rename(&fresh, path)
    }
}

/// Records the account and fingerprint: of the cookie, or of the body of a login.
fn name_session(entry: &mut Entry, world: &World, session: Option<usize>) {
    if let Some(session) = session.and_then(|at| world.sessions.get(at)) {
        entry.account = Some(session.account.clone());
        entry.fingerprint = Some(session.fingerprint.clone());
    }
    if entry.method != "POST" || !matches!(entry.path.as_str(), "/" | "/login" | "/api/login") {
        return;
    }
    let field = |names: [&str; 2]| {
        let mut values = names.iter().filter_map(|name| entry.form.get(name));
        values.find_map(text_or_number)
    };
    let account = field(["username", "mail"]);
    let fingerprint = field(["fingerprint", "loginfingerprint"]);
    entry.account = account.or(entry.account.take());
    entry.fingerprint = fingerprint.or(entry.fingerprint.take());
}

fn sleep_until(at_us: i64) {
    if let Ok(left @ 1..) = u64::try_from(at_us - clock::now_us()) {
        thread::sleep(Duration::from_micros(left));
    }
}

/// The response to invalid HTTP.
pub(crate) fn bad_request(status: u16) -> Response {
    Response::html_status(status, crate::pages::outage(status))
}
