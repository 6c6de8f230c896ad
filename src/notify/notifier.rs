//! Notifications while a run goes on: they are sent by a thread of their own, so that a channel that hangs delays neither
//! bookings nor the claim of further prebookings.
//!
//! What is queued while the thread is busy is sent together. At the end of the run [`Notifier::finish`] waits for the rest,
//! at most [`LIMIT`]. After a signal all notifications have two seconds together ([`signals`]); until then the program waits
//! for what was queued, because a guard goes along with it.

use std::collections::BTreeSet;
use std::iter;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use super::deliver::limit;
use super::{Notice, send, send_or_warn};
use crate::clock;
use crate::config::Config;
use crate::model::account::Account;
use crate::signals::{self, Handover, SignalGuard};

/// The longest wait of the end of a run for its notifications.
const LIMIT: Duration = Duration::from_secs(30);

/// An event, and the guard that keeps the program from ending before it is sent.
type Queued = (Notice, Option<Handover>);

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
        let (queue, queued) = mpsc::channel::<Queued>();
        let (done, is_done) = mpsc::channel();
        let (own_config, own_main) = (config.clone(), main.clone());
        let send_all = move || {
            // a channel that fails is a warning once
            let mut warned = BTreeSet::new();
            while let Ok(first) = queued.recv() {
                let all = iter::once(first).chain(queued.try_iter());
                let (notices, _guards): (Vec<_>, Vec<_>) = all.unzip();
                send_or_warn(&own_config, own_main.as_ref(), &notices, &mut warned);
            }
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
        let Some((queue, _)) = &self.thread else {
            return send(self.config, self.main.as_ref(), &[notice]);
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
        let end = clock::steady() + clock::scaled(LIMIT);
        if clock::receive_notified(&is_done, end).is_none() {
            log::warn!("not all notifications were sent within {}", limit(LIMIT));
        }
    }
}
