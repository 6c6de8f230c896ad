//! Book gym classes on the AimHarder platform: what the binary is made of.

pub mod config;
pub mod model;
pub mod opening;
pub mod text;
pub mod zone;
