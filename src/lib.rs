//! Book gym classes on the AimHarder platform: what the binary is made of.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::too_many_lines
    )
)]

pub mod aimharder;
pub mod config;
pub mod model;
pub mod opening;
pub mod secret;
pub mod text;
pub mod zone;
