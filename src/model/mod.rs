//! Values that all other modules use: accounts, boxes, classes, days, times, zones, opening rules, sessions, prebookings; and
//! how they are read from what people and the platform write. Pure: no clock, no I/O.

pub mod account;
pub mod box_profile;
pub mod class;
pub mod day;
pub mod instant;
pub mod label;
pub mod opening;
pub mod prebooking;
pub mod session;
pub mod time;
pub mod weekly;
pub mod zone;
