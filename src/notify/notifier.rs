//! Notifications of a run: they are sent by a thread of their own, so that a channel that hangs delays neither bookings nor the
//! claim of further prebookings.
//!
//! What is queued while the thread is busy is sent together. At the end of the run [`Notifier::finish`] waits for the rest,
//! at most [`time_limit`]. After a signal all notifications have two seconds together ([`signals`]); until then the program
//! waits for what was queued, because a guard goes along with it.

use std::collections::BTreeSet;
use std::iter;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use log::Level;

use super::Notice;
use super::deliver::{deliver, shown_limit, time_limit};
use crate::clock;
use crate::config::{Config, Event};
use crate::model::account::Account;
use crate::signals::{self, Handover, SignalGuard};

/// An event, and the guard that keeps the program from ending before it is sent.
type Queued = (Notice, Option<Handover>);

/// Sends the notifications of one run.
#[derive(Debug)]
pub struct Notifier {
    /// The queue of the thread, and what ends with it; `None` if no channel is configured.
    thread: Option<(Sender<Queued>, Receiver<()>)>,
}

impl Notifier {
    /// Starts the thread, if there is a channel. Texts name the account of an event unless it is `main`.
    pub fn start(config: &Config, main: Option<Account>) -> Self {
        if config.notify.is_empty() {
            return Self { thread: None };
        }
        let (queue, queued) = mpsc::channel::<Queued>();
        let (done, is_done) = mpsc::channel();
        let config = config.clone();
        let send_all = move || {
            // a channel that fails is a warning once
            let mut warned = BTreeSet::new();
            while let Ok(first) = queued.recv() {
                let all = iter::once(first).chain(queued.try_iter());
                let (notices, _guards): (Vec<_>, Vec<_>) = all.unzip();
                send(&config, main.as_ref(), &notices, &mut warned);
            }
            // the run may have stopped waiting
            let _ = done.send(());
        };
        // without a thread the queue is closed, which is reported with each event
        let _ = thread::Builder::new()
            .name("notifications".into())
            .spawn(send_all);
        Self {
            thread: Some((queue, is_done)),
        }
    }

    /// Queues an event for every channel that wants it.
    pub fn send(&self, notice: Notice) {
        let Some((queue, _)) = &self.thread else {
            return;
        };
        let guard = signals::try_signal_guard("notification").map(SignalGuard::hand_over);
        if queue.send((notice, guard)).is_err() {
            log::warn!("a notification was not sent: its thread has ended");
        }
    }

    /// Waits until every notification was sent or has failed: at most 30 s, and after a signal at most two seconds.
    pub fn finish(self) {
        let Some((queue, is_done)) = self.thread else {
            return;
        };
        drop(queue);
        let limit = time_limit();
        if clock::receive_notified(&is_done, clock::steady() + limit).is_none() {
            let limit = shown_limit(limit);
            log::warn!("not all notifications were sent within {limit}");
        }
    }
}

/// Sends the events to every channel that wants them. A channel that fails is a warning, unless it is in `warned`.
fn send(config: &Config, main: Option<&Account>, notices: &[Notice], warned: &mut BTreeSet<usize>) {
    let wanted = |on: &[Event]| {
        let wanted = notices.iter().filter(|notice| on.contains(&notice.event));
        wanted.cloned().collect()
    };
    for report in deliver(config, main, time_limit(), wanted) {
        let (number, channel) = (report.number, report.channel);
        if let Some(why) = report.error {
            let is_new = warned.insert(number);
            let level = if is_new { Level::Warn } else { Level::Info };
            log::log!(level, "[[notify]] {number} ({channel}): {why}");
        }
    }
}
