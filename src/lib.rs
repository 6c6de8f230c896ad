//! `aimharder` books gym classes on the AimHarder platform.

pub mod config;
pub mod model;
pub mod opening;
pub mod secret;
pub mod text;
pub mod zone;
