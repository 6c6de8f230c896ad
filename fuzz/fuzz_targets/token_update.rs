//! Arbitrary bytes as the answer of tokenUpdate (protocol.md §3).

#![no_main]

aimharder_fuzz::target!(answers::token_update);
