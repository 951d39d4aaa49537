//! Where the files of a repository are, and how they come and go.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::hash::Hash;
use crate::error::Error;
use crate::partial::{self, Partial, failed, sync_folder};

/// The most bytes of a file that is read at once: a configuration, a manifest.
pub(crate) const SMALL: usize = 1 << 20;

/// The folder of a repository.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.root.join("config")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn packs(&self) -> PathBuf {
        self.root.join("packs")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.root.join("index")
    }

    pub(crate) fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    pub(crate) fn pack(&self, name: &Hash) -> PathBuf {
        self.packs().join(name.to_string())
    }

    pub(crate) fn table(&self, name: &Hash) -> PathBuf {
        self.index().join(name.to_string())
    }

    /// Whether there is nothing but what the making of a repository begins with: it may have been
    /// interrupted.
    pub(crate) fn is_new(&self) -> Result<bool, Error> {
        let folders = [self.packs(), self.index(), self.backups()];
        let is_ours = |name: &String| {
            let path = self.root.join(name);
            path == self.lock() || folders.contains(&path) || name.ends_with(partial::ENDING)
        };
        if !names(&self.root)?.iter().all(is_ours) {
            return Ok(false);
        }
        let is_there = |folder: &&PathBuf| folder.is_dir();
        let inside = folders.iter().filter(is_there).map(|folder| names(folder));
        Ok(inside.collect::<Result<Vec<_>, _>>()?.iter().all(Vec::is_empty))
    }

    /// Removes what writers that are no more have left half made. Nobody may be writing.
    pub(crate) fn sweep(&self) -> Result<(), Error> {
        for folder in [self.packs(), self.index(), self.backups()] {
            for name in names(&folder)? {
                if name.ends_with(partial::ENDING) {
                    remove(&folder.join(name))?;
                }
            }
        }
        Ok(())
    }
}

/// The names in a folder that are hashes, in order.
pub(crate) fn hashes(folder: &Path) -> Result<Vec<Hash>, Error> {
    let mut found: Vec<_> = names(folder)?.iter().filter_map(|name| Hash::parse(name)).collect();
    found.sort_unstable();
    Ok(found)
}

/// All names in a folder.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let listed: io::Result<Vec<_>> = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into())).collect()
    });
    listed.map_err(|source| failed("listing", folder, source))
}

/// Removes a file that may be gone already.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(failed("removing", path, source))
        }
        _ => Ok(()),
    }
}

/// Removes files of one folder, and makes that durable.
pub(crate) fn remove_all(paths: &[PathBuf]) -> Result<(), Error> {
    paths.iter().try_for_each(|path| remove(path))?;
    paths.first().map_or(Ok(()), |path| sync_folder(path))
}

/// Reads a file of [`SMALL`] bytes at most, and none of a larger one: no writer has made that.
pub(crate) fn read_small(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(SMALL as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= SMALL).then_some(bytes))
}

/// Writes a small file that is whole or not there.
pub(crate) fn publish(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let partial = Partial::create(path)?;
    partial.run("writing", |file| io::Write::write_all(&mut &*file, bytes))?;
    partial.complete(path)
}
