//! Arbitrary bytes as config.toml.

#![no_main]

aimharder_fuzz::target!(config::config);
