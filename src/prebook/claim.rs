//! A run's claim on a prebooking: whether it still holds, and what a later run finds if the run dies.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use crate::booking::Outcome;
use crate::model::prebooking::{PrebookRequest, Prebooking};
use crate::store::{Attempt, Store};

/// The requests of all claims of a run, as its last look at the store showed them. Hundreds of waiting threads check here
/// instead of reading the store.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<i64, PrebookRequest>>);

impl Claims {
    pub(super) fn add(&self, prebooking: &Prebooking) {
        self.with(|all| all.insert(prebooking.id, prebooking.request.clone()));
    }

    /// Replaces the claims.
    pub(super) fn set<'p>(&self, claimed: impl Iterator<Item = &'p Prebooking>) {
        let claimed = claimed.map(|p| (p.id, p.request.clone())).collect();
        self.with(|all| *all = claimed);
    }

    fn has(&self, prebooking: &Prebooking) -> bool {
        self.with(|all| all.get(&prebooking.id) == Some(&prebooking.request))
    }

    fn with<T>(&self, change: impl FnOnce(&mut HashMap<i64, PrebookRequest>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A run's claim on a prebooking.
#[derive(Debug)]
pub(super) struct Claim<'c> {
    store: &'c Store,
    claims: &'c Claims,
    owner: &'c str,
    pub(super) prebooking: &'c Prebooking,
    /// The class that is stored as the one to be requested.
    intended: Mutex<Option<String>>,
}

impl<'c> Claim<'c> {
    pub(super) fn new(
        store: &'c Store,
        claims: &'c Claims,
        owner: &'c str,
        prebooking: &'c Prebooking,
    ) -> Self {
        Self {
            store,
            claims,
            owner,
            prebooking,
            intended: Mutex::new(prebooking.class_id.clone()),
        }
    }

    /// Whether the claim held, and the prebooking was unchanged, at the run's last look at the store.
    pub(super) fn held_lately(&self) -> bool {
        self.claims.has(self.prebooking)
    }

    /// Whether the claim holds and the prebooking is unchanged now. Read before every request.
    pub(super) fn holds(&self) -> bool {
        match self.store.peek(self.prebooking.id) {
            Ok(Some(now)) => {
                now.owner.as_deref() == Some(self.owner) && now.request == self.prebooking.request
            }
            Ok(None) => false,
            Err(e) => {
                // a store that is busy must not cost the class
                let id = self.prebooking.id;
                log::warn!("prebooking {id}: its claim could not be read: {e}");
                true
            }
        }
    }

    /// Stores the class before it is requested, so that a later run knows what a dead process may have booked (promise 9).
    pub(super) fn intend(&self, class_id: &str) {
        let mut intended = self.intended.lock().unwrap_or_else(PoisonError::into_inner);
        if intended.as_deref() == Some(class_id) {
            return;
        }
        match self.store.intend(self.prebooking.id, self.owner, class_id) {
            Ok(()) => *intended = Some(class_id.to_owned()),
            Err(e) => log::warn!(
                "prebooking {}: the class to be booked could not be stored: {e}",
                self.prebooking.id
            ),
        }
    }

    /// When an earlier execution was last refused as too early.
    pub(super) fn refused_at(&self) -> Option<DateTime<Utc>> {
        let attempts = self.store.attempts(self.prebooking.id).unwrap_or_default();
        let is_early = |attempt: &&Attempt| attempt.outcome == Outcome::TooEarly.name();
        let early = attempts.iter().rev().find(is_early);
        early.map(|attempt| attempt.sent_at)
    }
}
