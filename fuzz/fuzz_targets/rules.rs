//! Arbitrary bytes as opening rules as people write them.

#![no_main]

aimharder_fuzz::target!(written::rules);
