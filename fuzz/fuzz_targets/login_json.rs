//! Arbitrary bytes as the answer of the JSON login (protocol.md §2a).

#![no_main]

aimharder_fuzz::target!(answers::login_json);
