//! A passive node on this host: many threads read shadow copies while another node writes.

mod copy;
mod facts;
mod open;

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use shadowvol::journal::CopyInfo;
use shadowvol::machine::{Medium, Scratch};
use shadowvol::passive::{CatchUp, Counters, Passive as State, Read, TRUST, Zeros};
use shadowvol::{CopyId, Epoch, Error as EngineError, Geometry, VolumeId};

use crate::error::Error;
use crate::extent::{ByteExtent, byte_extents};
use crate::media::ReadMedia;
use crate::node::{Node, Request, run_alone};
use crate::sync::AtomicBool;

pub use copy::CopyOptions;
pub use open::PassiveOptions;
pub(crate) use open::peek;

/// A passive node. It takes no lock, sends no message and writes nothing.
///
/// ```no_run
/// use shadowvol_host::{Passive, PassiveOptions};
/// let node = Passive::open("disk.img", &PassiveOptions::default())?;
/// if let Some(copy) = node.find_newest()? {
///     let mut boot_sector = [0; 512];
///     copy.read(0, &mut boot_sector)?;
/// }
/// # Ok::<(), shadowvol_host::Error>(())
/// ```
pub struct Passive {
    inner: Arc<Inner>,
}

struct Inner {
    node: Node<State>,
    media: ReadMedia,
    geometry: Geometry,
    closed: AtomicBool,
    own: Vec<PathBuf>,
    read_bytes: AtomicU64,
    gone: AtomicU64,
}

/// The machine and the working space of one request, kept by the thread for the next one.
#[derive(Default)]
struct Bench {
    read: Option<Read>,
    scratch: Scratch,
}

thread_local! {
    static BENCH: Cell<Option<Box<Bench>>> = const { Cell::new(None) };
}

impl Bench {
    fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        let mut bench = BENCH.take().unwrap_or_default();
        let done = work(&mut bench);
        BENCH.set(Some(bench));
        done
    }
}

/// What a passive node has done since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassiveStats {
    /// Shadow copies that existed when the node last caught up.
    pub copies: usize,
    /// What the engine counted.
    pub counters: Counters,
    /// Bytes that reads returned.
    pub read_bytes: u64,
    /// Reads that ended in `Gone`.
    pub gone: u64,
    /// Number of the holding of the active role that was last seen.
    pub epoch: Epoch,
    /// Chunks that the table knows, amended ones included.
    pub table_chunks: u64,
    /// Memory of the table of preserved chunks, in bytes.
    pub table_bytes: usize,
}

impl Passive {
    /// Opens the shadow copies of a volume on any backends.
    ///
    /// # Errors
    ///
    /// When the diff area cannot be read, or the origin does not have its size.
    pub fn open_on(media: ReadMedia) -> Result<Self, Error> {
        Self::open_beside(media, Vec::new())
    }

    /// As [`Passive::open_on`], with the paths of the media, which no copy may replace.
    pub(crate) fn open_beside(media: ReadMedia, own: Vec<PathBuf>) -> Result<Self, Error> {
        let loaded = run_alone(&mut shadowvol::journal::Load::new(TRUST), &media)?;
        let geometry = loaded.superblock.geometry;
        let recorded = geometry.size;
        let found = media.origin.source_size().map_err(Error::reading(Medium::Origin))?;
        if recorded != found {
            return Err(EngineError::OriginSize { recorded, found }.into());
        }
        let inner = Inner {
            node: Node::new(State::new(loaded).with_never_stale(media.diff.never_is_stale())),
            media,
            geometry,
            closed: AtomicBool::new(false),
            own,
            read_bytes: AtomicU64::new(0),
            gone: AtomicU64::new(0),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Bytes of the volume.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.geometry.size
    }

    /// Bytes of a chunk, the unit of preservation.
    #[must_use]
    pub fn chunk_size(&self) -> u64 {
        self.inner.geometry.chunk.bytes()
    }

    /// The live shadow copies, oldest first, as the journal has them now.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the node is closed.
    pub fn shadow_copies(&self) -> Result<Vec<ShadowCopy>, Error> {
        self.inner.catch_up()?;
        let infos =
            self.inner.node.with(|state| state.view().copies().cloned().collect::<Vec<_>>());
        Ok(infos.into_iter().map(|info| self.of(info)).collect())
    }

    /// The shadow copy with this number, as the journal has it now.
    ///
    /// # Errors
    ///
    /// When it was deleted or never taken, the journal cannot be read, or the node is closed.
    pub fn shadow_copy(&self, copy: CopyId) -> Result<ShadowCopy, Error> {
        self.inner.catch_up()?;
        let info = self.inner.node.with(|state| state.view().copy(copy).cloned())?;
        Ok(self.of(info))
    }

    /// The newest shadow copy, as the journal has it now; none if there is none. One that is
    /// unfinished, because its set is being taken, does not count.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the node is closed.
    pub fn find_newest(&self) -> Result<Option<ShadowCopy>, Error> {
        self.inner.catch_up()?;
        let newest = self.inner.node.with(|state| state.view().newest_finished().cloned());
        Ok(newest.map(|info| self.of(info)))
    }

    /// What may differ between two shadow copies: whole chunks, in order, ending at the volume's
    /// end. The order of the two does not matter.
    ///
    /// # Errors
    ///
    /// When one of them was deleted or never taken, or the journal cannot be read.
    pub fn changes(&self, since: CopyId, until: CopyId) -> Result<Vec<ByteExtent>, Error> {
        self.inner.changes(since, until)
    }

    /// What the node has done since it was opened.
    #[must_use]
    pub fn stats(&self) -> PassiveStats {
        self.inner.node.with(|state| PassiveStats {
            copies: state.view().copies().len(),
            counters: state.counters(),
            read_bytes: self.inner.read_bytes.load(Ordering::Relaxed),
            gone: self.inner.gone.load(Ordering::Relaxed),
            epoch: state.superblock().epoch,
            table_chunks: state.view().chunks(),
            table_bytes: state.view().heap_bytes(),
        })
    }

    /// The state that the node has caught up to, to look at.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        self.inner.node.with(|state| look(state))
    }

