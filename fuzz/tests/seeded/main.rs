//! The targets without a fuzzer: inputs with a seed, and every input that once broke a promise.
//!
//! The same functions as under the fuzzer see fewer inputs here, but wherever there is a stable
//! compiler. `SHADOWVOL_LONG=1` runs more. Memory is metered: no input makes the engine take more
//! than [`MOST`], whatever sizes it claims.
//!
//! What an input in `regressions` means depends on the types that it becomes, which change; so each
//! fault also has a test of its own, in `core/tests/hostile.rs` or where it was.

mod meter;

use core::panic::AssertUnwindSafe;
use std::fs;
use std::panic::{catch_unwind, resume_unwind};
use std::path::Path;

use shadowvol_fuzz::{Random, files, opening, records, sequence};

use self::meter::Meter;

#[global_allocator]
static METER: Meter = Meter;

/// Bytes of memory that one input may take, with the real images that all begin with.
const MOST: usize = 48 << 20;

/// Runs a target, and says for which input it failed.
fn run(target: fn(&[u8]), input: &[u8], what: &str) {
    Meter::begin();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("{what}: {} bytes {input:02x?}", input.len());
        resume_unwind(panic);
    }
    let peak = Meter::peak();
    assert!(peak < MOST, "{what} took {peak} bytes of memory");
}

fn run_seeds(target: fn(&[u8]), seeds: u64, most: u64) {
    let long = std::env::var_os("SHADOWVOL_LONG").is_some_and(|value| value != "0");
    for seed in 0..if long { seeds * 100 } else { seeds } {
        let input = Random(seed).input(most);
        run(target, &input, &format!("seed {seed}"));
    }
}

fn run_regressions(target: fn(&[u8]), name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(name);
    let mut inputs = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        run(target, &fs::read(&path).expect("a file"), &path.display().to_string());
        inputs += 1;
    }
    assert!(inputs > 0, "there are inputs that broke something once");
}

#[test]
fn the_files_of_any_image_are_told_or_its_damage_is() {
    run_seeds(files, 20_000, 100);
}

#[test]
fn any_bytes_are_opened_with_an_error_or_soundly() {
    run_regressions(opening, "opening");
    run_seeds(opening, 800, 600);
}

#[test]
fn what_parses_is_emitted_as_what_parses_to_the_same() {
    run_regressions(records, "records");
    run_seeds(records, 30_000, 2000);
}

#[test]
fn any_sequence_does_what_byte_arrays_do() {
    run_seeds(sequence, 3000, 3000);
}
