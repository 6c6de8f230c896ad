#![no_main]

aimharder_fuzz::target!(pages::home);
