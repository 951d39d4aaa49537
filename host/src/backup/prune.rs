//! Removing backups, and the chunks that no other needs.
//!
//! At every moment the repository is whole for the backups that it lists: manifests go first, then
//! what is left of a pack is written anew, then the index is replaced, and only then packs go. A
//! pruning that is interrupted leaves nothing but space that the next one finds.

use std::fs::File;

use super::blob::Blob;
use super::error::RepositoryError;
use super::folder::remove_all;
use super::hash::Hash;
use super::index::{Found, Index, merge, read_pack};
use super::keep::Keep;
use super::lock::Lock;
use super::manifest::{Backup, BackupId};
use super::pack::{FULL, Pack, PackWriter};
use super::repository::Repository;
use super::store::{Bench, Store};
use super::table::{Entry, Table};
use super::tree::{Shape, read_node};
use super::work::{Tally, watched};
use crate::error::Error;
use crate::partial::{failed, read_at};

/// What is removed, and how thoroughly.
#[derive(Clone, Debug)]
pub struct PruneOptions {
    /// Which backups stay; all if nothing is said here.
    pub keep: Keep,
    /// Backups to remove in any case.
    pub remove: Vec<BackupId>,
    /// Percent of a pack that must be needed, or what is needed of it is written anew.
    pub fill: u64,
    /// Say what would be done, and leave it at that.
    pub dry_run: bool,
}

impl Default for PruneOptions {
    fn default() -> Self {
        Self { keep: Keep::default(), remove: Vec::new(), fill: 70, dry_run: false }
    }
}

/// What a pruning has done, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PruneReport {
    /// Backups that were removed.
    pub removed: Vec<BackupId>,
    /// Backups that stay.
    pub kept: Vec<BackupId>,
    /// Packs that were removed.
    pub packs_removed: u64,
    /// Packs among them of which something was written anew.
    pub packs_rewritten: u64,
    /// Bytes by which the repository has shrunk, but for its index.
    pub freed: u64,
}

