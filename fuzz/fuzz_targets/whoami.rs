#![no_main]

aimharder_fuzz::target!(answers::whoami);
