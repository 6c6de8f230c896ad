//! Arbitrary bytes as days as people write them.

#![no_main]

aimharder_fuzz::target!(written::days);
