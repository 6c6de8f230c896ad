//! What it takes to fire at the classes of one day: a session, the box, the server's clock, and a
//! limit to how long it may go on. Prebookings and `book --wait` fire with the same job.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::backoff::{Backoff, Backoffs};
use super::ending::Abort;
use super::host_clock::{Clocks, HostClock};
use super::plan::{Calendar, until};
use crate::booking::BoxClient;
use crate::clock;
use crate::error::ExitKind;
use crate::model::account::Account;
use crate::model::instant::shifted;
use crate::model::prebooking::Choice;
use crate::platform::{BoxAt, Jar, Platform};
use crate::sessions::{ActiveSession, SessionManager, SessionSelector};
use crate::signals::SignalGuard;
use crate::store::Shot;

/// A probe of the server's clock that takes longer than this says nothing sharp.
const PROBE: Duration = Duration::from_secs(5);
/// The class has started: a schedule that cannot be read by then is not waited for any longer.
const LAST_LOOK: Duration = Duration::from_secs(30);

/// Where classes are to be fired at.
#[derive(Debug, Clone)]
pub struct Place {
    /// the box's host, as `centre_url` named it
    pub host: String,
    /// the number that every call of the box wants (protocol.md §4); `None` where it is still unknown
    pub id: Option<i64>,
    /// the box's zone and opening rule
    pub calendar: Calendar,
}

/// What all jobs of a process share.
#[derive(Debug)]
pub(super) struct Shared<'s> {
    pub sessions: &'s SessionManager<'s>,
    pub pick: SessionSelector,
    /// how long after an opening "too early", outages and locks are borne with
    pub give_up: Duration,
    pub clocks: Clocks,
    pub backoffs: Backoffs,
    /// how many threads are about to fire
    pub firing: AtomicUsize,
}

impl<'s> Shared<'s> {
    pub(super) fn new(
        sessions: &'s SessionManager<'s>,
        pick: SessionSelector,
        give_up: Duration,
    ) -> Self {
        Self {
            sessions,
            pick,
            give_up,
            clocks: Clocks::default(),
            backoffs: Backoffs::default(),
            firing: AtomicUsize::new(0),
        }
    }
}

/// On whose behalf a job acts: a run that has claimed a prebooking, or a person who stays.
pub(super) trait Errand: fmt::Debug + Sync {
    /// Asked now and then in a long wait, by hundreds at once: what was known lately.
    fn seems_wanted(&self) -> bool;

    /// Asked before anything is sent.
    fn is_wanted(&self) -> bool;

    /// Stores the class before it is requested, so that a later run knows what a dead process may have booked (promise 9).
    fn intend(&self, class_id: &str);

    /// When booking was last too early, in a try before this one.
    fn refused_at(&self) -> Option<DateTime<Utc>>;
}

/// Whose classes of which day.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'o> {
    pub account: &'o Account,
    pub family: Option<&'o str>,
    pub day: NaiveDate,
    pub place: &'o Place,
    /// the class's number when it was last seen, for a description that fits several
    pub class_id: Option<&'o str>,
}

/// Firing at one class, or at several in turn.
#[derive(Debug)]
pub(super) struct Job<'j> {
    pub shared: &'j Shared<'j>,
    pub errand: &'j dyn Errand,
    pub order: Order<'j>,
    pub clock: Arc<HostClock>,
    pub backoff: Arc<Backoff>,
    /// An earlier run may have booked: a row that shows no booking is believed only with a login known to work.
    pub was_tried: bool,
    /// A class that is missing or not enabled is looked up for this long, and until this instant, before the next choice
    /// is tried.
    pub switch: Option<(Duration, DateTime<Utc>)>,
    /// its place among those of its account and box that fire at the same time
    pub rank: u32,
    /// milliseconds by which its preparation is spread
    pub stagger: i64,
    /// It does not wait longer than this where the clock of this machine says that booking has opened.
    pub horizon: Duration,
    /// The clock of this machine is used instead of the server's.
    pub by_own_clock: bool,
    pub shots: Vec<Shot>,
    pub fired_at: Option<DateTime<Utc>>,
    /// from the first request on: a signal does not end the program until its result is reported
    pub signal_guard: Option<SignalGuard>,
    pub(super) live: Option<ActiveSession<'j>>,
    at: Option<BoxAt>,
    /// the opening from which `give_up` counts, by the server's clock
    opening: Option<DateTime<Utc>>,
    /// nothing goes on beyond this, by the server's clock
    end: DateTime<Utc>,
    /// when the session is looked after next in a long wait
    pub(super) next_care: Instant,
}

