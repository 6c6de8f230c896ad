//! Arbitrary bytes as times and durations as people write them.

#![no_main]

aimharder_fuzz::target!(written::times);
