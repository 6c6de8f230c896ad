//! A run's claim on a prebooking: whether it still holds, and what a later run finds if the run dies.

use chrono::{DateTime, Utc};

use super::context::RunContext;
use crate::model::prebooking::Prebooking;

/// A run's claim on a prebooking.
#[derive(Debug)]
pub(super) struct Claim<'c> {
    context: &'c RunContext<'c>,
    pub(super) prebooking: &'c Prebooking,
    /// The class that is stored as the one to be requested.
    intended: Option<String>,
}

impl<'c> Claim<'c> {
    pub(super) fn new(context: &'c RunContext<'c>, prebooking: &'c Prebooking) -> Self {
        Self {
            context,
            prebooking,
            intended: prebooking.class_id.clone(),
        }
    }

    /// Whether the claim held, and the prebooking was unchanged, at the run's last look at the store.
    pub(super) fn held_lately(&self) -> bool {
        let Prebooking { id, request, .. } = self.prebooking;
        let is_held = |claimed: &Prebooking| claimed.request == *request;
        self.context
            .with_claims(|claims| claims.get(id).is_some_and(is_held))
    }

    /// Whether the claim holds and the prebooking is unchanged now. Read before every request.
    pub(super) fn holds(&self) -> bool {
        match self.context.sessions.store.peek(self.prebooking.id) {
            Ok(Some(now)) => {
                now.owner.as_ref() == Some(&self.context.owner)
                    && now.request == self.prebooking.request
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
    pub(super) fn intend(&mut self, class_id: &str) {
        if self.intended.as_deref() == Some(class_id) {
            return;
        }
        let (id, owner) = (self.prebooking.id, &self.context.owner);
        match self.context.sessions.store.intend(id, owner, class_id) {
            Ok(()) => self.intended = Some(class_id.to_owned()),
            Err(e) => {
                log::warn!("prebooking {id}: the class to be booked could not be stored: {e}");
            }
        }
    }

    /// When an earlier execution was last refused as too early.
    pub(super) fn refused_at(&self) -> Option<DateTime<Utc>> {
        let store = self.context.sessions.store;
        let refused = store.refused_as_too_early(self.prebooking.id);
        refused.unwrap_or_default()
    }
}
