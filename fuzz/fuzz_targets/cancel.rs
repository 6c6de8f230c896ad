//! Arbitrary bytes as the answer of /api/cancelBook (protocol.md §7).

#![no_main]

aimharder_fuzz::target!(answers::cancel);
