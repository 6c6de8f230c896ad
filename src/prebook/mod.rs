//! Prebooking: when and what to fire.
//!
//! ```text
//! run ── scan the store ── claim ── one thread each ── settle ── scan again, until nothing is left
//!                                      │
//!   a minute before: session fresh, its lock shared ── class looked up ── server clock measured
//!   two seconds before: connection warm ── sleep ── send ── too early? again, quickly, then slower
//!                                                     └─ no response? the row decides (promise 6)
//! ```
//!
//! * `plan` – when to try what (pure)
//! * `server_clock`, `host_clock` – the server's clock out of `Date` headers
//! * `timing` – waiting for the instant
//! * `job` – what firing takes: session, box, clock, deadline
//! * `class` – one class: looked up, fired at its instant; `attempt` – send, repeat, settle
//! * `executor` – one prebooking, with its alternatives; `ending` – how it can end
//! * `queue` – what a run takes; `claim` – its claims; `run` – many of them, a thread each; `settled` – what
//!   is stored and reported
//! * `wait` – a person who waits for one class (`book --wait`)
//! * `waitlist` – waiting-list places until the class starts
//! * `weekly` – weekly rules become prebookings
//!
//! Nothing here prints.

pub mod plan;
pub mod weekly;

mod attempt;
mod backoff;
mod claim;
mod class;
mod ending;
mod executor;
mod host_clock;
mod job;
mod queue;
mod run;
mod server_clock;
mod settled;
#[cfg(test)]
mod simulation;
mod timing;
mod wait;
mod waitlist;

pub use ending::{Ending, Fired};
pub use job::Place;
pub use queue::Places;
pub use run::Run;
pub use settled::{News, Settled};
pub use wait::{NextTry, Stay, Stayed, next_try};
