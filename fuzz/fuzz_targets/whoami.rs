//! Arbitrary bytes as the answer of whoami (protocol.md §4).

#![no_main]

aimharder_fuzz::target!(answers::whoami);
