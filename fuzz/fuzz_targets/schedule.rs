//! Arbitrary bytes as a day of the schedule (protocol.md §5).

#![no_main]

aimharder_fuzz::target!(answers::schedule);
