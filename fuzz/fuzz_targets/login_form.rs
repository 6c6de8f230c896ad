#![no_main]

aimharder_fuzz::target!(pages::login_form);
