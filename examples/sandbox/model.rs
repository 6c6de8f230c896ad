//! The data of the world: accounts, boxes, classes, reservations, sessions, counters.

use chrono::{Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clock;
use crate::config::Quirk;
use crate::opening::{self, Notice, Rule};
use crate::plain;
use crate::texts::Language;

/// An account.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) id: u64,
    pub(crate) name: String,
    /// Names of the boxes it is a member of.
    pub(crate) boxes: Vec<String>,
    /// None = the sandbox's language.
    pub(crate) language: Option<Language>,
    /// Classes left; each booking takes one, 0 refuses. None = unlimited.
    pub(crate) credit: Option<i64>,
    pub(crate) payment_pending: bool,
    /// Most bookings on a day (-8).
    pub(crate) daily_limit: Option<usize>,
    /// Most bookings at a time (-9).
    pub(crate) class_limit: Option<usize>,
    /// Most bookings at a time (-12 HASSUPERADOLIMITCONTR).
    pub(crate) contracted_limit: Option<usize>,
    /// Responses to the next `book` calls, which then do not act.
    pub(crate) book_answers: Vec<Value>,
    pub(crate) cancel_answers: Vec<Value>,
}

/// A box.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gym {
    pub(crate) name: String,
    pub(crate) id: u64,
    #[serde(rename = "gym")]
    pub(crate) title: String,
    #[serde(with = "plain")]
    pub(crate) timezone: Tz,
    /// The opening rule; None = always open.
    pub(crate) opens: Option<String>,
    pub(crate) centre_url: Option<String>,
    pub(crate) address: String,
    /// Posts of workouts with their details, newest first.
    pub(crate) workouts: Vec<Value>,
}

impl Gym {
    /// The id of the account that publishes the workouts.
    pub(crate) fn publisher(&self) -> u64 {
        self.id + 900_000
    }

    /// The date on its wall clock at an instant of the server clock.
    pub(crate) fn today(&self, now: i64) -> NaiveDate {
        clock::wall(now, self.timezone).date()
    }
}

impl Default for Gym {
    fn default() -> Self {
        Self {
            name: String::new(),
            id: 0,
            title: String::new(),
            timezone: chrono_tz::Europe::Madrid,
            opens: None,
            centre_url: None,
            address: "C/ Mayor 1".to_owned(),
            workouts: Vec::new(),
        }
    }
}

/// A class at a day and time of the box's wall clock.
#[allow(clippy::struct_excessive_bools)] // as the platform has them
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Class {
    pub(crate) id: u64,
    #[serde(rename = "box")]
    pub(crate) gym: String,
    #[serde(with = "plain")]
    pub(crate) day: NaiveDate,
    /// `18:30`
    pub(crate) start: String,
    /// Minutes.
    pub(crate) length: i64,
    pub(crate) name: String,
    pub(crate) capacity: i64,
    /// Places taken by people who have no account here.
    pub(crate) occupied: i64,
    /// Other people waiting; -1 = no waiting list.
    pub(crate) waitlist: i64,
    pub(crate) coach: Option<String>,
    pub(crate) description: String,
    /// Link of an online class.
    pub(crate) online: Option<String>,
    /// Whether the membership covers it, as the row says; bookings are not refused for it.
    pub(crate) included: bool,
    pub(crate) enabled: bool,
    pub(crate) hidden: bool,
    pub(crate) resadmin: bool,
    pub(crate) cancelled: bool,
    /// When booking opens, by the server clock; takes precedence over the box's rule.
    pub(crate) opens_at_ms: Option<i64>,
    /// The row is listed only from this many milliseconds after the opening on.
    pub(crate) appears_after_ms: Option<i64>,
    /// The row has `enabled: 0` until this many milliseconds after the opening.
    pub(crate) enabled_after_ms: Option<i64>,
    /// The response while booking is not open yet, in place of the usual one.
    pub(crate) early_answer: Option<Value>,
    /// Cancelling is late.
    pub(crate) late: bool,
    /// Cancelling is late from this instant of the server clock on.
    pub(crate) late_after_ms: Option<i64>,
    /// Cancelling is late from this many milliseconds before the start on.
    pub(crate) late_before_ms: i64,
    pub(crate) cancel_refused: bool,
    /// Booking is refused with -7 from this many milliseconds before the start on.
    pub(crate) closes_before_ms: i64,
    pub(crate) quirks: Vec<Quirk>,
    /// Responses to the next `book` calls, which then do not act.
    pub(crate) book_answers: Vec<Value>,
}

impl Default for Class {
    fn default() -> Self {
        Self {
            id: 0,
            gym: String::new(),
            day: NaiveDate::default(),
            start: String::new(),
            length: 60,
            name: "WOD".to_owned(),
            capacity: 12,
            occupied: 0,
            waitlist: -1,
            coach: Some("Marta".to_owned()),
            description: String::new(),
            online: None,
            included: true,
            enabled: true,
            hidden: false,
            resadmin: false,
            cancelled: false,
            opens_at_ms: None,
            appears_after_ms: None,
            enabled_after_ms: None,
            early_answer: None,
            late: false,
            late_after_ms: None,
            late_before_ms: 0,
            cancel_refused: false,
            closes_before_ms: 0,
            quirks: Vec::new(),
            book_answers: Vec::new(),
        }
    }
}