impl<'j> Job<'j> {
    pub(super) fn new(
        shared: &'j Shared<'j>,
        errand: &'j dyn Errand,
        order: Order<'j>,
        rank: u32,
    ) -> Self {
        Self {
            shared,
            errand,
            order,
            clock: shared.clocks.of(&order.place.host),
            backoff: shared.backoffs.of(&order.place.host),
            was_tried: false,
            switch: None,
            rank,
            stagger: i64::from(fastrand::u16(0..12_000)),
            horizon: Duration::MAX,
            by_own_clock: false,
            shots: Vec::new(),
            fired_at: None,
            signal_guard: None,
            live: None,
            at: None,
            opening: None,
            end: DateTime::<Utc>::MAX_UTC,
            next_care: clock::steady(),
        }
    }

    /// A choice is tried now, or at the opening ahead: one deadline for all that is open already,
    /// a new one for each further opening, and none beyond the class's start.
    pub(super) fn begin(&mut self, choice: &Choice, ahead: Option<DateTime<Utc>>) {
        self.signal_guard = None; // what was tried before was refused: nothing is half done
        let now = self.server_now();
        let opening = ahead.unwrap_or_else(|| *self.opening.get_or_insert(now));
        self.opening = Some(opening);
        let starts = self
            .order
            .place
            .calendar
            .starts(self.order.day, choice)
            .to_utc();
        self.end = until(opening, self.shared.give_up).min(starts);
    }

    /// The class has started, and only the schedule is looked at.
    pub(super) fn begin_afterwards(&mut self) {
        self.end = until(self.server_now(), self.shared.give_up.min(LAST_LOOK));
    }

    /// `--give-up` is over, or the class starts.
    pub(super) fn is_late(&self) -> bool {
        self.until(self.end).is_zero()
    }

    /// How much of `--give-up` is left; before the opening, the time until then too.
    pub(super) fn left(&self) -> Duration {
        self.until(self.end)
    }

    /// How long until an instant of the server's clock.
    pub(super) fn until(&self, at: DateTime<Utc>) -> Duration {
        let left = unix(at) - self.offset_seconds() - clock::unix_seconds();
        Duration::try_from_secs_f64(left).unwrap_or_default()
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

    /// Open the session, if it is not open. An outage or a lock is no reason to give up while
    /// there is time: it is tried again, now and then at first, often when the opening is near.
    pub(super) fn open_session(&mut self, ahead: Option<DateTime<Utc>>) -> Result<(), Abort> {
        loop {
            let why = match self.open_now() {
                Err(Abort::Trouble(ExitKind::Unreachable, why)) => why,
                done => return done,
            };
            if self.is_late() {
                return Err(Abort::Trouble(ExitKind::Unreachable, why));
            }
            if !self.errand.seems_wanted() {
                return Err(Abort::Removed);
            }
            log::info!("no session yet ({why}); trying again");
            let before = ahead.map_or(Duration::ZERO, |at| self.until(at));
            let (soon, late) = (Duration::from_millis(500), Duration::from_secs(60));
            clock::pause((before / 4).clamp(soon, late).min(self.left()));
        }
    }

    fn open_now(&mut self) -> Result<(), Abort> {
        if self.live.is_none() {
            let sessions = self.shared.sessions;
            let end = clock::steady() + self.left().min(sessions.locks.timeout());
            self.live = Some(sessions.open_by(self.order.account, &self.shared.pick, end)?);
        }
        if self.at.is_none() {
            let place = self.order.place;
            let id = match place.id {
                Some(id) => id,
                None => self.live()?.box_id(&place.host)?,
            };
            self.at = Some(BoxAt {
                host: place.host.clone(),
                id,
            });
        }
        Ok(())
    }

    pub(super) fn live(&mut self) -> Result<&mut ActiveSession<'j>, Abort> {
        self.live.as_mut().ok_or_else(no_session)
    }

    /// In front of the box; locks are waited for until the deadline.
    pub(super) fn client(&mut self) -> Result<BoxClient<'_, 'j>, Abort> {
        self.client_for(self.left())
    }

    /// A client for the box, with a timeout for locks.
    pub(super) fn client_for(&mut self, limit: Duration) -> Result<BoxClient<'_, 'j>, Abort> {
        let (Some(live), Some(at)) = (self.live.as_mut(), self.at.as_ref()) else {
            return Err(no_session());
        };
        let patience = limit.min(
            self.shared
                .sessions
                .locks
                .timeout()
                .max(self.shared.give_up),
        );
        live.set_deadline(clock::steady() + patience);
        Ok(BoxClient {
            live,
            at: at.clone(),
            family: self.order.family.map(str::to_owned),
        })
    }

    /// Ask the host's clock something with a copy of this login's cookies.
    pub(super) fn with_jar(
        &self,
        limit: Duration,
        ask: impl FnOnce(&HostClock, &Platform, &mut Jar),
    ) {
        let platform = self.shared.sessions.platform.within(limit.min(PROBE));
        if let (Some(live), Ok(platform)) = (&self.live, platform) {
            let mut jar = live.jar();
            ask(&self.clock, &platform, &mut jar);
        }
    }
}

fn no_session() -> Abort {
    Abort::Trouble(
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
