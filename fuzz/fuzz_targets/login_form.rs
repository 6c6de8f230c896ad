//! Arbitrary bytes as the answer of the form login (protocol.md §2b).

#![no_main]

aimharder_fuzz::target!(pages::login_form);
