//! Stores what responses show about the opening of a class: a refusal states its rule, and a booking before the opening
//! contradicts a learned one.
//!
//! A store that cannot save it is only a warning, because the booking itself must be reported.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::app::App;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::opening::Opening;
use crate::store;

/// Clocks differ, so a booking must be this much earlier than the opening to contradict a rule.
const CLOCK_DOUBT: TimeDelta = TimeDelta::minutes(1);

/// What the requests for one class have shown.
pub(super) struct OpeningObservation<'l> {
    pub profile: &'l BoxProfile,
    pub account: &'l Account,
    /// The name of the booked class; `None` if nothing was booked.
    pub booked: Option<&'l str>,
    pub day: NaiveDate,
    pub start: NaiveTime,
    /// When it was booked, by the server's clock as far as that is known.
    pub at: DateTime<Utc>,
    /// What refusals have stated, with the names of the classes.
    pub reported: &'l [(String, Opening)],
}

impl App {
    pub(super) fn learn(&self, observation: &OpeningObservation<'_>) {
        if let Err(e) = observation.store(&self.store) {
            let name = &observation.profile.name;
            log::warn!("what was learned of openings in box {name} could not be stored: {e}");
        }
    }
}

impl OpeningObservation<'_> {
    fn store(&self, store: &store::Store) -> store::Result<()> {
        let name = &self.profile.name;
        if let Some((class, rule)) = self.contradicted()
            && store.forget_opening(name, self.account, class, &rule)?
        {
            log::info!("booked {class} before its learned opening ({rule}): the rule is deleted");
        }
        for (class, learned) in self.reported.iter().filter(|(class, _)| !class.is_empty()) {
            if store.learn_opening(name, self.account, class, *learned)? {
                let rule = learned.words();
                log::info!("learned of {class} in box {name}: booking opens {rule}");
            }
        }
        Ok(())
    }

    /// The class and its learned rule, if that rule excludes the booking.
    fn contradicted(&self) -> Option<(&str, String)> {
        let class = self.booked?;
        let learned = self.profile.opening_rules.learned(self.account, class)?;
        let first = learned.first_try(self.day, self.start, self.profile.zone);
        (first.to_utc() > self.at + CLOCK_DOUBT).then(|| (class, learned.to_string()))
    }
}
