#![no_main]

aimharder_fuzz::target!(answers::token_update);
