#![no_main]

aimharder_fuzz::target!(pages::set_refresh);
