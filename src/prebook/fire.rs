//! One prebooking's story: its classes in order, each at its own opening, until one is had.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::host_clock::{Clocks, HostClock};
use super::plan::Next;
use super::run::{Place, Run};
use super::shoot::Hit;
use crate::aimharder::{BoxAt, Jar, Platform, Row};
use crate::booking::{Desk, Hold, Outcome, decided, find, hold};
use crate::clock;
use crate::exit::{Failure, Kind};
use crate::model::prebooking::{Choice, Prebooking};
use crate::sessions::{self, Live, Pick};
use crate::store::Shot;

/// How a try of a prebooking ended (`cli.md`, `prebook run`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Book(Outcome),
    /// the gym has cancelled the class
    Cancelled,
    /// the class has started
    Expired,
    /// `login_required`, `unreachable`, `unknown_outcome`, `not_found`
    Trouble(Kind),
}

/// What came of it.
#[derive(Debug)]
pub struct Fired {
    pub ending: Ending,
    pub message: Option<String>,
    pub reservation: Option<String>,
    pub class: Option<Row>,
    pub opens_at: Option<DateTime<Utc>>,
    /// the deciding request, by the server's clock
    pub fired_at: Option<DateTime<Utc>>,
    pub shots: Vec<Shot>,
    pub clock_offset_ms: Option<f64>,
    pub moved_to: Option<DateTime<Utc>>,
    pub session: Option<crate::store::SessionRow>,
    /// the rule that a guess has been found to be, for the user to set
    pub learned: Vec<crate::opening::Learned>,
}

impl Fired {
    /// Nothing was tried: the class has started.
    pub(super) fn over() -> Self {
        Self {
            ending: Ending::Expired,
            message: Some("the class has started".into()),
            reservation: None,
            class: None,
            opens_at: None,
            fired_at: None,
            shots: Vec::new(),
            clock_offset_ms: None,
            moved_to: None,
            session: None,
            learned: Vec::new(),
        }
    }
}

/// Why a story ends at once.
#[derive(Debug)]
pub(super) enum Stop {
    /// removed by hand meanwhile
    Removed,
    Trouble(Kind, String),
}

impl Stop {
    pub(super) fn trouble(error: sessions::Error) -> Self {
        let failure = Failure::of(&error.into());
        Self::Trouble(failure.kind, failure.message)
    }
}

impl From<sessions::Error> for Stop {
    fn from(error: sessions::Error) -> Self {
        Self::trouble(error)
    }
}

/// A prebooking being executed.
#[derive(Debug)]
pub(super) struct Job<'j> {
    pub run: &'j Run<'j>,
    pub prebooking: &'j Prebooking,
    pub place: &'j Place,
    pub clock: Arc<HostClock>,
    /// its place among those of its account and box that fire at the same time
    pub rank: u32,
    /// milliseconds by which its preparation is spread
    pub stagger: i64,
    pub shots: Vec<Shot>,
    pub fired_at: Option<DateTime<Utc>>,
    live: Option<Live<'j>>,
    at: Option<BoxAt>,
}

/// A class in the schedule, or why it is not to be found there.
type Found = Result<Row, Failure>;

/// A probe of the server's clock that takes longer than this says nothing sharp.
const PROBE: Duration = Duration::from_secs(5);
/// A look at the schedule before the opening is given up after this, and tried again.
const LOOK_UP: Duration = Duration::from_secs(6);
/// No look at the schedule is under way any more so long before the opening.
const SPARE: Duration = Duration::from_millis(800);

/// What one choice came to.
struct Tried {
    ending: Ending,
    message: Option<String>,
    hit: Option<Hit>,
    opens: Option<DateTime<Utc>>,
}

/// Try a claimed prebooking. `None`: it was removed meanwhile.
pub(super) fn execute<'j>(
    run: &'j Run<'j>,
    clocks: &Clocks,
    prebooking: &'j Prebooking,
    place: &'j Place,
    rank: u32,
) -> Option<Fired> {
    let mut job = Job {
        run,
        prebooking,
        place,
        clock: clocks.of(&place.host),
        rank,
        stagger: i64::from(fastrand::u16(0..12_000)),
        shots: Vec::new(),
        fired_at: None,
        live: None,
        at: None,
    };
    let (tried, learned) = match job.story() {
        Ok(told) => told,
        Err(Stop::Removed) => return None,
        Err(Stop::Trouble(kind, message)) => (
            Tried {
                ending: Ending::Trouble(kind),
                message: Some(message),
                hit: None,
                opens: None,
            },
            Vec::new(),
        ),
    };
    Some(job.fired(tried, learned))
}

