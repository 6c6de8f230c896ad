//! `prebook`: what is requested, when, and what is stored of it.

mod again;
mod alternatives;
mod broken_off;
mod class;
mod clock;
mod doubt;
mod kill;
mod limits;
mod look;
mod lost;
mod manage;
mod outage;
mod queue;
mod random;
mod repeats;
mod run_faults;
mod same_class;
mod sequence;
mod share;
mod too_early;
mod troubles;
mod undisturbed;
mod unsent;
mod waitlist;
mod watch;