impl Class {
    /// The wall clock reading of the start.
    pub(crate) fn wall(&self) -> NaiveDateTime {
        self.day
            .and_time(opening::parse_time(&self.start).unwrap_or(NaiveTime::MIN))
    }

    /// `18:30`, `19:30`
    pub(crate) fn times(&self) -> (String, String) {
        let start = self.wall();
        let end = start + Duration::minutes(self.length);
        (
            start.format("%H:%M").to_string(),
            end.format("%H:%M").to_string(),
        )
    }

    /// When booking opens and what an early refusal says; `None` = always open.
    pub(crate) fn opening(&self, gym: &Gym) -> Option<(i64, Notice)> {
        let rule = gym.opens.as_deref().and_then(Rule::parse);
        match (self.opens_at_ms, rule) {
            (Some(at), Some(rule)) => Some((at, rule.notice(self.wall(), gym.timezone))),
            (Some(at), None) => Some((at, opening::notice_between(at, self.wall(), gym.timezone))),
            (None, Some(rule)) => Some((
                rule.opens_ms(self.wall(), gym.timezone),
                rule.notice(self.wall(), gym.timezone),
            )),
            (None, None) => None,
        }
    }

    /// Whether the schedule lists it at this instant and `book` knows it.
    pub(crate) fn is_listed(&self, gym: &Gym, now: i64) -> bool {
        self.has_passed(self.appears_after_ms, gym, now)
    }

    /// Whether it is enabled at this instant.
    pub(crate) fn is_enabled(&self, gym: &Gym, now: i64) -> bool {
        self.enabled && self.has_passed(self.enabled_after_ms, gym, now)
    }

    /// Whether this many milliseconds have passed since the opening; true without an opening.
    fn has_passed(&self, after_ms: Option<i64>, gym: &Gym, now: i64) -> bool {
        match (after_ms, self.opening(gym)) {
            (Some(after), Some((opens, _))) => now >= opens.saturating_add(after),
            _ => true,
        }
    }

    /// When it starts, unix milliseconds.
    pub(crate) fn start_ms(&self, zone: Tz) -> i64 {
        clock::instant_ms(self.wall(), zone)
    }

    /// Checks the ranges of the values.
    pub(crate) fn check(&self) -> Result<(), String> {
        let time = opening::parse_time(&self.start);
        if time.is_none() {
            return Err(format!("start must read HH:MM, not {:?}", self.start));
        }
        let instant = |at: i64| (0..=253_402_300_799_000).contains(&at); // the years 1970 to 9999
        let instants = [
            self.opens_at_ms,
            self.late_after_ms,
            Some(self.closes_before_ms),
            Some(self.late_before_ms),
            self.appears_after_ms,
            self.enabled_after_ms,
        ];
        if !(1970..=9000).contains(&self.day.year()) || !instants.into_iter().flatten().all(instant)
        {
            return Err("day or one of the …_ms fields is out of range".to_owned());
        }
        let sane = (0..=1440).contains(&self.length)
            && (0..=100_000).contains(&self.capacity)
            && (0..=100_000).contains(&self.occupied)
            && (-1..=100_000).contains(&self.waitlist);
        if sane {
            Ok(())
        } else {
            Err("length, capacity, occupied or waitlist is out of range".to_owned())
        }
    }
}

/// A place in a class, or on its waiting list.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Reservation {
    pub(crate) idres: u64,
    pub(crate) account: String,
    pub(crate) class: u64,
    /// Empty for the account holder.
    pub(crate) family: String,
    /// 1 booked, 0 waiting.
    pub(crate) state: i64,
}

/// The login of one device, by account and fingerprint.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Session {
    pub(crate) account: String,
    pub(crate) fingerprint: String,
    pub(crate) token: String,
    /// The value of `amhrdrauth`.
    pub(crate) cookie: String,
    pub(crate) phpsessid: String,
    /// `setrefresh` was called since the login.
    pub(crate) set: bool,
    pub(crate) dead: bool,
    /// Whether the login cookie has lapsed; a token update renews it.
    pub(crate) lapsed: bool,
    pub(crate) touched_ms: i64,
    pub(crate) updates: u64,
    pub(crate) replays: u64,
    pub(crate) setrefreshes: u64,
    pub(crate) login_count: u64,
}

impl Session {
    /// What distinguishes it from other sessions.
    pub(crate) fn key(&self) -> SessionKey {
        (self.account.clone(), self.fingerprint.clone())
    }
}

/// (account, fingerprint)
pub(crate) type SessionKey = (String, String);

/// Counters of events since the start. A `double_book` is a request for a class that the account has booked, a `trap_cancel`
/// a cancellation with a class id (protocol.md §7).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Counters {
    pub(crate) logins_ok: u64,
    pub(crate) logins_refused: u64,
    pub(crate) replayed_tokens: u64,
    pub(crate) books: u64,
    pub(crate) double_books: u64,
    pub(crate) cancels: u64,
    pub(crate) trap_cancels: u64,
}