impl<'j> Job<'j> {
    /// The choices in order. The first that is had, or that must be waited for, ends the story.
    fn story(&mut self) -> Result<(Tried, Vec<crate::opening::Learned>), Stop> {
        let mut tries: Vec<Tried> = Vec::new();
        let mut learned = Vec::new();
        if let Some(had) = self.already_had()? {
            return Ok((had, learned));
        }
        for choice in self.prebooking.choices() {
            let tried = self.try_choice(choice)?;
            learned.extend(
                tried
                    .hit
                    .as_ref()
                    .and_then(|hit| hit.report.as_ref()?.learned),
            );
            let next = tried.ending.allows_alternative();
            tries.push(tried);
            if !next {
                break;
            }
        }
        if let Some(queued) = self.queue(&tries)? {
            tries.push(queued);
        }
        Ok((deciding(tries), learned))
    }

    /// A try before this one may have had a class without living to write it down (design.md,
    /// promise 9): then whichever of the choices is mine is the one, before anything is sent.
    fn already_had(&mut self) -> Result<Option<Tried>, Stop> {
        let tried_before = self.prebooking.attempts > 0 || self.prebooking.owner.is_some();
        if !tried_before || self.prebooking.wish.alternatives.is_empty() {
            return Ok(None);
        }
        self.open_session()?;
        let day = self.prebooking.day;
        let rows = self.desk()?.schedule(day)?.rows;
        let mine = self.prebooking.choices().find_map(|choice| {
            let wanted = find::Wanted::At {
                start: choice.start,
                name: choice.class.clone(),
            };
            let row = find::one(&rows, &wanted, day).ok()?;
            matches!(hold(row), Some(Hold::Booked | Hold::Waiting)).then(|| row.clone())
        });
        let Some(row) = mine else { return Ok(None) };
        let Some(report) = decided(&row) else {
            return Ok(None);
        };
        let ending = Ending::Book(report.outcome);
        let message = Some("found in the schedule: an earlier try had booked it".to_owned());
        let hit = Hit {
            ending,
            row,
            message: message.clone(),
            report: Some(report),
            moved_to: None,
        };
        Ok(Some(Tried {
            ending,
            message,
            hit: Some(hit),
            opens: None,
        }))
    }

    fn try_choice(&mut self, choice: &Choice) -> Result<Tried, Stop> {
        let plain = |ending, message, opens| Tried {
            ending,
            message,
            hit: None,
            opens,
        };
        let (at, patient) =
            match self
                .place
                .calendar
                .next(self.prebooking, choice, self.server_now())
            {
                Next::Over => return Ok(plain(Ending::Expired, None, None)),
                Next::Unknown => (None, false),
                Next::At(at) => (Some(at), true),
                Next::Guess(at) => (Some(at), false),
            };
        let ahead = at.filter(|at| *at > self.server_now());
        if ahead.is_some_and(|at| {
            at > super::plan::until(clock::now(), self.run.horizon) + TimeDelta::minutes(1)
        }) {
            return Ok(plain(Ending::Book(Outcome::TooEarly), None, at));
        }
        self.approach(ahead)?;
        let row = match self.look_up(choice, ahead)? {
            Ok(row) => row,
            Err(failure) => {
                return Ok(plain(
                    Ending::Trouble(Kind::NotFound),
                    Some(failure.message),
                    at,
                ));
            }
        };
        if let Some(report) = decided(&row) {
            let cancelled = row.cancelled;
            let ending = if cancelled {
                Ending::Cancelled
            } else {
                Ending::Book(report.outcome)
            };
            let hit = Hit {
                ending,
                message: report.message.clone(),
                row,
                report: Some(report),
                moved_to: None,
            };
            return Ok(Tried {
                ending,
                message: hit.message.clone(),
                hit: Some(hit),
                opens: at,
            });
        }
        if !self.is_ours() {
            return Err(Stop::Removed);
        }
        if let Some(at) = ahead {
            self.hold_breath(at);
        }
        let mut hit = self.shoot(&row, false, at, patient)?;
        // what is kept is an opening of the first choice
        if !patient && hit.ending == Ending::Book(Outcome::Booked) {
            hit.message = self.better_rule(at);
        }
        hit.moved_to = hit
            .moved_to
            .filter(|_| *choice == self.prebooking.wish.first);
        Ok(Tried {
            ending: hit.ending,
            message: hit.message.clone(),
            hit: Some(hit),
            opens: at,
        })
    }

