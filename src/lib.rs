//! `aimharder` books gym classes on the AimHarder platform.

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
pub mod output;
pub mod password;
pub mod secret;
pub mod sessions;
pub mod store;
pub mod text;
pub mod zone;
