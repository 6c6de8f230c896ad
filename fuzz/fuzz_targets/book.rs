//! Arbitrary bytes as the answer of /api/book (protocol.md §6).

#![no_main]

aimharder_fuzz::target!(answers::book);
