//! Arbitrary bytes as a response that is recorded.

#![no_main]

aimharder_fuzz::target!(lines::recording);
