//! Where the files of a bench lie.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use tempfile::TempDir;

/// What the folders' names begin with; the number of the process follows.
const PREFIX: &str = "shadowvol-bench.";

/// A folder on a kind of storage.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is called in the tables.
    pub name: &'static str,
    /// The folder.
    pub path: PathBuf,
}

impl Place {
    /// A folder here for a bench, which goes with the value. What benches have left that were stopped
    /// goes, too.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn folder(&self) -> io::Result<TempDir> {
        for left in fs::read_dir(&self.path)?.filter_map(Result::ok) {
            if left.file_name().to_str().is_some_and(is_left_behind) {
                // Another bench may have begun to remove it.
                let _ = fs::remove_dir_all(left.path());
            }
        }
        let prefix = format!("{PREFIX}{}.", process::id());
        tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.path)
    }
}

/// Whether a folder is that of a process that has ended, where that can be seen.
fn is_left_behind(name: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
    let processes = Path::new("/proc");
    rest.is_some_and(|(process, _)| {
        processes.join("self").exists() && !processes.join(process).exists()
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_stopped_bench_has_left_goes_with_the_next_one() {
        let here = tempfile::tempdir().expect("a folder");
        let place = Place { name: "here", path: here.path().to_owned() };
        let (dead, other) = (here.path().join(format!("{PREFIX}0.x")), here.path().join("other"));
        fs::create_dir(&dead).and_then(|()| fs::create_dir(&other)).expect("folders");
        let (first, second) = (place.folder().expect("one"), place.folder().expect("another"));
        assert!(first.path().exists() && second.path().exists() && other.exists());
        assert!(!dead.exists());
    }
}
