//! Book gym classes on the AimHarder platform: what the binary is made of.

pub mod aimharder;
pub mod model;
pub mod opening;
pub mod secret;
pub mod text;
pub mod zone;
