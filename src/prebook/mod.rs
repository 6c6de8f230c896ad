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
//! * `fire` – one prebooking's story, with its alternatives
//! * `shoot` – one class: send, repeat, settle
//! * `follow` – waiting-list places until the class starts
//! * `unfold` – weekly rules become prebookings
//! * `run` – many of them, shared with other runs
//!
//! Nothing here prints.

pub mod plan;
pub mod unfold;

mod aim;
mod fire;
mod follow;
mod host_clock;
mod run;
mod server_clock;
mod shoot;

pub use fire::{Ending, Fired};
pub use run::{Place, Run, Settled};
