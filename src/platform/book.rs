//! Booking a class (protocol.md §6). The answer is classified by `logout` first, then key, then state, and by text last;
//! must not take for booked what only may be: such answers are [`Verdict::Unproven`], and the schedule row decides.

use std::fmt;

use chrono::NaiveDate;

use super::call::Call;
use super::http::Answer;
use super::refusal::{self, Refusal};
use super::wire::WireVerdict;
use super::{BoxAt, Error, Jar, Platform, classify};
use crate::model::opening::{Learned, is_too_early_text, learn};
use crate::text;

/// What to book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookOrder {
    /// The schedule row's id.
    pub class_id: String,
    /// The class's day on the box's calendar.
    pub day: NaiveDate,
    /// Accept a place on the waiting list.
    pub insist: bool,
    /// A family member's id; `None` is the account holder.
    pub family: Option<String>,
}

/// What the platform answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookAnswer {
    /// `bookState` as it came.
    pub state: Option<i64>,
    /// What `bookState`, key and text come to together (protocol.md §6, the table).
    pub verdict: Verdict,
    /// The reservation, when the answer may mean success.
    pub reservation: Option<String>,
    /// The refusal's key, such as `ERROR_ANTELACION_CLIENTE`.
    pub key: Option<String>,
    /// The refusal's words, cleaned.
    pub message: Option<String>,
}

/// What the answer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// State 1 and no refusal beside it. Only the schedule row proves the booking.
    Booked,
    /// State 0, `{}`, an error object without words, a contradiction, or anything else that proves nothing: read the row.
    Unproven,
    /// Something of mine is at that time already, perhaps this very class: read the row.
    SameHour,
    /// State −1: no place left; asking again with `insist=1` queues.
    Full,
    /// State −2: no credit, or a membership that does not cover this class.
    NoCredit,
    /// State −5: a payment is pending.
    PaymentPending,
    /// State −8 or −9, or the key of the contracted limit: no more classes for this day or period.
    LimitReached,
    /// State −7: the class is about to start, or has started.
    TooLate,
    /// Booking is not open yet, with the rule where the refusal tells one.
    TooEarly(Option<Learned>),
    /// Refused for a reason that only the message tells.
    Refused,
}

/// For logs: what it means, and what came along.
impl fmt::Display for BookAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.verdict {
            Verdict::Booked => "booked",
            Verdict::Unproven => "nothing that proves a booking or a refusal",
            Verdict::SameHour => "something is booked at that hour",
            Verdict::Full => "full",
            Verdict::NoCredit => "no credit",
            Verdict::PaymentPending => "a payment is pending",
            Verdict::LimitReached => "a limit is reached",
            Verdict::TooLate => "too late",
            Verdict::TooEarly(_) => "too early",
            Verdict::Refused => "refused",
        })?;
        refusal::along(f, "bookState", self.state, self.message.as_deref())
    }
}

impl Platform {
    /// `POST /api/book`. Sent once; a lost answer is an error, and whether it acted must be looked up.
    ///
    /// # Errors
    /// The usual ones of an API call. Only [`Error::server_did_not_act`] permits sending it again unseen.
    pub fn book(&self, jar: &mut Jar, at: &BoxAt, order: &BookOrder) -> Result<BookAnswer, Error> {
        let day = order.day.format("%Y%m%d").to_string();
        let form = vec![
            ("id", order.class_id.as_str()),
            ("day", &day),
            ("insist", if order.insist { "1" } else { "0" }),
            ("familyId", order.family.as_deref().unwrap_or_default()),
        ];
        let url = self.url(&at.host, "/api/book", &[])?;
        self.ask(jar, Call::script(url).form(form), read)
    }
}

/// The answer to a booking.
pub(super) fn read(answer: &Answer) -> Result<BookAnswer, Error> {
    let wire = WireVerdict::read(&classify::data(answer)?.0).served()?;
    let refusal = Refusal::read(&wire, &answer.unsaid);
    let state = wire.book_state.int();
    let verdict = verdict(state, &refusal);
    let hopeful = matches!(verdict, Verdict::Booked | Verdict::Unproven);
    let reservation = wire.id.id().filter(|_| hopeful);
    Ok(BookAnswer {
        state,
        verdict,
        reservation,
        key: refusal.key,
        message: refusal.message,
    })
}

fn verdict(state: Option<i64>, refusal: &Refusal) -> Verdict {
    match state {
        Some(1) if !refusal.any => Verdict::Booked,
        // 0, an unknown state, or a state and an error that contradict each other
        Some(0..) => Verdict::Unproven,
        _ => by_key(refusal)
            .or_else(|| by_state(state?, refusal))
            .or_else(|| by_text(refusal))
            .unwrap_or(if state.is_some() || refusal.says_why() {
                Verdict::Refused
            } else {
                Verdict::Unproven
            }),
    }
}

/// The key tells the meanings of −12 apart.
fn by_key(refusal: &Refusal) -> Option<Verdict> {
    match refusal.key.as_deref()? {
        "ERROR_ANTELACION_CLIENTE" | "ERROR_ANTELACION_CLIENTE_HORAS" => Some(too_early(refusal)),
        "NOPUEDESRESERVAMISMAHORA" => Some(Verdict::SameHour),
        "HASSUPERADOLIMITCONTR" => Some(Verdict::LimitReached),
        _ => None,
    }
}

fn by_state(state: i64, refusal: &Refusal) -> Option<Verdict> {
    Some(match state {
        -1 => Verdict::Full,
        -2 => Verdict::NoCredit,
        -4 => too_early(refusal),
        -5 => Verdict::PaymentPending,
        -7 => Verdict::TooLate,
        -8 | -9 => Verdict::LimitReached,
        _ => return None,
    })
}

fn by_text(refusal: &Refusal) -> Option<Verdict> {
    let message = refusal.message.as_deref()?;
    if is_too_early_text(message) {
        return Some(too_early(refusal));
    }
    let folded = text::fold(message);
    let same_hour = [
        "misma hora",
        "esa hora",
        "mateixa hora",
        "aquella hora",
        "aquesta hora",
        "same time",
        "that time",
    ];
    same_hour
        .iter()
        .any(|words| folded.contains(words))
        .then_some(Verdict::SameHour)
}

fn too_early(refusal: &Refusal) -> Verdict {
    Verdict::TooEarly(learn(refusal.key.as_deref(), refusal.message.as_deref()))
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
