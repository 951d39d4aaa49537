//! What a backup builds on, and which shadow copies the next ones need.
//!
//! A backup that reads only what has changed needs two things of the one before: its map, and the
//! shadow copy that it was made of, because the engine knows what has changed between two shadow
//! copies that exist. Where either is lost, the whole volume is read, and the backup says why.

use shadowvol::{CopyId, Error as EngineError};

use super::hash::Hash;
use super::manifest::{Backup, BackupId, Kind, Listing};
use super::store::{Bench, Store};
use super::tree::{Shape, read_node};
use crate::error::Error;
use crate::extent::ByteExtent;
use crate::passive::ShadowCopy;

/// What is known of the volume before anything is read.
pub(crate) enum Base {
    /// Nothing, as was asked for.
    Nothing,
    /// Nothing, because of this.
    Lost(String),
    /// A backup, and what may differ from it.
    Backup(Box<Backup>, Vec<ByteExtent>),
}

impl Base {
    /// Chooses the base of a backup: the last one that its kind builds on, or the one asked for.
    pub(crate) fn choose(
        store: &Store,
        listing: &Listing,
        copy: &ShadowCopy,
        name: &str,
        kind: Kind,
        asked: Option<BackupId>,
    ) -> Result<Self, Error> {
        if matches!(kind, Kind::Full | Kind::Copy) {
            return Ok(Self::Nothing);
        }
        if asked.is_none() && !listing.damaged.is_empty() {
            return Ok(Self::Lost("a backup's manifest is damaged; verify the repository".into()));
        }
        let volume = copy.volume();
        let of_volume = |backup: &&Backup| backup.manifest.volume == volume;
        let mut all = listing.backups.iter().rev();
        let found = match asked {
            Some(id) => all.find(|backup| backup.id == id),
            None => all.filter(of_volume).find(|backup| is_base(backup.manifest.kind, kind)),
        };
        let Some(base) = found else {
            let is_namesake = |backup: &Backup| backup.manifest.name == name;
            return Ok(Self::Lost(if asked.is_some() {
                "the base asked for is not in the repository".into()
            } else if listing.backups.iter().any(is_namesake) {
                format!("{name} is another volume than the one backed up before by that name")
            } else {
                "no backup of this volume to build on is in the repository".into()
            }));
        };
        let id = base.id;
        if !of_volume(&base) || base.manifest.size != copy.size() {
            return Ok(Self::Lost(format!("backup {id} is of another volume")));
        }
        if base.manifest.chunk != store.chunk {
            return Ok(Self::Lost(format!("backup {id} has chunks of another size")));
        }
        let number = base.manifest.copy;
        let gone = || format!("shadow copy {number}, of which backup {id} was made, is gone");
        let Some(extents) = changes(copy, base)? else { return Ok(Self::Lost(gone())) };
        if store.index.read().is_harmed() && !is_whole(store, base)? {
            return Ok(Self::Lost(format!("backup {id} has lost chunks; verify the repository")));
        }
        Ok(Self::Backup(Box::new(base.clone()), extents))
    }
}

/// The shadow copies of a volume that the next backups need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// That of the last full or incremental backup: the next incremental one builds on it.
    pub incremental: Option<u32>,
    /// That of the last full backup: the next differential one builds on it.
    pub differential: Option<u32>,
}

impl Needed {
    pub(crate) fn of(listing: &Listing, volume: shadowvol::VolumeId) -> Self {
        let last = |next| {
            let mut backups = listing.backups.iter().rev().map(|backup| &backup.manifest);
            backups
                .find(|backup| backup.volume == volume && is_base(backup.kind, next))
                .map(|backup| backup.copy)
        };
        Self { incremental: last(Kind::Incremental), differential: last(Kind::Differential) }
    }
}

/// Whether a backup of one kind can build on one of another.
fn is_base(kind: Kind, next: Kind) -> bool {
    match next {
        Kind::Incremental => matches!(kind, Kind::Full | Kind::Incremental),
        Kind::Differential => kind == Kind::Full,
        Kind::Full | Kind::Copy => false,
    }
}

/// What may differ from the shadow copy of a backup; nothing is known when that is gone.
fn changes(copy: &ShadowCopy, base: &Backup) -> Result<Option<Vec<ByteExtent>>, Error> {
    let Some(id) = CopyId::new(base.manifest.copy) else { return Ok(None) };
    // Its time, too: where an older diff area was put back, a number can have been given twice.
    let there = copy.find_sibling(id)?.filter(|info| info.about.time == base.manifest.copy_time);
    if there.is_none() {
        return Ok(None);
    }
    match copy.changes_since(id) {
        Err(Error::Engine(EngineError::Gone { copy })) if copy == id => Ok(None),
        changed => changed.map(Some),
    }
}

/// Whether all chunks of a backup are in the index. It looks at all of them, and so is asked only
/// when something was lost.
fn is_whole(store: &Store, backup: &Backup) -> Result<bool, Error> {
    let shape = Shape { size: backup.manifest.size, chunk: backup.manifest.chunk.into() };
    has_all(store, shape, shape.height(), 0, &backup.manifest.root)
}

fn has_all(store: &Store, shape: Shape, level: u32, nth: u64, name: &Hash) -> Result<bool, Error> {
    if name.is_hole() {
        return Ok(true);
    }
    if level == 0 {
        return store.has(name);
    }
    let children = shape.children(level, nth);
    let count = (children.end - children.start) as usize;
    let names = match read_node(store, name, count, &mut Bench::default()) {
        Ok(names) => names,
        Err(Error::Repository(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    for (child, name) in children.zip(&names) {
        if !has_all(store, shape, level - 1, child, name)? {
            return Ok(false);
        }
    }
    Ok(true)
}
