//! See `shadowvol_fuzz::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| shadowvol_fuzz::records(data));
