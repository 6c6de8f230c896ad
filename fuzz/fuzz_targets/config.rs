#![no_main]

aimharder_fuzz::target!(config::config);
