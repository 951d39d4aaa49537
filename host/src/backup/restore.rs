//! Writing a backup's bytes where they are wanted: verified chunk by chunk, in parallel.

use core::cell::RefCell;
use core::sync::atomic::{AtomicU64, Ordering};
use std::fs;
use std::path::Path;

use rayon::prelude::*;

use super::error::RepositoryError;
use super::hash::Hash;
use super::lock::Lock;
use super::manifest::{Backup, BackupId};
use super::repository::Repository;
use super::store::{Bench, Store};
use super::tree::{Shape, read_node};
use super::work::{Tally, watched};
use crate::error::Error;
use crate::image::{self, Format, Place, Sink};
use crate::volume::diff_path;

/// How a backup is restored.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreOptions {
    /// How a new file is laid out.
    pub format: Format,
    /// Overwrite an image that is there, instead of replacing it by a new file. What is behind
    /// the volume's end stays as it is. Block devices are always overwritten.
    pub in_place: bool,
}

impl Repository {
    /// Restores a backup to a file or block device; returns the bytes written, holes left out.
    ///
    /// A new file is written under another name beside `path` and renamed when it is complete. What
    /// is overwritten in place is a mixture until this has returned. `progress` hears the bytes
    /// done and the bytes to do, and ends it by returning false.
    ///
    /// # Errors
    ///
    /// When the backup is not there or any chunk of it is damaged or missing, the target cannot be
    /// written, is too small or has shadow copies, or the repository is being pruned.
    pub fn restore(
        &self,
        id: BackupId,
        path: impl AsRef<Path>,
        options: RestoreOptions,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<u64, Error> {
        let path = path.as_ref();
        let lock = Lock::share(&self.folder)?;
        let backup = self.backup_named(id)?;
        let store = self.store(lock)?;
        let shape = Shape { size: backup.manifest.size, chunk: backup.manifest.chunk.into() };
        if diff_path(path).exists() {
            return Err(RepositoryError::HasShadowCopies { path: path.to_owned() }.into());
        }
        let there = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
        let sink: Box<dyn Sink> = if there || options.in_place {
            Box::new(Place::open(path, shape.size)?)
        } else {
            image::create(path, shape.size, options.format, &[])?
        };
        let (store, written) = (&store, &AtomicU64::new(0));
        watched(shape.size, progress, move |tally| {
            let restore = Restore { store, sink: &*sink, tally, shape, written };
            restore.node(shape.height(), 0, &backup.manifest.root)?;
            sink.complete()?;
            Ok(written.load(Ordering::Relaxed))
        })
    }

    /// The backup with this name.
    pub(crate) fn backup_named(&self, id: BackupId) -> Result<Backup, Error> {
        let path = self.folder.backups().join(id.to_string());
        if !path.exists() {
            return Err(RepositoryError::NoSuchBackup { name: id.to_string() }.into());
        }
        Backup::read(&path, id)
    }
}

struct Restore<'a> {
    store: &'a Store,
    sink: &'a dyn Sink,
    tally: &'a Tally,
    shape: Shape,
    written: &'a AtomicU64,
}

thread_local! {
    static BENCH: RefCell<Bench> = RefCell::default();
}

impl Restore<'_> {
    fn node(&self, level: u32, nth: u64, name: &Hash) -> Result<(), Error> {
        let range = self.shape.range(level, nth);
        let length = range.end - range.start;
        if name.is_hole() {
            self.sink.zeros(range.start, length)?;
            return self.tally.advance(length);
        }
        if level == 0 {
            return BENCH.with_borrow_mut(|bench| self.chunk(range.start, length, name, bench));
        }
        let children = self.shape.children(level, nth);
        let count = (children.end - children.start) as usize;
        let names = BENCH.with_borrow_mut(|bench| read_node(self.store, name, count, bench))?;
        let child = |(nth, name): (u64, &Hash)| self.node(level - 1, nth, name);
        if level == 2 {
            let children: Vec<_> = (children.start..).zip(&names).collect();
            children.into_par_iter().with_max_len(1).try_for_each(child)
        } else {
            (children.start..).zip(&names).try_for_each(child)
        }
    }

    fn chunk(&self, at: u64, length: u64, name: &Hash, bench: &mut Bench) -> Result<(), Error> {
        self.store.read(name, bench)?;
        if bench.plain.len() as u64 != length {
            let what = "a chunk has another length than its place";
            return Err(RepositoryError::damaged(&self.store.folder.packs(), what).into());
        }
        self.sink.write(at, &bench.plain)?;
        self.written.fetch_add(length, Ordering::Relaxed);
        self.tally.advance(length)
    }
}
