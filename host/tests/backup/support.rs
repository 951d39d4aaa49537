//! What the tests share: a volume in memory with a repository on the disk.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shadowvol::CopyId;
use shadowvol_host::backup::{
    Backup, BackupId, BackupOptions, Kind, Repository, RestoreOptions, VerifyReport,
};
use shadowvol_host::{CreateOptions, Error, Media, Passive, SharedMemory, Volume};
use tempfile::TempDir;

pub(crate) use super::random::{Random, is_long};
pub(crate) use super::same::assert_same;

/// A volume that is written and backed up.
pub(crate) struct Bed {
    pub(crate) volume: Volume,
    media: Media,
    pub(crate) truth: Vec<u8>,
    pub(crate) folder: TempDir,
    pub(crate) repository: Repository,
}

impl Bed {
    pub(crate) fn new(size: u64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::create(folder.path().join("backups")).expect("a repository");
        Self::beside(size, folder, repository)
    }

    pub(crate) fn beside(size: u64, folder: TempDir, repository: Repository) -> Self {
        let (origin, diff) = (SharedMemory::new(size), SharedMemory::new(0));
        let media = Media { origin: Arc::new(origin), diff: Arc::new(diff) };
        let volume = Volume::create_on(media.clone(), &CreateOptions::default()).expect("a volume");
        Self { volume, media, truth: vec![0; size as usize], folder, repository }
    }

    pub(crate) fn write(&mut self, at: u64, bytes: &[u8]) {
        self.volume.write(at, bytes).expect("a write");
        self.truth[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    }

    /// Writes noise, or what compresses, or zeros, over a random range.
    pub(crate) fn scribble(&mut self, random: &mut Random, most: u64) {
        let (at, length) = random.range(self.truth.len() as u64, most);
        let bytes = match random.below(4) {
            0 => vec![0; length],
            1 => vec![random.next() as u8; length],
            2 => self.truth[..length].to_vec(),
            _ => random.bytes(length),
        };
        self.write(at, &bytes);
    }

    pub(crate) fn take(&self) -> CopyId {
        self.volume.create_shadow_copy("").expect("a copy").id
    }

    pub(crate) fn node(&self) -> Passive {
        Passive::open_on(self.media.clone().read_only()).expect("a node")
    }

    pub(crate) fn back_up(&self, copy: CopyId, kind: Kind) -> Result<Backup, Error> {
        let options = BackupOptions { kind, ..BackupOptions::default() };
        let copy = self.node().shadow_copy(copy)?;
        self.repository.backup(&copy, &options, |_, _| true)
    }

    /// Takes a copy and backs it up.
    pub(crate) fn backup(&self, kind: Kind) -> Backup {
        self.back_up(self.take(), kind).expect("a backup")
    }

    pub(crate) fn restored(&self, id: BackupId) -> Result<Vec<u8>, Error> {
        let path = self.folder.path().join("restored");
        self.repository.restore(id, &path, RestoreOptions::default(), |_, _| true)?;
        Ok(fs::read(path).expect("what was restored"))
    }

    pub(crate) fn verified(&self) -> VerifyReport {
        self.repository.verify(None, |_, _| true).expect("a verification")
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.repository.path()
    }
}

/// All files of a folder and those below it, in order, but those without bytes and those that
/// another process took away while this one looked.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.metadata() {
            Ok(facts) if facts.is_dir() => found.extend(files(&path)),
            Ok(facts) if facts.len() > 0 => found.push(path),
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotFound, "{error}"),
        }
    }
    found.sort();
    found
}

/// The bytes of all files of a folder and those below it.
pub(crate) fn bytes_in(folder: &Path) -> u64 {
    files(folder).iter().map(|path| path.metadata().expect("a file").len()).sum()
}
