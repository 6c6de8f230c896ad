//! Booking a class (protocol.md §6). A response is classified by `logout` first, then by key, by state, and last by text.
//! A response that does not prove a result is [`Verdict::Unproven`], and the schedule row decides.

use std::fmt;

use chrono::NaiveDate;

use super::call::Response;
use super::lenient::Loose;
use super::refusal::{self, Refusal};
use super::{BoxAt, Jar, Platform, Result, classify};
use crate::model::opening::{Opening, Rule, is_too_early_text, learn};
use crate::text;

/// The response to a booking request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookResponse {
    /// `bookState` as received.
    pub state: Option<i64>,
    /// The meaning of `bookState`, key and text together (the table of protocol.md §6).
    pub verdict: Verdict,
    /// The reservation id, if the response may mean success.
    pub reservation: Option<String>,
    /// The text of a refusal, cleaned, or its key, with the classes that the membership covers or the limit that is reached.
    pub message: Option<String>,
}

/// The meaning of a response.
#[derive(Debug, Clone, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Verdict {
    /// State 1 and no refusal beside it. Only the schedule row proves the booking.
    Booked,
    /// State 0, `{}`, an error object, a contradiction, or anything else that proves nothing: the row decides.
    Unproven,
    /// The account has a booking at that time, which may be this class: the row decides.
    SameHour,
    /// State −1: no place left; a request with `insist=1` joins the waiting list.
    Full,
    /// State −2: no credit, or a membership that does not cover this class.
    NoCredit,
    /// State −5: a payment is pending.
    PaymentPending,
    /// State −8 or −9, or the key of the contracted limit: no more classes for this day or period.
    LimitReached,
    /// State −7: the class is about to start, or has started.
    TooLate,
    /// Booking is not open yet, with the opening rule if the refusal names one.
    TooEarly(Option<Opening>),
    /// Refused for a reason that only the message gives.
    Refused,
    /// A state without key and text that is not one of those above. At an opening it may mean "too early".
    Unexplained,
}

/// For logs: the meaning, the state and the message.
impl fmt::Display for BookResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = (&self.verdict).into();
        refusal::write(f, verdict, "bookState", self.state, self.message.as_deref())
    }
}

impl Platform {
    /// `POST /api/book`, sent once. `class_id` is that of the schedule row, `insist` accepts a place on the waiting list, and
    /// `family` is the id of a family member, if it is not for the account holder. After a lost response only the schedule
    /// shows whether the class was booked.
    ///
    /// # Errors
    /// Those of an API call. Only [`super::Error::server_did_not_act`] permits sending it again without a look at the schedule.
    pub fn book(
        &self,
        jar: &mut Jar,
        at: &BoxAt,
        class_id: &str,
        day: NaiveDate,
        insist: bool,
        family: Option<&str>,
    ) -> Result<BookResponse> {
        let day = day.format("%Y%m%d").to_string();
        let form = [
            ("id", class_id),
            ("day", &day),
            ("insist", if insist { "1" } else { "0" }),
            ("familyId", family.unwrap_or_default()),
        ];
        let call = self.script(&at.host, "/api/book", &[])?;
        self.ask(jar, call.form(&form), read)
    }
}

/// Reads the response to a booking.
///
/// # Errors
/// As for [`Platform::book`].
pub fn read(response: &Response) -> Result<BookResponse> {
    let data = classify::data(response)?;
    let data = Loose(&data);
    let refusal = Refusal::read(data, &response.redactor);
    let state = data.get("bookState").int();
    let verdict = verdict(state, &refusal);
    let hopeful = matches!(verdict, Verdict::Booked | Verdict::Unproven);
    let reservation = data.get("id").id().filter(|_| hopeful);
    // only a refusal without a text is explained by its key
    let number = refusal.number.filter(|_| !refusal.says_why());
    let key = refusal.key.filter(|_| verdict == Verdict::Refused);
    let text = refusal.message.or(key);
    let details = details(&verdict, data, number);
    let message: Vec<String> = text.into_iter().chain(details).collect();
    Ok(BookResponse {
        state,
        verdict,
        reservation,
        message: (!message.is_empty()).then(|| message.join("; ")),
    })
}

/// What the response says beside its text. One client's own tests have a number of classes instead of their names.
fn details(verdict: &Verdict, data: Loose<'_>, number: Option<u32>) -> Option<String> {
    match verdict {
        Verdict::TooEarly(Some(_)) => Some(format!("at most {} days ahead", number?)),
        Verdict::TooLate => Some(format!("less than {} minutes before the class", number?)),
        Verdict::NoCredit => {
            let covered = data.get("clasesContratadas");
            let names = covered.words().filter(|_| covered.int().is_none())?;
            Some(format!("the membership covers {names}"))
        }
        Verdict::LimitReached => {
            let max = data.get("max").count()?;
            Some(format!("at most {max} bookings of this class a day"))
        }
        _ => None,
    }
}

fn verdict(state: Option<i64>, refusal: &Refusal) -> Verdict {
    match state {
        Some(1) if !refusal.any => Verdict::Booked,
        // 0, an unknown state, or a state that contradicts an error
        Some(0..) => Verdict::Unproven,
        _ => by_key(refusal)
            .or_else(|| by_state(state?, refusal))
            .or_else(|| by_text(refusal))
            .unwrap_or(match (refusal.says_why(), state) {
                (true, Some(_)) => Verdict::Refused,
                (true, None) if !refusal.is_object => Verdict::Refused,
                (false, Some(_)) => Verdict::Unexplained,
                (_, None) => Verdict::Unproven,
            }),
    }
}

/// The key distinguishes the meanings of −12.
fn by_key(refusal: &Refusal) -> Option<Verdict> {
    match refusal.key.as_deref()? {
        "ERROR_ANTELACION_CLIENTE" | "ERROR_ANTELACION_CLIENTE_HORAS" => {
            Some(Verdict::TooEarly(stated(refusal)))
        }
        "NOPUEDESRESERVAMISMAHORA" => Some(Verdict::SameHour),
        "HASSUPERADOLIMITCONTR" => Some(Verdict::LimitReached),
        _ => None,
    }
}

fn by_state(state: i64, refusal: &Refusal) -> Option<Verdict> {
    Some(match state {
        -1 => Verdict::Full,
        -2 => Verdict::NoCredit,
        -4 => Verdict::TooEarly(stated(refusal).or_else(|| days_ahead(refusal.number?))),
        -5 => Verdict::PaymentPending,
        -7 => Verdict::TooLate,
        -8 | -9 => Verdict::LimitReached,
        _ => return None,
    })
}

fn by_text(refusal: &Refusal) -> Option<Verdict> {
    let message = refusal.message.as_deref()?;
    if is_too_early_text(message) {
        return Some(Verdict::TooEarly(stated(refusal)));
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

/// The opening rule that a refusal states.
fn stated(refusal: &Refusal) -> Option<Opening> {
    learn(refusal.key.as_deref(), refusal.message.as_deref())
}

fn days_ahead(days: u32) -> Option<Opening> {
    let rule = Rule::days(u16::try_from(days).ok()?)?;
    Some(Opening::learned(rule))
}

#[cfg(test)]
#[path = "book_tests.rs"]
mod tests;
