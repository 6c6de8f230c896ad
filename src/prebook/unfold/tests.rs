//! Which days a rule unfolds into, and that each becomes one prebooking.
