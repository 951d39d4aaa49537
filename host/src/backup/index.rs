//! Which chunk is in which pack: the tables on the disk, and what no table lists yet.
//!
//! Tables only save the reading of directories. A pack that no table lists, because its writer
//! was killed or its table is damaged, is read when the index is opened; a pack that is listed and
//! not there counts for nothing.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::PathBuf;

use super::error::RepositoryError;
use super::folder::{Folder, hashes, remove_all};
use super::hash::Hash;
use super::pack::{Pack, Placed};
use super::table::{Entry, Table, TableWriter};
use crate::error::Error;
use crate::partial::failed;

/// Chunks in memory after which they are put into a table.
const MANY: usize = 1 << 18;
/// Tables that are merged at once, at least.
const FEW: usize = 4;

/// Where a chunk is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) pack: Hash,
    pub(crate) placed: Placed,
}

/// What is known of all packs.
#[derive(Debug)]
pub(crate) struct Index {
    folder: Folder,
    tables: Vec<Listed>,
    /// Chunks that no table lists, and the places of their packs in `loose`.
    fresh: BTreeMap<Hash, Entry>,
    loose: Vec<Hash>,
    /// Tables that could not be used: the packs that only they list are read instead.
    damaged_tables: Vec<PathBuf>,
    /// Packs whose directory is damaged.
    damaged_packs: HashSet<Hash>,
    /// Packs that a table lists and that are not there.
    lost: HashSet<Hash>,
}

/// A table, and which of its packs are there.
#[derive(Debug)]
struct Listed {
    table: Table,
    present: Vec<bool>,
}

impl Index {
    pub(crate) fn empty(folder: &Folder) -> Self {
        Self {
            folder: folder.clone(),
            tables: Vec::new(),
            fresh: BTreeMap::new(),
            loose: Vec::new(),
            damaged_tables: Vec::new(),
            damaged_packs: HashSet::new(),
            lost: HashSet::new(),
        }
    }

    pub(crate) fn open(folder: &Folder) -> Result<Self, Error> {
        let mut index = Self::empty(folder);
        // The tables first: a pack is there before a table lists it.
        for name in hashes(&folder.index())? {
            match Table::open(folder, name) {
                Ok(table) => index.tables.push(Listed { table, present: Vec::new() }),
                // Another writer has merged it, into one that is not read here: its packs are.
                Err(Error::System { source, .. }) if is_missing(&source) => {}
                Err(Error::Repository(_)) => index.damaged_tables.push(folder.table(&name)),
                Err(error) => return Err(error),
            }
        }
        index.load_packs()?;
        Ok(index)
    }

    /// An index made from the packs alone.
    pub(crate) fn without_tables(folder: &Folder) -> Result<Self, Error> {
        let mut index = Self::empty(folder);
        index.load_packs()?;
        Ok(index)
    }

