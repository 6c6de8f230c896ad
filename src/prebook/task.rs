//! What booking the classes of one day takes: a session, the box, the server's clock, a deadline. Prebookings and
//! `book --wait` use the same task.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::backoff::Backoff;
use super::context::RunContext;
use super::host_clock::{HostClock, ROUGH};
use super::plan::until;
use crate::booking::{BoxClient, Outcome};
use crate::clock;
use crate::error::{ExitKind, Failure};
use crate::model::box_profile::BoxProfile;
use crate::model::instant::shifted;
use crate::model::prebooking::{Choice, PrebookRequest, Prebooking};
use crate::platform::{BoxAt, Jar, Platform, Row};
use crate::sessions::{self, ActiveSession};
use crate::signals::SignalGuard;
use crate::store::Attempt;

/// A probe of the server's clock that takes longer than this is not exact.
const PROBE: Duration = Duration::from_secs(5);
/// How long a schedule is waited for after the class has started.
const LAST_LOOK: Duration = Duration::from_secs(30);
/// Longest time that a rough look at the server's clock takes.
const PATIENT_LOOK: Duration = Duration::from_secs(5);
/// An opening this much beyond the horizon is still waited for.
const BEYOND: Duration = Duration::from_secs(60);

/// The message of a prebooking that its lead keeps from being booked.
pub(super) const WITHIN_LEAD: &str = "the class starts within its lead";

/// Why an execution ends at once.
#[derive(Debug)]
pub(super) enum Abort {
    /// The prebooking was removed or changed.
    Removed,
    /// Of a wait: the server's clock is so far behind this machine's that a request is sent by this machine's first.
    ClockBehind,
    Failed(ExitKind, String),
}

impl Abort {
    /// The outcome and its message. `None`: nothing has failed.
    pub(super) fn outcome(self) -> Option<(Outcome, String)> {
        match self {
            Self::Removed | Self::ClockBehind => None,
            Self::Failed(kind, message) => Some((Outcome::Failed(kind), message)),
        }
    }
}

impl From<sessions::Error> for Abort {
    fn from(error: sessions::Error) -> Self {
        let failure = Failure::from_error(&error);
        Self::Failed(failure.kind, failure.message)
    }
}

/// Books one class, or several in turn.
#[derive(Debug)]
pub(super) struct BookingTask<'t> {
    pub context: &'t RunContext<'t>,
    /// The prebooking that the run has claimed, as it was then. `None`: a user waits (`book --wait`).
    pub prebooking: Option<&'t Prebooking>,
    /// The account, the choices and their limits.
    pub request: &'t PrebookRequest,
    pub day: NaiveDate,
    pub profile: &'t BoxProfile,
    /// The class id when it was last seen, for a description that fits several classes. Of a prebooking, as it is stored.
    pub class_id: Option<String>,
    pub clock: Arc<HostClock>,
    pub backoff: Arc<Backoff>,
    /// When another choice can be tried instead of a class that is missing or not enabled.
    pub other_opens: Option<DateTime<Utc>>,
    /// The position among the prebookings of its account and box that open at the same instant.
    pub rank: u32,
    /// Milliseconds by which its preparation is spread.
    pub stagger: i64,
    /// Whether this machine's clock is used instead of the server's.
    pub by_own_clock: bool,
    /// Whether a wait may end with [`Abort::ClockBehind`].
    pub tries_own_clock: bool,
    /// Whether the server's clock was looked at because something was too early by this machine's clock.
    pub(super) has_doubted_clock: bool,
    /// The schedule of the day as it was read last.
    pub(super) rows: Vec<Row>,
    /// When that read began. `None` before the first.
    pub(super) rows_at: Option<Instant>,
    pub attempts: Vec<Attempt>,
    pub fired_at: Option<DateTime<Utc>>,
    /// From the first request on, defers signals until the result is reported.
    pub signal_guard: Option<SignalGuard>,
    pub(super) live: Option<ActiveSession<'t>>,
    at: Option<BoxAt>,
    /// The opening from which `give_up` counts, by the server's clock.
    opening: Option<DateTime<Utc>>,
    /// Nothing is repeated after this, by the server's clock.
    end: DateTime<Utc>,
    /// When the session is kept alive next in a long wait.
    pub(super) next_care: Instant,
}

impl<'t> BookingTask<'t> {
    pub(super) fn new(
        context: &'t RunContext<'t>,
        request: &'t PrebookRequest,
        day: NaiveDate,
        profile: &'t BoxProfile,
    ) -> Self {
        let (clock, backoff) = context.host(&profile.host);
        Self {
            context,
            prebooking: None,
            request,
            day,
            profile,
            class_id: None,
            clock,
            backoff,
            other_opens: None,
            rank: 0,
            stagger: i64::from(fastrand::u16(0..12_000)),
            by_own_clock: false,
            tries_own_clock: false,
            has_doubted_clock: false,
            rows: Vec::new(),
            rows_at: None,
            attempts: Vec::new(),
            fired_at: None,
            signal_guard: None,
            live: None,
            at: None,
            opening: None,
            end: DateTime::<Utc>::MAX_UTC,
            next_care: clock::steady(),
        }
    }

