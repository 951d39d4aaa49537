//! Adding chunks to a repository: each once, whoever brings it, by any number of threads.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashSet;

use parking_lot::Mutex;

use super::blob::encode;
use super::hash::Hash;
use super::pack::PackWriter;
use super::store::Store;
use crate::error::Error;

/// Adds chunks to a store.
pub(crate) struct Writer<'a> {
    pub(crate) store: &'a Store,
    /// Chunks on their way into a pack that is not complete.
    claimed: Mutex<HashSet<Hash>>,
    pack: Mutex<Option<PackWriter>>,
    new: AtomicU64,
    stored: AtomicU64,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(store: &'a Store) -> Self {
        let (claimed, pack) = (Mutex::default(), Mutex::default());
        Self { store, claimed, pack, new: AtomicU64::new(0), stored: AtomicU64::new(0) }
    }

    /// Has these bytes in the repository, and returns their name; `room` is working space.
    pub(crate) fn put(&self, plain: &[u8], room: &mut Vec<u8>) -> Result<Hash, Error> {
        let hash = Hash::of(plain);
        if !self.claim(hash)? {
            return Ok(hash);
        }
        let (blob, stored) = encode(hash, plain, room);
        let mut pack = self.pack.lock();
        let mut writer = match pack.take() {
            Some(writer) => writer,
            None => PackWriter::create(&self.store.folder)?,
        };
        writer.append(blob, stored)?;
        self.new.fetch_add(u64::from(blob.plain), Ordering::Relaxed);
        if writer.is_full() {
            drop(pack);
            self.complete(writer)?;
        } else {
            *pack = Some(writer);
        }
        Ok(hash)
    }

    /// Completes the last pack, and lists all in the index.
    pub(crate) fn finish(self) -> Result<Added, Error> {
        if let Some(writer) = self.pack.lock().take() {
            self.complete(writer)?;
        }
        let mut index = self.store.index.write();
        index.settle()?;
        index.tidy()?;
        Ok(Added { new: self.new.into_inner(), stored: self.stored.into_inner() })
    }

    /// Whether the caller is the one to bring this chunk. It stays claimed until the index has it,
    /// which changes only when nobody is in here.
    fn claim(&self, hash: Hash) -> Result<bool, Error> {
        let index = self.store.index.read();
        Ok(!index.has(&hash)? && self.claimed.lock().insert(hash))
    }

    fn complete(&self, writer: PackWriter) -> Result<(), Error> {
        let pack = writer.complete(&self.store.folder)?;
        self.stored.fetch_add(pack.bytes, Ordering::Relaxed);
        let mut index = self.store.index.write();
        index.add(&pack)?;
        let mut claimed = self.claimed.lock();
        for placed in &pack.chunks {
            claimed.remove(&placed.blob.hash);
        }
        Ok(())
    }
}

/// What was added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Added {
    /// Plain bytes of chunks that the repository did not have.
    pub(crate) new: u64,
    /// Bytes of the packs that were written.
    pub(crate) stored: u64,
}
