#![no_main]

aimharder_fuzz::target!(answers::next_bookings);
