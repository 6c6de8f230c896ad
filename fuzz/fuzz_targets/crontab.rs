//! Arbitrary bytes as a crontab.

#![no_main]

aimharder_fuzz::target!(lines::crontab);
