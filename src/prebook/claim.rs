//! A run's claim on a prebooking: what it lives by, and what it leaves for whoever comes after it.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::job::Errand;
use super::run::Run;
use crate::model::prebooking::Prebooking;
use crate::store::Store;

/// All that a run has claimed, as its last look at the store showed it: hundreds that wait ask here.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashSet<i64>>);

impl Claims {
    pub(super) fn add(&self, id: i64) {
        self.all(|ids| ids.insert(id));
    }

    /// Only these still stand.
    pub(super) fn are(&self, standing: HashSet<i64>) {
        self.all(|ids| *ids = standing);
    }

    fn has(&self, id: i64) -> bool {
        self.all(|ids| ids.contains(&id))
    }

    fn all<T>(&self, with: impl FnOnce(&mut HashSet<i64>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A run's claim on a prebooking.
#[derive(Debug)]
pub(super) struct Claim<'c> {
    store: &'c Store,
    claims: &'c Claims,
    id: i64,
    owner: &'c str,
    /// the class that was last written down as intended
    intended: Mutex<Option<String>>,
}

impl<'c> Claim<'c> {
    pub(super) fn of(run: &'c Run<'_>, prebooking: &Prebooking) -> Self {
        Self {
            store: run.shared.sessions.store,
            claims: &run.claims,
            id: prebooking.id,
            owner: &run.owner,
            intended: Mutex::new(prebooking.class_id.clone()),
        }
    }
}

impl Errand for Claim<'_> {
    fn seems_wanted(&self) -> bool {
        self.claims.has(self.id)
    }

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
