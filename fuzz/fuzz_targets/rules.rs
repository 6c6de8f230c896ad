#![no_main]

aimharder_fuzz::target!(written::rules);
