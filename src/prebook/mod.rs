//! Prebooking: when and what to fire.
//!
//! ```text
//! run ── scan the store ── claim ── one thread each ── settle ── scan again, until nothing is left
//!                                      │
//!   a minute before: session fresh, its lock shared ── class looked up ── server clock measured
//!   two seconds before: connection warm ── sleep ── send ── too early? again, quickly, then slower
//!                                                     └─ no answer? the row tells (promise 6)
//! ```
//!
//! * `plan` – when to try what (pure)
//! * `server_clock`, `host_clock` – the server's clock out of `Date` headers
//! * `aim` – waiting for the instant
//! * `job` – what firing takes: session, box, clock, deadline
//! * `class` – one class: looked up, fired at its instant; `shoot` – send, repeat, settle
//! * `story` – one prebooking, with its alternatives; `ending` – how it can end
//! * `round` – what a run takes; `claim` – its claims; `run` – many of them, a thread each; `settled` – what
//!   is stored and told of each
//! * `stay` – a person who waits for one class (`book --wait`)
//! * `follow` – waiting-list places until the class starts
//! * `unfold` – weekly rules become prebookings
//!
//! Nothing here prints.

pub mod plan;
pub mod unfold;

mod aim;
mod claim;
mod class;
mod ending;
mod follow;
mod host_clock;
mod job;
mod round;
mod run;
mod server_clock;
mod settled;
mod shoot;
mod stay;
mod story;

pub use ending::{Ending, Fired};
pub use job::Place;
pub use round::Places;
pub use run::Run;
pub use settled::{News, Settled};
pub use stay::{NextTry, Stay, Stayed, next_try};
