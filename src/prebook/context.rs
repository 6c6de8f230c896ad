//! What the threads of a run share.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::backoff::Backoff;
use super::booked_days::BookedDays;
use super::host_clock::HostClock;
use crate::model::account::Account;
use crate::model::box_profile::BoxProfile;
use crate::model::prebooking::Prebooking;
use crate::sessions::{SessionManager, SessionSelector};

/// Finds a box by its name; an error says why it is unknown.
pub type Profiles<'p> = dyn Fn(&str) -> Result<BoxProfile, String> + Sync + 'p;

/// The clock of a box's host, and the back-off from it.
type Host = (Arc<HostClock>, Arc<Backoff>);

/// What the threads of a run share.
#[derive(Debug)]
pub struct RunContext<'r> {
    /// The sessions of the store.
    pub(super) sessions: &'r SessionManager<'r>,
    /// The session that acts. A device session acts for one account only.
    pub(super) selector: SessionSelector,
    /// The account whose prebookings are taken. `None`: all accounts.
    pub account: Option<&'r Account>,
    /// The box whose prebookings are taken. `None`: all boxes.
    pub box_name: Option<&'r str>,
    /// How far ahead an opening may be for its prebooking to be taken, by this machine's clock.
    pub horizon: Duration,
    /// How long after the opening an attempt is repeated.
    pub give_up: Duration,
    /// The interval at which the schedules of watched classes are read.
    pub watch_every: Duration,
    /// The run's name in claims.
    pub(super) owner: String,
    hosts: Mutex<HashMap<String, Host>>,
    /// The number of threads that are about to send their first request.
    pub(super) firing: AtomicUsize,
    pub(super) days: BookedDays,
}

impl<'r> RunContext<'r> {
    /// The context of a run for all accounts without a horizon.
    pub fn new(
        sessions: &'r SessionManager<'r>,
        selector: SessionSelector,
        give_up: Duration,
    ) -> Self {
        Self {
            sessions,
            selector,
            account: None,
            box_name: None,
            horizon: Duration::MAX,
            give_up,
            watch_every: Duration::MAX,
            owner: format!("{}-{:08x}", std::process::id(), fastrand::u32(..)),
            hosts: Mutex::default(),
            firing: AtomicUsize::new(0),
            days: BookedDays::default(),
        }
    }

    /// Whether the run takes prebookings of this box.
    pub(super) fn takes(&self, prebooking: &Prebooking) -> bool {
        self.box_name
            .is_none_or(|name| prebooking.request.gym == name)
    }

    /// The clock of a box's host, and the back-off from it, which all threads of the run share.
    pub(super) fn host(&self, host: &str) -> Host {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || (Arc::new(HostClock::new(host)), Arc::default());
        hosts.entry(host.to_owned()).or_insert_with(new).clone()
    }
}
