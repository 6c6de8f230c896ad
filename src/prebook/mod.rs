//! Prebookings: executed at the instant booking opens.
//!
//! ```text
//! run ── claim what is due ── one thread each ── store, report ── look again, until nothing is left
//!                                  │
//!   a minute before: session fresh, its lock shared ── class looked up ── server clock measured
//!   two seconds before: connection open ── sleep ── request ── too early? again, quickly, then slower
//!                                                      └─ no response? the row decides (promise 6)
//! ```
//!
//! * `run` – a run: its loop and its threads; `context` – what the threads share
//! * `queue` – what a run takes and claims
//! * `executor` – one prebooking with its choices; `waitlist` – a place on a waiting list
//! * `task` – session, box, clock and deadline of an execution; `class` – one class; `timing` – waiting for the opening;
//!   `attempt` – requesting, repeating and settling
//! * `result` – the result, and the table of what each outcome means
//! * `plan` – when to try what; `server_clock`, `host_clock` – the server's clock from `Date` headers; `backoff` – outages
//! * `booked_days`, `same_day` – what the requests of a day have to do with each other
//! * `watch` – full classes of prebookings with `--watch`; `wait` – `book --wait`
//! * `weekly` – weekly rules become prebookings
//!
//! Nothing here prints.

pub mod plan;
pub mod weekly;

mod attempt;
mod backoff;
mod booked_days;
mod class;
mod context;
mod executor;
mod host_clock;
mod queue;
mod result;
mod run;
mod same_day;
mod server_clock;
#[cfg(test)]
mod simulation;
mod task;
mod timing;
mod wait;
mod waitlist;
mod watch;

pub use context::{Profiles, RunContext};
pub use result::{Meaning, PrebookResult};
pub use run::{Report, Run};
pub use wait::{BookingEnd, Wait};
