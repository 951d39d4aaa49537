//! See `shadowvol_fuzz::opening`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| shadowvol_fuzz::opening(data));
