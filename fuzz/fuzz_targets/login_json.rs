#![no_main]

aimharder_fuzz::target!(answers::login_json);
