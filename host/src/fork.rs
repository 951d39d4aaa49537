//! A fork: a shadow copy that can be written to, and is thrown away.
//!
//! Chunks that were written lie in a file of the fork's own, which has no name and vanishes with
//! it; all others are read from the copy, as a passive node reads it. Nothing is ever written to the
//! volume, its copies or the media that others share, so a fork can be had of any copy that can be
//! read, on any host, and as many of one copy as anybody wants.
//!
//! A fork does not keep its copy. When that is deleted, what was never written is `Gone`.

mod presence;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use parking_lot::{Condvar, Mutex, RwLock};
use shadowvol::journal::CopyInfo;
use shadowvol::{Error as EngineError, Extent, Geometry};

use self::presence::Presence;
use crate::error::Error;
use crate::extent::{ByteExtent, byte_extents};
use crate::image::{self, Bytes};
use crate::partial::{read_at, write_at};
use crate::passive::{CopyOptions, ShadowCopy};

pub(crate) use self::presence::Piece;

/// How a fork is made.
#[derive(Clone, Debug, Default)]
pub struct ForkOptions {
    /// The folder whose file system keeps what is written; the system's one for temporary files if
    /// not given.
    pub folder: Option<PathBuf>,
}

/// A writable fork of a shadow copy.
///
/// All methods take `&self` and may be called by many threads at once. Dropping it discards
/// everything that was written.
///
/// ```
/// use shadowvol_host::{CreateOptions, ForkOptions, Volume};
/// # let folder = tempfile::tempdir()?;
/// # let image = folder.path().join("disk.img");
/// let volume = Volume::create(&image, &CreateOptions { size: Some(1 << 20), ..Default::default() })?;
/// let copy = volume.create_shadow_copy("base")?;
/// let copy = volume.reader()?.shadow_copy(copy.id)?;
///
/// let (one, other) = (copy.fork(&ForkOptions::default())?, copy.fork(&ForkOptions::default())?);
/// one.write(0, b"trial")?;
/// let mut bytes = [0; 5];
/// other.read(0, &mut bytes)?;
/// assert_eq!(bytes, [0; 5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Fork {
    copy: ShadowCopy,
    geometry: Geometry,
    file: fs::File,
    presence: RwLock<Presence>,
    /// Chunks that threads bring into the file, or discard. Invariant: none overlap, so that nobody
    /// puts the copy's bytes over what somebody else has just written.
    claims: Mutex<Vec<Extent>>,
    unclaimed: Condvar,
    /// Whether it can be written to. Whoever writes holds it, so that nobody still does once it is
    /// false.
    writable: RwLock<bool>,
}

/// Chunks that one thread has to itself.
struct Claim<'a> {
    fork: &'a Fork,
    chunks: Extent,
}

impl ShadowCopy {
    /// A writable fork of the copy: it costs nothing until it is written to, and is discarded when
    /// it is dropped.
    ///
    /// # Errors
    ///
    /// When no temporary file can be made.
    pub fn fork(&self, options: &ForkOptions) -> Result<Fork, Error> {
        let made = match &options.folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        };
        let file = made.map_err(|source| Error::System {
            what: "making a temporary file for a fork".into(),
            source,
        })?;
        Ok(Fork {
            geometry: *self.geometry(),
            copy: self.clone(),
            file,
            presence: RwLock::default(),
            claims: Mutex::default(),
            unclaimed: Condvar::new(),
            writable: RwLock::new(true),
        })
    }
}

impl Fork {
    /// The copy that it is a fork of.
    #[must_use]
    pub fn origin(&self) -> &CopyInfo {
        self.copy.info()
    }

