//! A run's claim on a prebooking: how it is kept alive, and what a later run finds of a dead one.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::job::Errand;
use super::run::Run;
use crate::booking::Outcome;
use crate::model::prebooking::{PrebookRequest, Prebooking};
use crate::store::{Shot, Store};

/// All that a run has claimed, as its last look at the store showed it: hundreds that wait ask here.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<HashMap<i64, PrebookRequest>>);

impl Claims {
    pub(super) fn add(&self, prebooking: &Prebooking) {
        self.all(|all| all.insert(prebooking.id, prebooking.request.clone()));
    }

    /// Only these still stand.
    pub(super) fn are<'p>(&self, standing: impl Iterator<Item = &'p Prebooking>) {
        let standing = standing.map(|p| (p.id, p.request.clone())).collect();
        self.all(|all| *all = standing);
    }

    fn has(&self, prebooking: &Prebooking) -> bool {
        self.all(|all| all.get(&prebooking.id) == Some(&prebooking.request))
    }

    fn all<T>(&self, with: impl FnOnce(&mut HashMap<i64, PrebookRequest>) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A run's claim on a prebooking.
#[derive(Debug)]
pub(super) struct Claim<'c> {
    store: &'c Store,
    claims: &'c Claims,
    prebooking: &'c Prebooking,
    owner: &'c str,
    /// the class that was last written down as intended
    intended: Mutex<Option<String>>,
}

impl<'c> Claim<'c> {
    pub(super) fn of(run: &'c Run<'_>, prebooking: &'c Prebooking) -> Self {
        Self {
            store: run.shared.sessions.store,
            claims: &run.claims,
            prebooking,
            owner: &run.owner,
            intended: Mutex::new(prebooking.class_id.clone()),
        }
    }
}

impl Errand for Claim<'_> {
    fn seems_wanted(&self) -> bool {
        self.claims.has(self.prebooking)
    }

    /// Still claimed by this run, neither removed nor changed by hand?
    fn is_wanted(&self) -> bool {
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

    fn intend(&self, class_id: &str) {
        let mut intended = self.intended.lock().unwrap_or_else(PoisonError::into_inner);
        if intended.as_deref() == Some(class_id) {
            return;
        }
        match self.store.intend(self.prebooking.id, self.owner, class_id) {
            Ok(()) => *intended = Some(class_id.to_owned()),
            Err(e) => log::warn!(
                "prebooking {}: the class to be booked could not be written down: {e}",
                self.prebooking.id
            ),
        }
    }

    fn refused_at(&self) -> Option<DateTime<Utc>> {
        let shots = self.store.shots(self.prebooking.id).unwrap_or_default();
        let early = |shot: &&Shot| shot.outcome == Outcome::TooEarly.name();
        shots.iter().rev().find(early).map(|shot| shot.sent_at)
    }
}
