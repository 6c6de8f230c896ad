//! Prebooking: when to ask for a class, and what to ask for. Nothing here prints.
//!
//! * `unfold` – weekly rules become prebookings

pub mod unfold;
