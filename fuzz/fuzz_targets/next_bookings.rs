//! Arbitrary bytes as nextBookings (protocol.md §5).

#![no_main]

aimharder_fuzz::target!(answers::next_bookings);
