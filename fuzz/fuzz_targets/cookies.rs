//! Arbitrary bytes as Set-Cookie and Cookie (protocol.md §1).

#![no_main]

aimharder_fuzz::target!(cookies::cookies);
