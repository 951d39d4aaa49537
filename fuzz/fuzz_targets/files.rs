//! See `shadowvol_fuzz::files`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| shadowvol_fuzz::files(data));