    /// Bytes of the volume.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.geometry.size
    }

    /// Bytes of a chunk: what is written is kept in whole chunks.
    #[must_use]
    pub fn chunk_size(&self) -> u64 {
        self.geometry.chunk.bytes()
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// As [`ShadowCopy::read`], for what was never written; when the request reaches past the end,
    /// or the temporary file fails.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let length = buffer.len() as u64;
        self.geometry.check(offset, length)?;
        for (chunks, piece) in self.pieces(self.geometry.cover(offset, length)) {
            let (start, end) = self.common(chunks, offset, length);
            let part = &mut buffer[(start - offset) as usize..(end - offset) as usize];
            match piece {
                Piece::Copy => self.copy.read(start, part)?,
                Piece::Zeros => part.fill(0),
                Piece::File => self.fill(start, part)?,
            }
        }
        Ok(())
    }

    /// Writes `data` from `offset` on.
    ///
    /// # Errors
    ///
    /// As [`Fork::read`], for the rest of a chunk that is written in part for the first time: that
    /// chunk stays as it was. `Finished` when it is the writable copy of a set, and the set goes on.
    pub fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let length = data.len() as u64;
        self.geometry.check(offset, length)?;
        let writable = self.writable.read();
        self.check_writable(*writable)?;
        let cover = self.geometry.cover(offset, length);
        if self.pieces(cover).iter().all(|(_, piece)| *piece == Piece::File) {
            return self.store(offset, data);
        }
        let _claim = self.claim(cover);
        for (chunks, piece) in self.pieces(cover) {
            for part in self.edges(chunks, offset, length) {
                let (start, end) = self.common(part, offset, length);
                let bytes = &data[(start - offset) as usize..(end - offset) as usize];
                let is_whole = end - start == self.geometry.length_of(part);
                if is_whole || piece == Piece::File {
                    self.store(start, bytes)?;
                } else {
                    self.bring(part, piece, start, bytes)?;
                }
            }
        }
        self.presence.write().set(cover, Piece::File);
        Ok(())
    }

    /// Makes a range read as zeros. Whole chunks take no room then, but what they took before is
    /// given back at the fork's end only.
    ///
    /// # Errors
    ///
    /// As [`Fork::write`].
    pub fn discard(&self, offset: u64, length: u64) -> Result<(), Error> {
        self.geometry.check(offset, length)?;
        let end = offset + length;
        let chunk = self.chunk_size();
        let first = offset.next_multiple_of(chunk).min(end);
        let last = if end == self.size() { end } else { (end / chunk * chunk).max(first) };
        for (start, end) in [(offset, first), (last, end)] {
            if start < end {
                self.write(start, &vec![0; (end - start) as usize])?;
            }
        }
        if first < last {
            let writable = self.writable.read();
            self.check_writable(*writable)?;
            let whole = self.geometry.cover(first, last - first);
            let _claim = self.claim(whole);
            self.presence.write().set(whole, Piece::Zeros);
        }
        Ok(())
    }

    /// Does nothing: what was written is there for every reader of the fork when the write returns,
    /// and never outlives it.
    pub fn flush(&self) {}

    /// What was written or discarded: whole chunks, in order, ending at the volume's end.
    #[must_use]
    pub fn changes(&self) -> Vec<ByteExtent> {
        let mut changed: Vec<Extent> = Vec::new();
        for (chunks, _) in self.presence.read().changed() {
            match changed.last_mut() {
                Some(last) if last.end() == chunks.first.0 => last.count += chunks.count,
                _ => changed.push(chunks),
            }
        }
        byte_extents(&self.geometry, &changed)
    }

    /// Copies the whole fork to `path`, as [`ShadowCopy::copy_to`] does; other threads may write
    /// meanwhile, and each of their writes is in it or not, wholly or in part.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn copy_to(
        &self,
        path: impl AsRef<Path>,
        options: CopyOptions,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<u64, Error> {
        let sink =
            image::create(path.as_ref(), self.size(), options.format, self.copy.own_paths())?;
        image::fill(sink, self, options.sparse, progress)
    }

    /// From now on it cannot be written to; nobody is writing any more.
    pub(crate) fn finish(&self) {
        *self.writable.write() = false;
    }

    /// What was changed, in order, and whether it is in the file or zeros.
    pub(crate) fn changed(&self) -> Vec<(Extent, Piece)> {
        self.presence.read().changed()
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    fn check_writable(&self, writable: bool) -> Result<(), Error> {
        let copy = self.copy.info().id;
        if writable { Ok(()) } else { Err(EngineError::Finished { copy }.into()) }
    }

    fn pieces(&self, cover: Extent) -> Vec<(Extent, Piece)> {
        self.presence.read().pieces(cover)
    }

    /// The bytes that chunks and a range have in common, as start and end.
    fn common(&self, chunks: Extent, offset: u64, length: u64) -> (u64, u64) {
        let start = self.geometry.offset_of(chunks.first);
        let end = start + self.geometry.length_of(chunks);
        (start.max(offset), end.min(offset + length))
    }

    /// Chunks in up to three parts: the first and the last are by themselves if a range covers them
    /// in part only.
    fn edges(&self, chunks: Extent, offset: u64, length: u64) -> impl Iterator<Item = Extent> {
        let is_part = |chunk: u64| {
            let chunk = Extent::new(chunk, 1);
            let (start, end) = self.common(chunk, offset, length);
            end - start < self.geometry.length_of(chunk)
        };
        let head = u64::from(is_part(chunks.first.0));
        let tail = u64::from(chunks.count > head && is_part(chunks.end() - 1));
        let (first, middle) = (chunks.first.0, chunks.count - head - tail);
        let parts = [(first, head), (first + head, middle), (first + head + middle, tail)];
        parts.into_iter().map(|(first, count)| Extent::new(first, count)).filter(|e| !e.is_empty())
    }

    /// Brings a chunk into the file, with these bytes in it.
    fn bring(&self, chunk: Extent, from: Piece, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let start = self.geometry.offset_of(chunk.first);
        let mut whole = vec![0; self.geometry.length_of(chunk) as usize];
        if from == Piece::Copy {
            self.copy.read(start, &mut whole)?;
        }
        whole[(at - start) as usize..][..bytes.len()].copy_from_slice(bytes);
        self.store(start, &whole)
    }

    fn store(&self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        write_at(&self.file, at, bytes).map_err(|source| Error::System {
            what: "writing a fork's temporary file".into(),
            source,
        })
    }

    fn fill(&self, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
        read_at(&self.file, at, bytes).map_err(|source| Error::System {
            what: "reading a fork's temporary file".into(),
            source,
        })
    }

    /// Waits until nobody else is at work on these chunks.
    fn claim(&self, chunks: Extent) -> Claim<'_> {
        let mut claims = self.claims.lock();
        while claims.iter().any(|other| other.overlaps(chunks)) {
            self.unclaimed.wait(&mut claims);
        }
        claims.push(chunks);
        Claim { fork: self, chunks }
    }
}

impl Bytes for Fork {
    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Error> {
        Self::read(self, at, into)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut claims = self.fork.claims.lock();
        if let Some(at) = claims.iter().position(|&claim| claim == self.chunks) {
            claims.swap_remove(at);
        }
        self.fork.unclaimed.notify_all();
    }
}

impl fmt::Debug for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fork").field("copy", self.copy.info()).finish_non_exhaustive()
    }
}
