//! A run's claim on a prebooking: what it lives by, and what it leaves for whoever comes after it.

use std::sync::{Mutex, PoisonError};

use super::job::Errand;
use super::run::Run;
use crate::model::prebooking::Prebooking;
use crate::store::Store;

/// A run's claim on a prebooking.
#[derive(Debug)]
pub(super) struct Claim<'c> {
    store: &'c Store,
    id: i64,
    owner: &'c str,
    /// the class that was last written down as intended
    intended: Mutex<Option<String>>,
}

impl<'c> Claim<'c> {
    pub(super) fn of(run: &'c Run<'_>, prebooking: &Prebooking) -> Self {
        Self {
            store: run.shared.sessions.store,
            id: prebooking.id,
            owner: &run.owner,
            intended: Mutex::new(prebooking.class_id.clone()),
        }
    }
}

impl Errand for Claim<'_> {
    /// Still claimed by this run, not removed by hand?
    fn is_wanted(&self) -> bool {
        match self.store.prebooking(self.id) {
            Ok(Some(now)) => now.owner.as_deref() == Some(self.owner),
            Ok(None) => false,
            Err(_) => true, // a store that is busy now is asked again in a moment
        }
    }

    fn intend(&self, class_id: &str) {
        let mut intended = self.intended.lock().unwrap_or_else(PoisonError::into_inner);
        if intended.as_deref() == Some(class_id) {
            return;
        }
        match self.store.intend(self.id, self.owner, class_id) {
            Ok(()) => *intended = Some(class_id.to_owned()),
            Err(e) => log::warn!(
                "prebooking {}: the class to be booked could not be written down: {e}",
                self.id
            ),
        }
    }
}