    /// Closes the node; its shadow copies cannot be read any more.
    pub fn close(&self) {
        self.inner.closed.store(true, Ordering::Release);
    }

    /// Whether the node was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.closed.load(Ordering::Acquire)
    }

    pub(crate) fn media(&self) -> &ReadMedia {
        &self.inner.media
    }

    pub(crate) fn catch_up(&self) -> Result<(), Error> {
        self.inner.catch_up()
    }

    /// The paths of the volume's own media, where they have some: the image's first.
    #[cfg(target_os = "linux")]
    pub(crate) fn own_paths(&self) -> &[PathBuf] {
        &self.inner.own
    }

    fn of(&self, info: CopyInfo) -> ShadowCopy {
        ShadowCopy { inner: Arc::clone(&self.inner), info }
    }
}

impl fmt::Debug for Passive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passive").field("geometry", &self.inner.geometry).finish_non_exhaustive()
    }
}

/// A shadow copy: the volume as it was at one instant, a constant until it is deleted.
#[derive(Clone)]
pub struct ShadowCopy {
    inner: Arc<Inner>,
    info: CopyInfo,
}

impl ShadowCopy {
    /// Number, label and time.
    #[must_use]
    pub fn info(&self) -> &CopyInfo {
        &self.info
    }

    /// Bytes of the volume.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.geometry.size
    }

    /// Identity of the volume.
    #[must_use]
    pub fn volume(&self) -> VolumeId {
        self.inner.node.with(|state| state.superblock().volume)
    }

    /// What may differ from another shadow copy of the volume; see [`Passive::changes`].
    ///
    /// # Errors
    ///
    /// When one of them was deleted, or the journal cannot be read.
    pub fn changes_since(&self, other: CopyId) -> Result<Vec<ByteExtent>, Error> {
        self.inner.changes(other, self.info.id)
    }

    /// Another shadow copy of the volume, if it is there now.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read, or the node is closed.
    pub(crate) fn find_sibling(&self, copy: CopyId) -> Result<Option<CopyInfo>, Error> {
        self.inner.catch_up()?;
        Ok(self.inner.node.with(|state| state.view().copy(copy).cloned().ok()))
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.inner.geometry
    }

    /// The paths of the volume's own media, where they have some.
    pub(crate) fn own_paths(&self) -> &[PathBuf] {
        &self.inner.own
    }

    /// Fills `buffer` with the bytes from `offset` on, as they were.
    ///
    /// # Errors
    ///
    /// `Gone` when the copy was deleted before the bytes were known to be right; when the request
    /// reaches past the end, a slot is damaged, a medium fails, or the node is closed. The buffer
    /// then holds anything.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let inner = &*self.inner;
        inner.check_open()?;
        let length = buffer.len() as u64;
        let (copy, time) = (self.info.id, self.info.about.time);
        let done = Bench::with(|Bench { read, scratch }| {
            let read = read.get_or_insert_with(|| Read::new(copy, time, offset, length));
            read.begin(copy, time, offset, length);
            let request = Request { data: &[], user: buffer, scratch };
            inner.node.run(read, &inner.media, request, |_, _| Ok(()), |_| ())
        });
        match &done {
            Ok(()) => inner.read_bytes.fetch_add(length, Ordering::Relaxed),
            Err(error) => {
                let gone = matches!(error.engine(), Some(EngineError::Gone { .. }));
                inner.gone.fetch_add(u64::from(gone), Ordering::Relaxed)
            }
        };
        done
    }

    /// How many of the `most` bytes from `offset` on are zeros, as far as that can be told without
    /// reading them.
    ///
    /// # Errors
    ///
    /// As [`ShadowCopy::read`].
    pub(crate) fn zeros_at(&self, offset: u64, most: u64) -> Result<u64, Error> {
        let inner = &*self.inner;
        inner.check_open()?;
        let mut zeros = Zeros::new(self.info.id, self.info.about.time, offset, most);
        Bench::with(|Bench { scratch, .. }| {
            inner.node.run(&mut zeros, &inner.media, Request::bare(scratch), |_, _| Ok(()), |_| ())
        })
    }
}

impl fmt::Debug for ShadowCopy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShadowCopy").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Inner {
    fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }

    fn catch_up(&self) -> Result<(), Error> {
        self.check_open()?;
        Bench::with(|Bench { scratch, .. }| {
            let request = Request::bare(scratch);
            self.node.run(&mut CatchUp::new(), &self.media, request, |_, _| Ok(()), |_| ())
        })?;
        Ok(())
    }

    fn changes(&self, since: CopyId, until: CopyId) -> Result<Vec<ByteExtent>, Error> {
        self.catch_up()?;
        let changed = self.node.with(|state| state.view().changes(since, Some(until)))?;
        Ok(byte_extents(&self.geometry, &changed))
    }
}