impl Repository {
    /// Removes backups and what only they need. `progress` hears the bytes done and the bytes to
    /// do of what is written anew, and ends it by returning false.
    ///
    /// # Errors
    ///
    /// When anybody else works with the repository, a manifest or a map of a backup that stays is
    /// damaged, so that it is not known what it needs, or files cannot be read or written.
    pub fn prune(
        &self,
        options: &PruneOptions,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<PruneReport, Error> {
        let lock = Lock::own(&self.folder)?;
        self.folder.sweep()?;
        let listing = self.backups()?;
        if let Some(error) = listing.damaged.into_iter().next() {
            return Err(error);
        }
        for id in &options.remove {
            self.backup_named(*id)?;
        }
        let wanted = options.keep.choose(&listing.backups);
        let stays = |backup: &Backup| {
            !options.remove.contains(&backup.id)
                && (options.keep.is_nothing() || wanted.contains(&backup.id))
        };
        let (kept, removed): (Vec<_>, Vec<_>) = listing.backups.into_iter().partition(stays);
        let store = self.store(lock)?;
        let table = self.one_table(&store)?;
        let mut marks = Marks::new(&store, &table);
        for backup in &kept {
            let shape = Shape { size: backup.manifest.size, chunk: backup.manifest.chunk.into() };
            marks.node(shape, shape.height(), 0, &backup.manifest.root)?;
        }
        let plan = Plan::make(&table, &marks, options.fill)?;
        let ids = |backups: &[Backup]| backups.iter().map(|backup| backup.id).collect::<Vec<_>>();
        let mut report = PruneReport {
            removed: ids(&removed),
            kept: ids(&kept),
            packs_removed: (plan.empty.len() + plan.poor.len()) as u64,
            packs_rewritten: plan.poor.len() as u64,
            freed: plan.garbage,
        };
        if options.dry_run {
            return Ok(report);
        }
        let manifests = |backup: &Backup| self.folder.backups().join(backup.id.to_string());
        remove_all(&removed.iter().map(manifests).collect::<Vec<_>>())?;
        watched(plan.moved, progress, |tally| {
            let spared = self.execute(&store, &table, &marks, &plan, tally)?;
            report.packs_removed -= spared;
            report.packs_rewritten -= spared;
            Ok(report)
        })
    }

    /// Makes one table of the whole index, and leaves the others for later.
    fn one_table(&self, store: &Store) -> Result<Table, Error> {
        store.index.write().settle()?;
        let index = store.index.read();
        let tables: Vec<_> = index.tables().collect();
        match merge(&self.folder, &tables, |name| !index.lost().contains(name)) {
            // What cannot be merged can be made anew, from the packs themselves.
            Err(Error::Repository(_)) => {
                let mut anew = Index::without_tables(&self.folder)?;
                anew.settle()?;
                merge(&self.folder, &anew.tables().collect::<Vec<_>>(), |_| true)
            }
            merged => merged,
        }
    }

    /// Writes anew what is left of poor packs, and removes those and the empty ones. Returns the
    /// number of poor packs that had to be left because they are damaged.
    fn execute(
        &self,
        store: &Store,
        table: &Table,
        marks: &Marks<'_>,
        plan: &Plan,
        tally: &Tally,
    ) -> Result<u64, Error> {
        let mut rewriting = Rewriting { store, tally, writer: None, packs: Vec::new() };
        let mut gone = plan.empty.clone();
        for &name in &plan.poor {
            let needed = |found: &Found| marks.needs(found);
            match rewriting.pack(name, needed) {
                Ok(()) => gone.push(name),
                // Somebody may still save something of it.
                Err(Error::Repository(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let packs = rewriting.finish()?;
        // A pack that was made of the same chunks in the same order is the same pack.
        gone.retain(|name| packs.iter().all(|pack| pack.name != *name));
        let mut fresh = Index::empty(&self.folder);
        packs.iter().try_for_each(|pack| fresh.add(pack))?;
        fresh.settle()?;
        let tables: Vec<_> = [table].into_iter().chain(fresh.tables()).collect();
        let new = merge(&self.folder, &tables, |name| !gone.contains(name))?;
        let old = super::folder::hashes(&self.folder.index())?;
        let old = old.iter().filter(|&&name| name != new.name);
        remove_all(&old.map(|name| self.folder.table(name)).collect::<Vec<_>>())?;
        remove_all(&gone.iter().map(|name| self.folder.pack(name)).collect::<Vec<_>>())?;
        Ok((plan.empty.len() + plan.poor.len()).saturating_sub(gone.len()) as u64)
    }
}

/// The entries of a table that backups need, one bit for each.
struct Marks<'a> {
    store: &'a Store,
    table: &'a Table,
    bits: Vec<u64>,
    bench: Bench,
}

impl<'a> Marks<'a> {
    fn new(store: &'a Store, table: &'a Table) -> Self {
        let bits = vec![0; table.len().div_ceil(64) as usize];
        Self { store, table, bits, bench: Bench::default() }
    }

    fn node(&mut self, shape: Shape, level: u32, nth: u64, name: &Hash) -> Result<(), Error> {
        if name.is_hole() || !self.mark(name)? || level == 0 {
            return Ok(());
        }
        let children = shape.children(level, nth);
        let count = (children.end - children.start) as usize;
        let names = read_node(self.store, name, count, &mut self.bench)?;
        children.zip(&names).try_for_each(|(nth, name)| self.node(shape, level - 1, nth, name))
    }

    /// Marks a chunk in one of its places. Returns whether there is anything new about it.
    fn mark(&mut self, name: &Hash) -> Result<bool, Error> {
        let mut places = Vec::new();
        self.table.find(name, |nth, entry| {
            places.push((nth, entry));
            None::<()>
        })?;
        if places.iter().any(|&(nth, _)| self.is_set(nth)) {
            return Ok(false);
        }
        let first = places.first().copied();
        // Where there is a choice, a place that is whole: the others will go.
        let whole = |(_, entry): &(u64, Entry)| {
            let pack = self.table.packs[entry.pack as usize];
            let found = Found { pack, placed: entry.placed };
            self.store.read_at(found, &mut self.bench).is_ok()
        };
        let chosen = if places.len() > 1 { places.into_iter().find(whole) } else { None };
        if let Some((nth, _)) = chosen.or(first) {
            self.bits[(nth / 64) as usize] |= 1 << (nth % 64);
        }
        // The map of a backup that has lost a chunk is gone through all the same.
        Ok(true)
    }

    fn is_set(&self, nth: u64) -> bool {
        self.bits[(nth / 64) as usize] & 1 << (nth % 64) != 0
    }

    /// Whether this is the place in which a chunk is needed.
    fn needs(&self, found: &Found) -> Result<bool, Error> {
        let needed = self.table.find(&found.placed.blob.hash, |nth, entry| {
            let here = self.table.packs[entry.pack as usize] == found.pack
                && entry.placed.offset == found.placed.offset;
            (here && self.is_set(nth)).then_some(())
        })?;
        Ok(needed.is_some())
    }
}

/// What is to be done with which pack.
struct Plan {
    /// Packs of which nothing is needed.
    empty: Vec<Hash>,
    /// Packs of which little is needed.
    poor: Vec<Hash>,
    /// Bytes that are written anew.
    moved: u64,
    /// Bytes that nobody needs in those packs.
    garbage: u64,
}

impl Plan {
    fn make(table: &Table, marks: &Marks<'_>, fill: u64) -> Result<Self, Error> {
        let mut sums = vec![(0, 0); table.packs.len()];
        for (nth, entry) in (0..).zip(table.entries()) {
            let Entry { placed: super::pack::Placed { blob, .. }, pack } = entry?;
            let bytes = u64::from(blob.stored) + Blob::BYTES as u64;
            let (all, needed) = &mut sums[pack as usize];
            *all += bytes;
            *needed += if marks.is_set(nth) { bytes } else { 0 };
        }
        let small = sums.iter().filter(|(all, needed)| *needed > 0 && *all < FULL / 4).count();
        let mut plan = Self { empty: Vec::new(), poor: Vec::new(), moved: 0, garbage: 0 };
        for (&name, (all, needed)) in table.packs.iter().zip(sums) {
            if needed == 0 {
                plan.empty.push(name);
            } else if needed * 100 < all * fill || (small > 1 && all < FULL / 4) {
                plan.poor.push(name);
                plan.moved += needed;
            } else {
                continue;
            }
            plan.garbage += all - needed;
        }
        Ok(plan)
    }
}

/// Chunks on their way from old packs into new ones, stored as they are.
struct Rewriting<'a> {
    store: &'a Store,
    tally: &'a Tally,
    writer: Option<PackWriter>,
    packs: Vec<Pack>,
}

impl Rewriting<'_> {
    fn pack(
        &mut self,
        name: Hash,
        needed: impl Fn(&Found) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let folder = &self.store.folder;
        let path = folder.pack(&name);
        let pack = read_pack(folder, name)?;
        let file = File::open(&path).map_err(|source| failed("opening", &path, source))?;
        let Bench { mut stored, mut plain } = Bench::default();
        for placed in pack.chunks {
            if !needed(&Found { pack: name, placed })? {
                continue;
            }
            if placed.blob.plain > self.store.most() || placed.blob.stored > self.store.most() {
                return Err(RepositoryError::damaged(&path, "the size of a chunk").into());
            }
            stored.resize(placed.blob.stored as usize, 0);
            read_at(&file, placed.offset.into(), &mut stored)
                .map_err(|source| failed("reading", &path, source))?;
            placed
                .blob
                .decode(&stored, &mut plain)
                .map_err(|what| RepositoryError::damaged(&path, what))?;
            let mut writer = match self.writer.take() {
                Some(writer) => writer,
                None => PackWriter::create(folder)?,
            };
            writer.append(placed.blob, &stored)?;
            if writer.is_full() {
                self.packs.push(writer.complete(folder)?);
            } else {
                self.writer = Some(writer);
            }
            self.tally.advance(u64::from(placed.blob.stored) + Blob::BYTES as u64)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Pack>, Error> {
        if let Some(writer) = self.writer.take() {
            self.packs.push(writer.complete(&self.store.folder)?);
        }
        Ok(self.packs)
    }
}
