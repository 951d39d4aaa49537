//! Where the files of a bench lie.

use std::path::PathBuf;

/// A folder on a kind of storage.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is called in the tables.
    pub name: &'static str,
    /// The folder.
    pub path: PathBuf,
}

/// Memory and disk; `SHADOWVOL_BENCH_PLACES` chooses one of them by name.
#[must_use]
pub fn places() -> Vec<Place> {
    let chosen = std::env::var("SHADOWVOL_BENCH_PLACES").unwrap_or_default();
    let all = [("tmpfs", PathBuf::from("/dev/shm")), ("disk", PathBuf::from("/var/tmp"))];
    all.into_iter()
        .filter(|(name, path)| path.is_dir() && (chosen.is_empty() || chosen.contains(name)))
        .map(|(name, path)| Place { name, path })
        .collect()
}
