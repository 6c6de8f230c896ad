//! `aimharder` books gym classes on the AimHarder platform.

pub mod aimharder;
pub mod booking;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod exit;
pub mod interrupt;
pub mod logs;
pub mod model;
pub mod notify;
pub mod opening;
pub mod output;
pub mod password;
pub mod prebook;
mod process;
pub mod secret;
pub mod sessions;
pub mod status;
pub mod store;
pub mod text;
mod tls;
pub mod told;
pub mod zone;
