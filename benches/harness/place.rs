//! Where the files of a bench lie.

use std::env;
use std::path::PathBuf;

/// A folder on a kind of storage.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is called in the tables.
    pub name: &'static str,
    /// The folder.
    pub path: PathBuf,
}

/// Memory and disk, as far as they are chosen and there.
#[must_use]
pub fn places() -> Vec<Place> {
    let all = [("tmpfs", PathBuf::from("/dev/shm")), ("disk", PathBuf::from("/var/tmp"))];
    all.into_iter()
        .filter(|(name, path)| path.is_dir() && is_chosen(name))
        .map(|(name, path)| Place { name, path })
        .collect()
}

/// Whether `SHADOWVOL_BENCH_PLACES` names this place, or none.
#[must_use]
pub fn is_chosen(place: &str) -> bool {
    let chosen = env::var("SHADOWVOL_BENCH_PLACES").unwrap_or_default();
    chosen.is_empty() || chosen.contains(place)
}
