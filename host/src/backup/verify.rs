//! Looking whether a repository is whole, and which backups are harmed where it is not.

use core::cell::RefCell;
use core::ops::Range;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use parking_lot::Mutex;
use rayon::prelude::*;

use super::error::RepositoryError;
use super::folder::hashes;
use super::hash::Hash;
use super::index::read_pack;
use super::lock::Lock;
use super::manifest::{Backup, BackupId, Listing};
use super::repository::Repository;
use super::store::{Bench, Store};
use super::tree::{Shape, read_node};
use super::work::{Tally, watched};
use crate::error::Error;
use crate::extent::ByteExtent;
use crate::partial::{failed, read_at};

/// What a verification looked at, and what it found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Backups that were looked at.
    pub backups: Vec<BackupId>,
    /// Packs that were read; none if only some backups were asked for.
    pub packs: u64,
    /// Chunks that were read and verified.
    pub chunks: u64,
    /// Their bytes in the packs, or, if only some backups were asked for, in the volumes.
    pub bytes: u64,
    /// What is damaged or missing.
    pub findings: Vec<Error>,
    /// The backups that cannot be restored whole, and their bytes that are lost.
    pub harmed: Vec<(BackupId, Vec<ByteExtent>)>,
}

impl VerifyReport {
    /// Whether nothing is damaged.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.findings.is_empty() && self.harmed.is_empty()
    }
}

