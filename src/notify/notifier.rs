//! Notifications while a run goes on: they are sent by a thread of their own, so that a channel that hangs delays neither
//! bookings nor the claim of further prebookings.
//!
//! What is queued while the thread is busy is sent together. At the end of the run [`Notifier::finish`] waits for the rest,
//! at most [`LIMIT`]. After a signal all notifications have two seconds together ([`signals`]); until then the program waits
//! for what was queued, because a guard goes along with it.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use super::channel::Delivery;
use super::deliver::deliver_or_warn;
use super::{Notice, wanted};
use crate::clock;
use crate::config::Config;
use crate::model::account::Account;
use crate::signals::{self, Handover};

/// How long the end of a run waits for its notifications.
const LIMIT: Duration = Duration::from_secs(30);

/// What a thread is to deliver, and the guard that keeps the program from ending before.
type Queued = (Vec<Delivery>, Option<Handover>);

/// Sends the notifications of one run.
#[derive(Debug)]
pub struct Notifier<'c> {
    config: &'c Config,
    /// The account that texts do not name.
    main: Option<Account>,
    thread: Option<(Sender<Queued>, Receiver<()>)>,
}

impl<'c> Notifier<'c> {
    /// Starts the thread, if there is a channel.
    pub fn start(config: &'c Config, main: Option<Account>) -> Self {
        let (queue, queued) = mpsc::channel();
        let (done, is_done) = mpsc::channel();
        let send_all = move || {
            send_queued(&queued);
            // the run may have stopped waiting
            let _ = done.send(());
        };
        let has_channel = !config.notify.is_empty();
        let builder = || thread::Builder::new().name("notifications".into());
        let started = has_channel && builder().spawn(send_all).is_ok();
        Self {
            config,
            main,
            thread: started.then_some((queue, is_done)),
        }
    }

    /// Queues an event for every channel that wants it. Without a thread it is sent at once.
    pub fn send(&self, notice: Notice) {
        let deliveries = wanted(self.config, self.main.as_ref(), &[notice]);
        if deliveries.is_empty() {
            return;
        }
        match &self.thread {
            Some((queue, _)) => {
                let guard = signals::try_signal_guard("notification");
                let queued = (deliveries, guard.map(signals::SignalGuard::hand_over));
                if queue.send(queued).is_err() {
                    log::warn!("a notification was not sent: its thread has ended");
                }
            }
            None => deliver_or_warn(deliveries),
        }
    }

    /// Waits until every notification was sent or has failed: at most 30 s, and after a signal at most two seconds.
    pub fn finish(self) {
        let Some((queue, is_done)) = self.thread else {
            return;
        };
        drop(queue);
        let end = clock::steady() + clock::scaled(LIMIT);
        if clock::receive_notified(&is_done, end).is_none() {
            log::warn!(
                "not all notifications were sent within {} s",
                LIMIT.as_secs()
            );
        }
    }
}

/// Sends until the queue is closed.
fn send_queued(queued: &Receiver<Queued>) {
    while let Ok(first) = queued.recv() {
        let mut deliveries: Vec<Delivery> = Vec::new();
        let mut guards = Vec::new();
        for (more, guard) in std::iter::once(first).chain(queued.try_iter()) {
            guards.push(guard);
            for one in more {
                match deliveries
                    .iter_mut()
                    .find(|known| known.number == one.number)
                {
                    Some(known) => known.notices.extend(one.notices),
                    None => deliveries.push(one),
                }
            }
        }
        deliver_or_warn(deliveries);
        drop(guards);
    }
}
