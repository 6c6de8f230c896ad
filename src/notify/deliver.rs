//! Sends to all channels at the same time and waits until they end or time out. Threads are not joined: one that hangs
//! ends with the program.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use super::channel::{self, Delivery, Terms};
use crate::clock;

/// What threads need to report back after the time is up.
const GRACE: Duration = Duration::from_millis(500);

/// How one channel took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// its place among the config's `[[notify]]`, from 1
    pub number: usize,
    /// its kind: the key in the config
    pub channel: &'static str,
    /// why not all notices were sent; without URL, token or body
    pub error: Option<String>,
}

/// Sends all deliveries. The reports are in their order.
pub(super) fn deliver(deliveries: Vec<Delivery>, terms: &Terms) -> Vec<Report> {
    let end = clock::steady() + terms.whole;
    let (to, from) = mpsc::channel();
    let mut reports = Vec::with_capacity(deliveries.len());
    for (index, delivery) in deliveries.into_iter().enumerate() {
        reports.push(Report {
            number: delivery.number,
            channel: delivery.channel.name(),
            error: Some(format!("not sent within {} s", terms.whole.as_secs())),
        });
        let (to, terms) = (to.clone(), terms.clone());
        // if no thread can be started, the channel is reported as not sent
        let _ = thread::Builder::new()
            .name("notify".into())
            .spawn(move || to.send((index, run(&delivery, &terms, end))));
    }
    drop(to);
    collect(&mut reports, &from, end + GRACE);
    reports
}

/// Delivers within the usual limits. A channel that fails is a warning.
pub(super) fn deliver_or_warn(deliveries: Vec<Delivery>) {
    for report in deliver(deliveries, &Terms::default()) {
        if let Some(why) = &report.error {
            log::warn!("[[notify]] {} ({}): {why}", report.number, report.channel);
        }
    }
}

fn collect(reports: &mut [Report], from: &Receiver<(usize, Option<String>)>, end: Instant) {
    while let Some((index, error)) = clock::receive_notified(from, end) {
        if let Some(report) = reports.get_mut(index) {
            report.error = error;
        }
    }
}

/// One notice after the other: a channel shows them in the order in which they happened.
fn run(delivery: &Delivery, terms: &Terms, end: Instant) -> Option<String> {
    let mut reported = 0;
    let mut first = None;
    for notice in &delivery.notices {
        match channel::deliver(delivery, notice, terms, end) {
            Ok(()) => {
                reported += 1;
                log::info!(
                    "[[notify]] {} ({}) sent: {}",
                    delivery.number,
                    delivery.channel.name(),
                    notice.event.name()
                );
            }
            Err(why) => first = first.or(Some(why)),
        }
    }
    let all = delivery.notices.len();
    first.map(|why| match all {
        1 => why,
        all => format!("{} of {all} notices not sent: {why}", all - reported),
    })
}
