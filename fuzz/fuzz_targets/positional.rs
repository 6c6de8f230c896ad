//! Arbitrary bytes as the arguments of a command, one a line.

#![no_main]

aimharder_fuzz::target!(lines::positional);