    /// Looks which packs are there, and reads those that no table lists.
    fn load_packs(&mut self) -> Result<(), Error> {
        let packs: HashSet<_> = hashes(&self.folder.packs())?.into_iter().collect();
        let mut listed = HashSet::new();
        for Listed { table, present } in &mut self.tables {
            *present = table.packs.iter().map(|name| packs.contains(name)).collect();
            listed.extend(table.packs.iter().copied());
        }
        self.lost = listed.difference(&packs).copied().collect();
        for &name in packs.difference(&listed) {
            match read_pack(&self.folder, name) {
                Ok(pack) => self.add(&pack)?,
                Err(Error::Repository(_)) => drop(self.damaged_packs.insert(name)),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether something of what there was is not there or cannot be used.
    pub(crate) fn is_harmed(&self) -> bool {
        !self.damaged_packs.is_empty() || !self.lost.is_empty()
    }

    pub(crate) fn damaged_tables(&self) -> &[PathBuf] {
        &self.damaged_tables
    }

    pub(crate) fn lost(&self) -> &HashSet<Hash> {
        &self.lost
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().map(|listed| &listed.table)
    }

    pub(crate) fn has(&self, name: &Hash) -> Result<bool, Error> {
        Ok(self.find(name, Some)?.is_some())
    }

    /// Looks at each place where a chunk is, until `look` is content. A page of a table that is
    /// damaged counts for nothing.
    pub(crate) fn find<T>(
        &self,
        name: &Hash,
        mut look: impl FnMut(Found) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        if let Some(entry) = self.fresh.get(name) {
            let pack = self.loose[entry.pack as usize];
            if let Some(found) = look(Found { pack, placed: entry.placed }) {
                return Ok(Some(found));
            }
        }
        for Listed { table, present } in &self.tables {
            let looked = table.find(name, |_, entry| {
                let pack = entry.pack as usize;
                let found = Found { pack: table.packs[pack], placed: entry.placed };
                if present[pack] { look(found) } else { None }
            });
            match looked {
                Ok(Some(found)) => return Ok(Some(found)),
                Ok(None) | Err(Error::Repository(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Takes in a pack that no table lists.
    pub(crate) fn add(&mut self, pack: &Pack) -> Result<(), Error> {
        let number = self.loose.len() as u32;
        self.loose.push(pack.name);
        for &placed in &pack.chunks {
            self.fresh.entry(placed.blob.hash).or_insert(Entry { placed, pack: number });
        }
        if self.fresh.len() >= MANY { self.settle() } else { Ok(()) }
    }

    /// Puts what no table lists into one.
    pub(crate) fn settle(&mut self) -> Result<(), Error> {
        if self.loose.is_empty() {
            return Ok(());
        }
        let mut writer = TableWriter::create(&self.folder)?;
        self.fresh.values().try_for_each(|entry| writer.append(entry))?;
        let table = writer.complete(&self.folder, &self.loose)?;
        self.fresh.clear();
        self.loose.clear();
        self.push(table);
        Ok(())
    }

    /// Merges tables of a size, so that there are few of them however many backups there were,
    /// and no entry is written anew more than a few times.
    pub(crate) fn tidy(&mut self) -> Result<(), Error> {
        self.tables.sort_by_key(|listed| listed.table.len());
        let (mut count, mut sum) = (0, 0);
        for Listed { table, .. } in &self.tables {
            if count > 0 && table.len() > 2 * sum {
                break;
            }
            count += 1;
            sum += table.len();
        }
        if count < FEW {
            return Ok(());
        }
        let old: Vec<_> = self.tables.drain(..count).map(|listed| listed.table).collect();
        match merge(&self.folder, &old.iter().collect::<Vec<_>>(), |_| true) {
            Ok(table) => {
                let merged = table.name;
                self.push(table);
                let gone = old.iter().filter(|table| table.name != merged);
                remove_all(&gone.map(|table| table.path().to_owned()).collect::<Vec<_>>())
            }
            Err(error) => {
                old.into_iter().for_each(|table| self.push(table));
                // The tables serve as they are; what is damaged is for a verification to tell.
                if matches!(error, Error::Repository(_)) { Ok(()) } else { Err(error) }
            }
        }
    }

    fn push(&mut self, table: Table) {
        let present = table.packs.iter().map(|name| !self.lost.contains(name)).collect();
        self.tables.push(Listed { table, present });
    }
}

/// Makes one table of several, of the packs that are to be kept.
pub(crate) fn merge(
    folder: &Folder,
    tables: &[&Table],
    keep: impl Fn(&Hash) -> bool,
) -> Result<Table, Error> {
    let mut packs: Vec<Hash> = Vec::new();
    let mut numbers: BTreeMap<Hash, u32> = BTreeMap::new();
    for name in tables.iter().flat_map(|table| &table.packs).filter(|&name| keep(name)) {
        numbers.entry(*name).or_insert_with(|| {
            packs.push(*name);
            packs.len() as u32 - 1
        });
    }
    let mut writer = TableWriter::create(folder)?;
    let mut heads: Vec<_> = tables.iter().map(|table| table.entries().peekable()).collect();
    loop {
        let mut least: Option<(Hash, usize)> = None;
        for (nth, head) in heads.iter_mut().enumerate() {
            let name = match head.peek() {
                Some(Ok(entry)) => entry.placed.blob.hash,
                // It comes out as soon as it is taken.
                Some(Err(_)) => Hash::HOLE,
                None => continue,
            };
            if least.is_none_or(|(other, _)| name < other) {
                least = Some((name, nth));
            }
        }
        let Some((_, nth)) = least else { break };
        let Some(entry) = heads[nth].next().transpose()? else { break };
        if let Some(&pack) = numbers.get(&tables[nth].packs[entry.pack as usize]) {
            writer.append(&Entry { pack, ..entry })?;
        }
    }
    drop(heads);
    writer.complete(folder, &packs)
}

/// Reads what a pack says it has.
pub(crate) fn read_pack(folder: &Folder, name: Hash) -> Result<Pack, Error> {
    let path = folder.pack(&name);
    let file = File::open(&path).map_err(|source| failed("opening", &path, source))?;
    Pack::read(&file, name, &path)
}

fn is_missing(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

/// The error of a chunk that is nowhere.
pub(crate) fn missing(name: &Hash) -> Error {
    RepositoryError::Missing { hash: name.to_string() }.into()
}
