//! Arbitrary bytes as refusals that tell when booking opens (protocol.md §6).

#![no_main]

aimharder_fuzz::target!(words::refusal_text);