    /// Ends the task if the claim is lost, or the prebooking changed, now. Read before every request and while waiting, without
    /// waiting for the store.
    pub(super) fn check_claim(&self) -> Result<(), Abort> {
        let Some(Prebooking { id, request, .. }) = self.prebooking else {
            return Ok(());
        };
        match self.context.sessions.store.peek(*id) {
            Ok(Some(now)) if now.owner.as_ref() == Some(&self.context.owner) => {
                let is_same = now.request == *request;
                is_same.then_some(()).ok_or(Abort::Removed)
            }
            Ok(_) => Err(Abort::Removed),
            Err(e) => {
                // a store that is busy must not cost the class
                log::warn!("prebooking {id}: its claim could not be read: {e}");
                Ok(())
            }
        }
    }

    /// Stores the class before it is requested, so that a later run knows what a dead process may have booked (promise 9).
    pub(super) fn intend(&mut self, class_id: &str) {
        if self.class_id.as_deref() == Some(class_id) {
            return;
        }
        if let Some(Prebooking { id, .. }) = self.prebooking {
            let store = self.context.sessions.store;
            if let Err(e) = store.intend(*id, &self.context.owner, class_id) {
                log::warn!("prebooking {id}: the class to be booked could not be stored: {e}");
                return;
            }
        }
        self.class_id = Some(class_id.to_owned());
    }

    /// Sets the deadline of a choice: one for all that is open already, a new one for each opening ahead, none beyond the
    /// class's start.
    pub(super) fn begin(&mut self, choice: &Choice, ahead: Option<DateTime<Utc>>) {
        self.signal_guard = None; // the choice before was refused, so nothing is half done
        let now = self.server_now();
        let opening = ahead.unwrap_or_else(|| *self.opening.get_or_insert(now));
        self.opening = Some(opening);
        let end = self.last_instant(choice);
        self.end = until(opening, self.context.give_up).min(end);
    }

    /// Keeps the deadline of what is open already when the clock that it is counted by changes.
    pub(super) fn shift_deadline(&mut self, by: TimeDelta) {
        self.opening = self.opening.map(|at| shifted(at, by));
        self.end = shifted(self.end, by);
    }

    /// The lead of the prebooking, or else of its box.
    fn lead(&self) -> Option<Duration> {
        let own = self.request.lead.as_ref().map(|lead| lead.span);
        own.or(self.profile.lead)
    }

    /// Until when a place in the class is taken: its start, or earlier by the lead.
    pub(super) fn last_instant(&self, choice: &Choice) -> DateTime<Utc> {
        let starts = self.profile.starts(self.day, choice).to_utc();
        let lead = self.lead().map(TimeDelta::from_std);
        lead.map_or(starts, |lead| {
            shifted(starts, -lead.unwrap_or(TimeDelta::MAX))
        })
    }

    /// Whether the class starts within the lead at `at`, or now by the server's clock.
    ///
    /// # Errors
    /// It does by this machine's clock, and the server's cannot be read.
    pub(super) fn is_within_lead(
        &self,
        choice: &Choice,
        at: Option<DateTime<Utc>>,
    ) -> Result<bool, Abort> {
        let end = self.last_instant(choice);
        let is_over = || at.unwrap_or_else(|| self.server_now()) >= end;
        if self.lead().is_none() || !is_over() {
            return Ok(false);
        }
        self.confirm_clock("the class starts within its lead")?;
        Ok(is_over())
    }

    /// Sets the deadline after the class has started, when only the schedule is read.
    pub(super) fn begin_afterwards(&mut self) {
        self.end = until(self.server_now(), self.context.give_up.min(LAST_LOOK));
    }

    /// Whether `--give-up` is over, or the class has started.
    pub(super) fn is_late(&self) -> bool {
        self.until(self.end).is_zero()
    }

    /// The time left until `--give-up` is over.
    pub(super) fn left(&self) -> Duration {
        self.until(self.end)
    }

    /// The time until an instant of the server's clock.
    pub(super) fn until(&self, at: DateTime<Utc>) -> Duration {
        let left = unix(at) - self.offset_seconds() - clock::unix_seconds();
        Duration::try_from_secs_f64(left).unwrap_or_default()
    }

    /// The longest wait where booking has opened by this machine's clock.
    pub(super) fn horizon(&self) -> Duration {
        self.context.horizon.saturating_add(BEYOND)
    }

    pub(super) fn server_now(&self) -> DateTime<Utc> {
        shifted(clock::now(), self.offset())
    }

    /// The server's clock minus the clock of this machine.
    pub(super) fn offset(&self) -> TimeDelta {
        TimeDelta::try_milliseconds(rounded(self.offset_seconds() * 1000.0)).unwrap_or_default()
    }

