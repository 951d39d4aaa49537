//! Writes inputs for the fuzzer to begin with: `corpus FOLDER`.
//!
//! They are the seeds of the tests: long enough to become several changes of a real image, or a
//! sequence of some length, which a fuzzer that begins with nothing takes long to find.

use std::io;
use std::path::PathBuf;

use shadowvol_fuzz::Random;

/// The targets, and how long an input of each may be.
const TARGETS: [(&str, u64); 4] =
    [("files", 100), ("opening", 600), ("records", 2000), ("sequence", 3000)];
const INPUTS: u64 = 300;

fn main() -> io::Result<()> {
    let folder = std::env::args_os().nth(1).map_or_else(|| "fuzz/corpus".into(), PathBuf::from);
    for (target, most) in TARGETS {
        std::fs::create_dir_all(folder.join(target))?;
        for seed in 0..INPUTS {
            let path = folder.join(target).join(format!("seed-{seed}"));
            std::fs::write(path, Random(seed).input(most))?;
        }
    }
    Ok(())
}
