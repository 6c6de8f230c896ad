//! The checks of the fuzz targets are those of `cargo test --test properties`.

#[path = "../../tests/properties/checks/mod.rs"]
pub mod checks;

/// A target that runs a check.
#[macro_export]
macro_rules! target {
    ($($check:ident)::+) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| aimharder_fuzz::checks::$($check)::+(data));
    };
}
