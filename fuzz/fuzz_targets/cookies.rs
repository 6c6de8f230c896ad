#![no_main]

aimharder_fuzz::target!(cookies::cookies);