    /// A guess got through before the guessed time: the rule that the box seems to have.
    fn better_rule(&self, at: Option<DateTime<Utc>>) -> Option<String> {
        let open = at?.with_timezone(&self.place.calendar.zone);
        let days = (self.prebooking.day - open.date_naive()).num_days();
        Some(format!(
            "booking was open at {0} already; set the rule with: aimharder boxes set {1} --opens {days}d@{0}",
            open.format("%H:%M"),
            self.prebooking.wish.gym
        ))
    }

    /// The class as it stands in the schedule shortly before (ids change), and once more at the
    /// opening when it was not there or closed. `Err`: it is not there.
    fn look_up(&mut self, choice: &Choice, at: Option<DateTime<Utc>>) -> Result<Found, Stop> {
        let Some(at) = at else {
            return self.find(choice);
        };
        self.wait_for_look_up(at)?;
        let first = self.find_before(choice, at)?;
        self.take_aim(at)?;
        match first {
            Some(Ok(row))
                if decided(&row).is_none_or(|report| report.outcome != Outcome::Closed) =>
            {
                Ok(Ok(row))
            }
            _ => {
                self.hold_breath(at);
                self.find_within_give_up(choice)
            }
        }
    }

    /// `None`: it could not be looked up before the opening.
    fn find_before(&mut self, choice: &Choice, at: DateTime<Utc>) -> Result<Option<Found>, Stop> {
        loop {
            let left = self.until(at).saturating_sub(SPARE);
            if left < Duration::from_millis(50) {
                return Ok(None);
            }
            match self.find_in(choice, left.min(LOOK_UP)) {
                Err(Stop::Trouble(Kind::Unreachable, why)) => {
                    log::info!("the class could not be looked up yet: {why}");
                    clock::pause(Duration::from_millis(500));
                }
                found => return found.map(Some),
            }
        }
    }

    fn find_within_give_up(&mut self, choice: &Choice) -> Result<Found, Stop> {
        let began = clock::steady();
        loop {
            match self.find(choice) {
                Err(Stop::Trouble(Kind::Unreachable, _)) if began.elapsed() < self.run.give_up => {
                    clock::pause(Duration::from_millis(250));
                }
                found => return found,
            }
        }
    }

    fn find(&mut self, choice: &Choice) -> Result<Found, Stop> {
        self.find_in(choice, self.run.give_up.max(LOOK_UP))
    }

    fn find_in(&mut self, choice: &Choice, limit: Duration) -> Result<Found, Stop> {
        let day = self.prebooking.day;
        let mut desk = self.desk()?;
        let rows = desk.schedule_within(day, limit)?.rows;
        let wanted = find::Wanted::At {
            start: choice.start,
            name: choice.class.clone(),
        };
        Ok(find::one(&rows, &wanted, day).cloned())
    }

    /// None was to be had: queue for the first that was full, if that is wished.
    fn queue(&mut self, tries: &[Tried]) -> Result<Option<Tried>, Stop> {
        if !self.prebooking.wish.waitlist
            || tries
                .last()
                .is_some_and(|last| !last.ending.allows_alternative())
        {
            return Ok(None);
        }
        let full = tries
            .iter()
            .find(|tried| tried.ending == Ending::Book(Outcome::Full));
        let Some((row, opens)) =
            full.and_then(|tried| Some((tried.hit.as_ref()?.row.clone(), tried.opens)))
        else {
            return Ok(None);
        };
        log::info!("full; asking for a place on the waiting list");
        let hit = self.shoot(&row, true, opens, true)?;
        Ok(Some(Tried {
            ending: hit.ending,
            message: hit.message.clone(),
            hit: Some(hit),
            opens,
        }))
    }

    pub(super) fn open_session(&mut self) -> Result<(), Stop> {
        if self.live.is_none() {
            let account = &self.prebooking.wish.account;
            let mut live = self
                .run
                .sessions
                .open(account, &Pick::Kind(self.run.kind))?;
            let id = match self.place.id {
                Some(id) => id,
                None => live.call(|platform, jar| platform.box_id(jar, &self.place.host))?,
            };
            self.at = Some(BoxAt {
                host: self.place.host.clone(),
                id,
            });
            self.live = Some(live);
        }
        Ok(())
    }