impl Repository {
    /// Reads and checks every byte of the repository, or, if some backups are named, every chunk
    /// of these. `progress` hears the bytes done and the bytes to do, and ends it by returning
    /// false.
    ///
    /// # Errors
    ///
    /// When a backup is not there, the repository is being pruned, or a file cannot be read for
    /// another reason than damage. Damage is in the report.
    pub fn verify(
        &self,
        only: Option<&[BackupId]>,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<VerifyReport, Error> {
        let lock = Lock::share(&self.folder)?;
        if let Some(ids) = only {
            let named = ids.iter().map(|&id| self.backup_named(id));
            let backups = named.collect::<Result<Vec<_>, _>>()?;
            verify_some(&self.store(lock)?, &backups, progress)
        } else {
            let listing = self.backups()?;
            self.verify_all(&self.store(lock)?, listing, progress)
        }
    }

    fn verify_all(
        &self,
        store: &Store,
        listing: Listing,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<VerifyReport, Error> {
        let names = hashes(&self.folder.packs())?;
        let sizes = names.iter().map(|name| {
            let path = self.folder.pack(name);
            path.metadata()
                .map(|found| found.len())
                .map_err(|source| failed("reading", &path, source))
        });
        let total = sizes.sum::<Result<u64, Error>>()?;
        let findings = Mutex::new(self.verify_lists(store)?);
        findings.lock().extend(listing.damaged);
        let (chunks, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        let mut report = watched(total, progress, |tally| {
            let bad = Mutex::default();
            names.par_iter().with_max_len(1).try_for_each(|&name| {
                let done = verify_pack(store, name, tally, &bad, &findings)?;
                chunks.fetch_add(done.0, Ordering::Relaxed);
                bytes.fetch_add(done.1, Ordering::Relaxed);
                Ok::<_, Error>(())
            })?;
            let bad: HashSet<(Hash, u32)> = bad.into_inner();
            let probe = |name: &Hash, _: &Range<u64>| {
                let index = store.index.read();
                let whole = index.find(name, |found| {
                    (!bad.contains(&(found.pack, found.placed.offset))).then_some(())
                })?;
                Ok(whole.is_some())
            };
            // The packs were the work; their bytes are all counted.
            let counted = Tally::default();
            let walk = Walk::new(store, &findings, &counted, &probe);
            walk.backups(&listing.backups)
        })?;
        report.packs = names.len() as u64;
        report.chunks = chunks.into_inner();
        report.bytes = bytes.into_inner();
        report.findings = findings.into_inner();
        Ok(report)
    }

    /// What is wrong with the index, and with the presence of packs.
    fn verify_lists(&self, store: &Store) -> Result<Vec<Error>, Error> {
        let mut found = Vec::new();
        let index = store.index.read();
        for table in index.tables() {
            note_in(table.verify(), &mut found)?;
        }
        for path in index.damaged_tables() {
            found.push(RepositoryError::damaged(path, "its directory").into());
        }
        for name in index.lost() {
            found.push(RepositoryError::damaged(&self.folder.pack(name), "it is missing").into());
        }
        Ok(found)
    }
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

/// Reads the chunks of some backups.
fn verify_some(
    store: &Store,
    backups: &[Backup],
    progress: impl FnMut(u64, u64) -> bool,
) -> Result<VerifyReport, Error> {
    let total = backups.iter().map(|backup| backup.manifest.size).sum();
    let findings = Mutex::default();
    let (chunks, bytes) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut report = watched(total, progress, |tally| {
        let probe = |name: &Hash, range: &Range<u64>| {
            let read = BENCH.with_borrow_mut(|bench| store.read(name, bench));
            chunks.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(range.end - range.start, Ordering::Relaxed);
            note(read, &findings)
        };
        let walk = Walk::new(store, &findings, tally, &probe);
        walk.backups(backups)
    })?;
    report.chunks = chunks.into_inner();
    report.bytes = bytes.into_inner();
    report.findings = findings.into_inner();
    Ok(report)
}

/// Reads a whole pack; returns its chunks and their stored bytes.
fn verify_pack(
    store: &Store,
    name: Hash,
    tally: &Tally,
    bad: &Mutex<HashSet<(Hash, u32)>>,
    findings: &Mutex<Vec<Error>>,
) -> Result<(u64, u64), Error> {
    let path: PathBuf = store.folder.pack(&name);
    let pack = match read_pack(&store.folder, name) {
        Ok(pack) => pack,
        Err(error) => {
            note(Err(error), findings)?;
            return Ok((0, 0));
        }
    };
    let file = File::open(&path).map_err(|source| failed("opening", &path, source))?;
    let mut bytes = 0;
    for placed in &pack.chunks {
        let whole = BENCH.with_borrow_mut(|Bench { stored, plain }| {
            if placed.blob.plain > store.most() || placed.blob.stored > store.most() {
                return Ok(Err("the size of a chunk"));
            }
            stored.resize(placed.blob.stored as usize, 0);
            read_at(&file, placed.offset.into(), stored)?;
            Ok(placed.blob.decode(stored, plain))
        });
        if let Err(what) = whole.map_err(|source| failed("reading", &path, source))? {
            bad.lock().insert((name, placed.offset));
            findings.lock().push(RepositoryError::damaged(&path, what).into());
        }
        bytes += u64::from(placed.blob.stored);
        tally.advance(placed.blob.stored.into())?;
    }
    Ok((pack.chunks.len() as u64, bytes))
}

/// Goes through the maps of backups, and through what they share only once.
struct Walk<'a, P> {
    store: &'a Store,
    findings: &'a Mutex<Vec<Error>>,
    tally: &'a Tally,
    /// Whether a chunk is whole; it is in this range of the volume.
    probe: &'a P,
    /// Nodes below which all is whole.
    whole: Mutex<HashSet<(u32, Hash)>>,
}

impl<'a, P: Fn(&Hash, &Range<u64>) -> Result<bool, Error> + Sync> Walk<'a, P> {
    fn new(
        store: &'a Store,
        findings: &'a Mutex<Vec<Error>>,
        tally: &'a Tally,
        probe: &'a P,
    ) -> Self {
        Self { store, findings, tally, probe, whole: Mutex::default() }
    }

    fn backups(&self, backups: &[Backup]) -> Result<VerifyReport, Error> {
        let mut report = VerifyReport::default();
        for backup in backups {
            report.backups.push(backup.id);
            let shape = Shape { size: backup.manifest.size, chunk: backup.manifest.chunk.into() };
            let harm = Mutex::default();
            self.node(shape, shape.height(), 0, &backup.manifest.root, &harm)?;
            let harm = joined(harm.into_inner());
            if !harm.is_empty() {
                report.harmed.push((backup.id, harm));
            }
        }
        Ok(report)
    }

    /// Returns whether all below a node is whole.
    fn node(
        &self,
        shape: Shape,
        level: u32,
        nth: u64,
        name: &Hash,
        harm: &Mutex<Vec<ByteExtent>>,
    ) -> Result<bool, Error> {
        let range = shape.range(level, nth);
        let length = range.end - range.start;
        let lost = || harm.lock().push(ByteExtent { offset: range.start, length });
        if name.is_hole() || self.whole.lock().contains(&(level, *name)) {
            self.tally.advance(length)?;
            return Ok(true);
        }
        if level == 0 {
            let whole = (self.probe)(name, &range)?;
            if !whole {
                lost();
            }
            self.tally.advance(length)?;
            return Ok(whole);
        }
        let children = shape.children(level, nth);
        let count = (children.end - children.start) as usize;
        let names = BENCH.with_borrow_mut(|bench| read_node(self.store, name, count, bench));
        let names = match names {
            Ok(names) => names,
            Err(error) => {
                note(Err(error), self.findings)?;
                lost();
                self.tally.advance(length)?;
                return Ok(false);
            }
        };
        let child = |(nth, name): (u64, &Hash)| self.node(shape, level - 1, nth, name, harm);
        let children: Vec<_> = (children.start..).zip(&names).collect();
        let whole = if level == 2 {
            let done = children.into_par_iter().with_max_len(1).map(child);
            done.try_reduce(|| true, |one, other| Ok(one && other))?
        } else {
            children.into_iter().map(child).try_fold(true, |all, one| one.map(|one| all && one))?
        };
        if whole {
            self.whole.lock().insert((level, *name));
        }
        Ok(whole)
    }
}

/// Takes down damage; any other error ends the verification.
fn note(done: Result<(), Error>, findings: &Mutex<Vec<Error>>) -> Result<bool, Error> {
    note_in(done, &mut findings.lock())
}

fn note_in(done: Result<(), Error>, findings: &mut Vec<Error>) -> Result<bool, Error> {
    match done {
        Ok(()) => Ok(true),
        Err(error @ Error::Repository(_)) => {
            findings.push(error);
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The same bytes in as few extents as there can be.
fn joined(mut extents: Vec<ByteExtent>) -> Vec<ByteExtent> {
    extents.sort_unstable_by_key(|extent| extent.offset);
    let mut joined: Vec<ByteExtent> = Vec::new();
    for extent in extents {
        match joined.last_mut() {
            Some(last) if last.offset + last.length == extent.offset => {
                last.length += extent.length;
            }
            _ => joined.push(extent),
        }
    }
    joined
}
