//! See `shadowvol_fuzz::sequence`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| shadowvol_fuzz::sequence(data));