    pub(super) fn live(&mut self) -> Result<&mut Live<'j>, Stop> {
        self.live.as_mut().ok_or_else(|| {
            Stop::Trouble(Kind::Internal, "no session was opened before firing".into())
        })
    }

    pub(super) fn desk(&mut self) -> sessions::Result<Desk<'_, 'j>> {
        match (self.live.as_mut(), self.at.as_ref()) {
            (Some(live), Some(at)) => Ok(Desk {
                live,
                at: at.clone(),
                family: self.prebooking.wish.family.clone(),
            }),
            _ => Err(sessions::Error::LockBroken(
                "no session was opened before firing".into(),
            )),
        }
    }

    /// Ask the host's clock something with a copy of this login's cookies.
    pub(super) fn with_jar(
        &mut self,
        limit: Duration,
        ask: impl FnOnce(&HostClock, &Platform, &mut Jar),
    ) {
        let platform = self.run.sessions.platform.within(limit.min(PROBE));
        if let (Some(live), Ok(platform)) = (&self.live, platform) {
            let mut jar = live.jar();
            ask(&self.clock, &platform, &mut jar);
        }
    }

    /// Still claimed by this run?
    pub(super) fn is_ours(&self) -> bool {
        match self.run.sessions.store.prebooking(self.prebooking.id) {
            Ok(Some(now)) => now.owner.as_deref() == Some(self.run.owner.as_str()),
            Ok(None) => false,
            Err(_) => true, // a store that is busy now is asked again in a moment
        }
    }

    fn fired(mut self, tried: Tried, learned: Vec<crate::opening::Learned>) -> Fired {
        if let Some(live) = &mut self.live {
            live.release_after_firing();
        }
        let report = tried.hit.as_ref().and_then(|hit| hit.report.as_ref());
        Fired {
            ending: tried.ending,
            message: tried.message,
            reservation: report.and_then(|report| report.reservation.clone()),
            moved_to: tried.hit.as_ref().and_then(|hit| hit.moved_to),
            class: tried.hit.map(|hit| hit.row),
            opens_at: tried.opens,
            fired_at: self.fired_at.filter(|_| !self.shots.is_empty()),
            clock_offset_ms: self.clock.offset().map(|seconds| seconds * 1000.0),
            shots: self.shots,
            session: self.live.map(|live| live.row().clone()),
            learned,
        }
    }
}

impl Ending {
    /// Not to be had: full, closed, not there, refused. Anything else ends the story: a class was
    /// had, or must be waited for, or nobody knows.
    pub fn allows_alternative(self) -> bool {
        match self {
            Self::Book(outcome) => matches!(
                outcome,
                Outcome::Full
                    | Outcome::Closed
                    | Outcome::Refused
                    | Outcome::NoCredit
                    | Outcome::PaymentPending
                    | Outcome::LimitReached
                    | Outcome::SameTime
                    | Outcome::TooLate
            ),
            Self::Cancelled | Self::Expired | Self::Trouble(Kind::NotFound) => true,
            Self::Trouble(_) => false,
        }
    }

    /// A later run may still get it, so it stays pending.
    pub fn stays_pending(self, watch: bool) -> bool {
        match self {
            Self::Book(Outcome::Full) => watch,
            Self::Book(Outcome::Closed | Outcome::TooEarly) | Self::Trouble(_) => true,
            Self::Book(_) | Self::Cancelled | Self::Expired => false,
        }
    }
}

/// The try that tells what became of all: the last when it ended the story, else the first that a
/// later run may mend, else the first.
fn deciding(mut tries: Vec<Tried>) -> Tried {
    let last = tries.len().saturating_sub(1);
    let at = if tries
        .last()
        .is_some_and(|tried| !tried.ending.allows_alternative())
    {
        last
    } else {
        tries
            .iter()
            .position(|tried| tried.ending.stays_pending(true))
            .unwrap_or(0)
    };
    tries.swap_remove(at)
}

/// An instant as unix seconds.
#[allow(clippy::cast_precision_loss)] // milliseconds since 1970 fit a double
pub(super) fn unix(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}
