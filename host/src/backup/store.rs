//! The chunks of a repository: read by their names, verified before anybody sees them.

use std::collections::HashMap;
use std::fs::File;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use super::error::RepositoryError;
use super::folder::Folder;
use super::hash::Hash;
use super::index::{Found, Index, missing};
use super::lock::Lock;
use super::tree::Shape;
use crate::error::Error;
use crate::partial::{failed, read_at};

/// Packs that are kept open.
const OPEN: usize = 64;

/// The chunks of a repository while somebody works with them.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) folder: Folder,
    /// Bytes of a chunk.
    pub(crate) chunk: u32,
    pub(crate) index: RwLock<Index>,
    open: Mutex<HashMap<Hash, Arc<File>>>,
    /// Nobody removes anything as long as it is held.
    _lock: Lock,
}

/// Working space of a thread, kept from one chunk to the next.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    pub(crate) stored: Vec<u8>,
    pub(crate) plain: Vec<u8>,
}

impl Store {
    pub(crate) fn open(folder: &Folder, chunk: u32, lock: Lock) -> Result<Self, Error> {
        let index = RwLock::new(Index::open(folder)?);
        Ok(Self { folder: folder.clone(), chunk, index, open: Mutex::default(), _lock: lock })
    }

    pub(crate) fn has(&self, name: &Hash) -> Result<bool, Error> {
        self.index.read().has(name)
    }

    /// Reads the plain bytes of a chunk into `bench.plain`. If it is in several packs, one that is
    /// whole will do.
    pub(crate) fn read(&self, name: &Hash, bench: &mut Bench) -> Result<(), Error> {
        let mut first = None;
        let read = self.index.read().find(name, |found| match self.read_at(found, bench) {
            Ok(()) => Some(()),
            Err(error) => {
                first.get_or_insert(error);
                None
            }
        })?;
        read.ok_or_else(|| first.unwrap_or_else(|| missing(name)))
    }

    /// The most bytes that a chunk of data or of a map can have.
    pub(crate) fn most(&self) -> u32 {
        self.chunk.max(Shape::NODE)
    }

    pub(crate) fn read_at(
        &self,
        Found { pack, placed }: Found,
        bench: &mut Bench,
    ) -> Result<(), Error> {
        let path = self.folder.pack(&pack);
        let damaged = |what| Error::from(RepositoryError::damaged(&path, what));
        if placed.blob.plain > self.most() || placed.blob.stored > self.most() {
            return Err(damaged("the size of a chunk"));
        }
        let file = self.file(pack)?;
        bench.stored.resize(placed.blob.stored as usize, 0);
        match read_at(&file, placed.offset.into(), &mut bench.stored) {
            Err(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(damaged("its length"));
            }
            done => done.map_err(|source| failed("reading", &path, source))?,
        }
        placed.blob.decode(&bench.stored, &mut bench.plain).map_err(damaged)
    }

    fn file(&self, pack: Hash) -> Result<Arc<File>, Error> {
        let mut open = self.open.lock();
        if let Some(file) = open.get(&pack) {
            return Ok(Arc::clone(file));
        }
        let path = self.folder.pack(&pack);
        let file = File::open(&path).map_err(|source| failed("opening", &path, source))?;
        if open.len() == OPEN {
            open.clear();
        }
        let file = Arc::new(file);
        open.insert(pack, Arc::clone(&file));
        Ok(file)
    }
}
