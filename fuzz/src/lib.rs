//! The fuzz targets' checks are those of `cargo test --test properties`: said once, used twice.

#[path = "../../tests/properties/checks/mod.rs"]
pub mod checks;

/// A target that runs one of the checks.
#[macro_export]
macro_rules! target {
    ($($check:ident)::+) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| aimharder_fuzz::checks::$($check)::+(data));
    };
}
