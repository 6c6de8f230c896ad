//! Notifications of a run: each channel has a thread of its own that sends them, so that a channel that hangs delays neither
//! bookings, nor the claim of further prebookings, nor the other channels.
//!
//! What is queued while a thread is busy is sent together. At the end of the run [`Notifier::finish`] waits for the rest,
//! at most [`time_limit`]. After a signal all notifications have two seconds together ([`signals`]); until then the program
//! waits for what was queued, because a guard goes along with it.

use std::iter;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use log::Level;

use super::Notice;
use super::deliver::{GRACE, deliver, shown_limit, time_limit};
use crate::clock;
use crate::config::{Config, Event};
use crate::model::account::Account;
use crate::signals::{self, Handover, SignalGuard};

/// An event, and the guard that keeps the program from ending before it is sent.
type Queued = (Notice, Option<Handover>);

/// Sends the notifications of one run.
#[derive(Debug)]
pub struct Notifier {
    /// The events that each channel wants, and the queue of its thread.
    channels: Vec<(Vec<Event>, Sender<Queued>)>,
    /// Receives a value from each thread that has ended.
    is_done: Receiver<()>,
    /// When the threads must have ended, once [`Notifier::finish`] is called.
    end: Arc<OnceLock<Instant>>,
}

impl Notifier {
    /// Starts a thread for each channel. Texts name the account of an event unless it is `main`.
    pub fn start(config: &Config, main: Option<&Account>) -> Self {
        let (done, is_done) = mpsc::channel();
        let run_end = Arc::new(OnceLock::new());
        let mut channels = Vec::new();
        for (number, notify) in (1..).zip(config.notify.clone()) {
            let (queue, queued) = mpsc::channel::<Queued>();
            channels.push((notify.on.clone(), queue));
            let (main, done, run_end) = (main.cloned(), done.clone(), Arc::clone(&run_end));
            let send_all = move || {
                // a channel that fails is a warning once
                let mut level = Level::Warn;
                while let Ok(first) = queued.recv() {
                    let all = iter::once(first).chain(queued.try_iter());
                    let (notices, _guards): (Vec<_>, Vec<_>) = all.unzip();
                    let end = run_end.get().copied();
                    let end = end.unwrap_or_else(sending_end);
                    let channel = [(number, &notify)];
                    for report in deliver(channel, main.as_ref(), end, |_| notices.clone()) {
                        if let Some(why) = report.error {
                            log::log!(level, "[[notify]] {number} ({}): {why}", report.channel);
                            level = Level::Info;
                        }
                    }
                }
                // the run may have stopped waiting
                let _ = done.send(());
            };
            // without a thread the queue is closed, which is reported with each event
            let _ = thread::Builder::new()
                .name("notifications".into())
                .spawn(send_all);
        }
        Self {
            channels,
            is_done,
            end: run_end,
        }
    }

    /// Queues an event for every channel that wants it.
    pub fn send(&self, notice: &Notice) {
        for (on, queue) in &self.channels {
            if !on.contains(&notice.event) {
                continue;
            }
            let guard = signals::try_signal_guard("notification").map(SignalGuard::hand_over);
            if queue.send((notice.clone(), guard)).is_err() {
                log::warn!("a notification was not sent: its thread has ended");
            }
        }
    }

    /// Waits until every notification was sent or has failed: at most 30 s, and after a signal at most two seconds.
    pub fn finish(self) {
        let threads = self.channels.len();
        let end = clock::steady() + time_limit();
        self.end.get_or_init(sending_end);
        drop(self.channels);
        let mut ended = (0..threads).map(|_| clock::receive_notified(&self.is_done, end));
        if ended.any(|ended| ended.is_none()) {
            let limit = shown_limit();
            log::warn!("not all notifications were sent within {limit}");
        }
    }
}

/// When what is sent from now on must have ended, so that the thread of a channel that hangs can report it in time.
fn sending_end() -> Instant {
    clock::steady() + time_limit().saturating_sub(GRACE * 2)
}
