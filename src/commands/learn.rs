//! Stores what responses show about when a box opens booking: a refusal states the rule, and a booking before its opening
//! contradicts it.
//!
//! A store that cannot save it is only a warning, because the booking itself must be reported.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::app::App;
use super::box_profile::BoxProfile;
use crate::model::opening::{Learned, Opening, Source};
use crate::store;

/// A rule that is met by so little is not contradicted: clocks differ.
const CLOCK_DOUBT: TimeDelta = TimeDelta::minutes(1);

/// What came of asking for one class.
pub(super) struct OpeningObservation<'l> {
    pub gym: &'l BoxProfile,
    pub day: NaiveDate,
    pub start: NaiveTime,
    /// when it was asked for, by the server's clock as far as that is known
    pub at: DateTime<Utc>,
    /// it was booked then
    pub booked: bool,
    /// what refusals stated
    pub reported: &'l [Learned],
}

impl App {
    pub(super) fn learn(&self, lesson: &OpeningObservation<'_>) {
        if let Err(e) = lesson.keep(&self.store) {
            log::warn!(
                "when booking opens in box {} could not be stored: {e}",
                lesson.gym.name
            );
        }
    }
}

impl OpeningObservation<'_> {
    fn keep(&self, store: &store::Store) -> store::Result<()> {
        let gym = &self.gym.name;
        if let Some(rule) = self.contradicted()
            && store.forget_opening(gym, &rule.to_string())?
        {
            log::info!(
                "booked before the learned rule {rule} had box {gym} open booking: the rule is forgotten"
            );
        }
        for reported in self.reported {
            if store.learn_opening(gym, &reported.to_string())? {
                let rule = Opening::learned(*reported).words();
                log::info!("learned of box {gym}: booking opens {rule}");
            }
        }
        Ok(())
    }

    /// The learned rule, if it had the class closed for certain at the time of the booking.
    fn contradicted(&self) -> Option<Opening> {
        let learned = |rule: &Opening| rule.source == Source::Learned;
        let rule = self.gym.opening.filter(learned).filter(|_| self.booked)?;
        let first = rule.first_try(self.day, self.start, self.gym.zone);
        (first.to_utc() > self.at + CLOCK_DOUBT).then_some(rule)
    }
}
