//! The files inside a shadow copy: those of an ext4 file system that lies on the volume.
//!
//! Nothing is mounted and nothing is copied: each request reads the blocks that it needs through
//! the copy, as any passive node does. See [`shadowvol_files`] for what is understood.

use std::fmt;

use shadowvol::Error as EngineError;
use shadowvol_files::{Entry, Error as FilesError, FileSystem, Inode, Links, Piece, ReadAt};

use crate::error::Error;
use crate::passive::ShadowCopy;

/// Bytes of a file whose places are looked up at once.
const STRETCH: u64 = 64 << 20;

/// The files of a shadow copy. Any number of threads may read them at once.
///
/// ```no_run
/// use shadowvol_host::{Passive, PassiveOptions};
/// use shadowvol_files::Links;
///
/// let node = Passive::open("disk.img", &PassiveOptions::default())?;
/// if let Some(copy) = node.find_newest()? {
///     let files = copy.files(0)?;
///     let file = files.find(b"/etc/hostname", Links::Followed)?;
///     let mut name = vec![0; file.size as usize];
///     files.read(&file, 0, &mut name)?;
/// }
/// # Ok::<(), shadowvol_host::Error>(())
/// ```
pub struct Files {
    file_system: FileSystem,
    source: Source,
}

/// A copy, from where the file system begins.
struct Source {
    copy: ShadowCopy,
    offset: u64,
}

impl ShadowCopy {
    /// The files of the ext4 file system that begins `offset` bytes behind the volume's first one,
    /// as a partition does.
    ///
    /// # Errors
    ///
    /// [`Error::Files`] when none does, or it cannot be read; as [`ShadowCopy::read`].
    pub fn files(&self, offset: u64) -> Result<Files, Error> {
        let (size, length) = (self.size(), 0);
        if offset > size {
            return Err(EngineError::OutOfRange { offset, length, size }.into());
        }
        let source = Source { copy: self.clone(), offset };
        let file_system = FileSystem::open(&source).map_err(|error| told(error, &[]))?;
        Ok(Files { file_system, source })
    }
}

impl Files {
    /// The file system's name; empty if it has none.
    #[must_use]
    pub fn label(&self) -> &[u8] {
        self.file_system.label()
    }

    /// Blocks whose newest bytes were in the journal: none if the file system was at rest.
    #[must_use]
    pub fn replayed(&self) -> usize {
        self.file_system.replayed()
    }

    /// The file at a path, which begins at the file system's root. Symbolic links lead to files of
    /// the same file system.
    ///
    /// # Errors
    ///
    /// [`Error::Files`] when there is none, or the file system is damaged; as [`ShadowCopy::read`].
    pub fn find(&self, path: &[u8], links: Links) -> Result<Inode, Error> {
        self.file_system.find(&self.source, path, links).map_err(|error| told(error, path))
    }

    /// The file with the number that a directory has.
    ///
    /// # Errors
    ///
    /// As [`Files::find`].
    pub fn inode(&self, number: u32) -> Result<Inode, Error> {
        self.file_system.inode(&self.source, number).map_err(|error| told(error, &[]))
    }

    /// The names in a directory, in no order, without `.` and `..`.
    ///
    /// # Errors
    ///
    /// As [`Files::find`].
    pub fn list(&self, directory: &Inode) -> Result<Vec<Entry>, Error> {
        self.file_system.list(&self.source, directory).map_err(|error| told(error, &[]))
    }

    /// What a symbolic link has in it.
    ///
    /// # Errors
    ///
    /// As [`Files::find`].
    pub fn target(&self, link: &Inode) -> Result<Vec<u8>, Error> {
        self.file_system.target(&self.source, link).map_err(|error| told(error, &[]))
    }

    /// Fills `buffer` with a file's bytes from `offset` on; returns how many there were.
    ///
    /// # Errors
    ///
    /// As [`Files::find`].
    pub fn read(&self, file: &Inode, offset: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut done = 0;
        while done < buffer.len() {
            let left = (buffer.len() - done) as u64;
            let pieces = self.pieces(file, offset + done as u64, left.min(STRETCH))?;
            if pieces.is_empty() {
                break;
            }
            for Piece { place, length } in pieces {
                let part = &mut buffer[done..done + length as usize];
                match place {
                    Some(place) => self.source.read_at(place, part)?,
                    None => part.fill(0),
                }
                done += length as usize;
            }
        }
        Ok(done)
    }

    fn pieces(&self, file: &Inode, offset: u64, length: u64) -> Result<Vec<Piece>, Error> {
        let asked = self.file_system.pieces(&self.source, file, offset, length);
        asked.map_err(|error| told(error, &[]))
    }
}

impl ReadAt for Source {
    type Error = Error;

    fn size(&self) -> Result<u64, Error> {
        Ok(self.copy.size() - self.offset)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        self.copy.read(self.offset.saturating_add(offset), buffer)
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("copy", self.source.copy.info()).finish_non_exhaustive()
    }
}

fn told(error: FilesError<Error>, path: &[u8]) -> Error {
    match error {
        FilesError::Source(error) => error,
        FilesError::Problem(problem) => {
            let path = String::from_utf8_lossy(path).into_owned();
            Error::Files { path: (!path.is_empty()).then_some(path), problem }
        }
    }
}
