//! Arbitrary bytes as the texts of a workout (protocol.md §9).

#![no_main]

aimharder_fuzz::target!(lines::notes);
