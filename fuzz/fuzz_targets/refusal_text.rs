#![no_main]

aimharder_fuzz::target!(words::refusal_text);
