//! Arbitrary bytes as a page of workouts, and as the page that names their publisher (protocol.md §9).

#![no_main]

aimharder_fuzz::target!(answers::activity);