    fn offset_seconds(&self) -> f64 {
        let offset = self.clock.offset().filter(|_| !self.by_own_clock);
        offset.unwrap_or_default()
    }

    /// Opens the session if it is not open. In an outage or while another process has the lock it is tried again until the
    /// deadline, more often when the opening is near.
    pub(super) fn open_session(&mut self, ahead: Option<DateTime<Utc>>) -> Result<(), Abort> {
        loop {
            let Err(error) = self.open_now() else {
                return Ok(());
            };
            let why = match self.abort(error) {
                Abort::Failed(ExitKind::Unreachable, why) if !self.is_late() => why,
                abort => return Err(abort),
            };
            self.check_claim()?;
            log::info!("no session yet ({why}); trying again");
            let before = ahead.map_or(Duration::ZERO, |at| self.until(at));
            let (soon, late) = (Duration::from_millis(500), Duration::from_secs(60));
            clock::pause((before / 4).clamp(soon, late).min(self.left()));
        }
    }

    pub(super) fn open_now(&mut self) -> sessions::Result<()> {
        let sessions = self.context.sessions;
        let end = clock::steady() + self.left().min(sessions.locks.timeout());
        let live = match &mut self.live {
            Some(live) => live,
            none => {
                none.insert(sessions.open_by(&self.request.account, &self.context.selector, end)?)
            }
        };
        if self.at.is_none() {
            let profile = self.profile;
            let id = match profile.id {
                Some(id) => id,
                None => live.box_id(&profile.host)?,
            };
            let host = profile.host.clone();
            self.at = Some(BoxAt { host, id });
        }
        Ok(())
    }

    /// The end of a request that has failed. From the opening on, a lock that did not become free within `--lock-timeout` ends
    /// the repeats too.
    pub(super) fn abort(&mut self, error: sessions::Error) -> Abort {
        let has_opened = self.opening.is_none_or(|at| self.until(at).is_zero());
        if has_opened && matches!(error, sessions::Error::LockBusy { .. }) {
            self.end = self.server_now();
        }
        Abort::from(error)
    }

    pub(super) fn live(&mut self) -> Result<&mut ActiveSession<'t>, Abort> {
        self.live.as_mut().ok_or_else(no_session)
    }

    /// A client for the box, which waits for locks until the deadline.
    pub(super) fn client(&mut self) -> Result<BoxClient<'_, 't>, Abort> {
        self.client_for(self.left())
    }

    /// A client for the box, with a timeout for locks.
    pub(super) fn client_for(&mut self, limit: Duration) -> Result<BoxClient<'_, 't>, Abort> {
        let (Some(live), Some(at)) = (self.live.as_mut(), self.at.as_ref()) else {
            return Err(no_session());
        };
        let patience = limit.min(self.context.sessions.locks.timeout());
        live.set_deadline(clock::steady() + patience);
        Ok(BoxClient {
            live,
            at: at.clone(),
            family: self.request.family.clone(),
        })
    }

    /// Asks the host's clock with a copy of this login's cookies, or without cookies if no session is open.
    pub(super) fn with_jar(
        &self,
        limit: Duration,
        ask: impl FnOnce(&HostClock, &Platform, &mut Jar),
    ) {
        if let Ok(platform) = self.context.sessions.platform.within(limit.min(PROBE)) {
            let mut jar = self
                .live
                .as_ref()
                .map(ActiveSession::jar)
                .unwrap_or_default();
            ask(&self.clock, &platform, &mut jar);
        }
    }

    /// Looks at the server's clock unless it was measured less than `age` seconds ago, within this time or a few seconds.
    pub(super) fn look_within(&self, limit: Duration, age: f64) {
        let limit = limit.min(PATIENT_LOOK);
        self.with_jar(limit, |clock, platform, jar| {
            clock.look(platform, jar, age, limit);
        });
    }

    /// Looks at the server's clock where something has happened by this machine's clock, which may be ahead.
    ///
    /// # Errors
    /// The server's clock cannot be read.
    pub(super) fn confirm_clock(&self, what: &str) -> Result<(), Abort> {
        self.look_within(Duration::MAX, ROUGH);
        self.clock.offset().map(|_| ()).ok_or_else(|| {
            let why =
                format!("{what} by this machine's clock, and the server's clock could not be read");
            Abort::Failed(ExitKind::Unreachable, why)
        })
    }
}

fn no_session() -> Abort {
    Abort::Failed(
        ExitKind::Internal,
        "no session was opened before firing".into(),
    )
}

/// An instant as unix seconds.
#[allow(clippy::cast_precision_loss)] // milliseconds since 1970 fit a double
pub(super) fn unix(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

#[allow(clippy::cast_possible_truncation)] // a cast from a double saturates
pub(super) fn rounded(value: f64) -> i64 {
    value.round() as i64
}
