//! Arbitrary bytes as the page of setrefresh (protocol.md §2c).

#![no_main]

aimharder_fuzz::target!(pages::set_refresh);
