//! Arbitrary bytes as the links on /home (protocol.md §4).

#![no_main]

aimharder_fuzz::target!(pages::home);
