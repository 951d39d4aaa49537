//! Copying a whole shadow copy into a file.

use core::sync::atomic::{AtomicU32, Ordering};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shadowvol::format::checksum::is_zeros;

use super::ShadowCopy;
use crate::error::Error;

/// Bytes that are read at once.
const PIECE: usize = 4 << 20;
/// Names of files in the making that this process has used.
static NAMES: AtomicU32 = AtomicU32::new(0);
/// Zeros of this many bytes become a hole.
const HOLE: usize = 64 << 10;

/// How a shadow copy is copied.
#[derive(Clone, Copy, Debug)]
pub struct CopyOptions {
    /// Leave holes where there are only zeros.
    pub sparse: bool,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { sparse: true }
    }
}

impl ShadowCopy {
    /// Copies the whole shadow copy to `path`; returns the bytes written, holes left out.
    ///
    /// It is written under another name beside `path` and renamed when it is complete, so `path`
    /// is the whole copy or untouched, and nothing is left behind after an error. `progress` hears
    /// the bytes done and the bytes to do, and ends it by returning false.
    ///
    /// # Errors
    ///
    /// As [`ShadowCopy::read`], when `path` is the volume's own image or diff area or no regular
    /// file, and when the file cannot be written.
    pub fn copy_to(
        &self,
        path: impl AsRef<Path>,
        options: CopyOptions,
        mut progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<u64, Error> {
        let path = path.as_ref();
        self.check_target(path)?;
        let mut partial = Partial::create(path)?;
        let size = self.size();
        partial.run("sizing", |file| file.set_len(size))?;
        let mut bytes = vec![0; PIECE.min(size as usize)];
        let mut at = 0;
        let mut written = 0;
        while at < size {
            let len = (size - at).min(PIECE as u64) as usize;
            self.read(at, &mut bytes[..len])?;
            for (start, data) in stretches(&bytes[..len], options.sparse) {
                partial.run("writing", |file| write_at(file, at + start as u64, data))?;
                written += data.len() as u64;
            }
            at += len as u64;
            if !progress(at, size) {
                return Err(Error::Cancelled);
            }
        }
        partial.complete(path)?;
        Ok(written)
    }

    /// Whether a copy may replace what is there: not a device, nor what it is a copy of.
    fn check_target(&self, path: &Path) -> Result<(), Error> {
        let Ok(found) = fs::canonicalize(path) else { return Ok(()) };
        if self.inner.own.iter().any(|own| is_same(own, &found)) {
            return Err(Error::OwnMedium { path: path.to_owned() });
        }
        if found.is_file() {
            return Ok(());
        }
        let reason = io::Error::new(io::ErrorKind::AlreadyExists, "it is no regular file");
        Err(failed("replacing", path, reason))
    }
}

/// Whether two paths lead to one file, by whatever names.
fn is_same(own: &Path, found: &Path) -> bool {
    #[cfg(unix)]
    if let (Ok(own), Ok(found)) = (fs::metadata(own), fs::metadata(found)) {
        use std::os::unix::fs::MetadataExt;
        return (own.dev(), own.ino()) == (found.dev(), found.ino());
    }
    fs::canonicalize(own).is_ok_and(|own| own == found)
}

/// A file that is removed unless it is completed.
struct Partial {
    path: PathBuf,
    file: Option<fs::File>,
}

impl Partial {
    fn create(target: &Path) -> Result<Self, Error> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        loop {
            let (process, nth) = (std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
            let path = target.with_file_name(format!(".{name}.{process}-{nth}.partial"));
            match fs::OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { path, file: Some(file) }),
                // What a killed process left behind, or another thread's.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(failed("creating", &path, source)),
            }
        }
    }

    fn run<T>(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut fs::File) -> io::Result<T>,
    ) -> Result<T, Error> {
        let Some(file) = &mut self.file else { return Err(Error::Closed) };
        act(file).map_err(|source| failed(what, &self.path, source))
    }

    fn complete(mut self, target: &Path) -> Result<(), Error> {
        self.run("flushing", |file| file.sync_all())?;
        fs::rename(&self.path, target).map_err(|source| failed("renaming", &self.path, source))?;
        self.file = None;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // The error that led here is the one to tell.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn failed(what: &str, path: &Path, source: io::Error) -> Error {
    Error::System { what: format!("{what} {}", path.display()), source }
}

/// The stretches of bytes to write, each with where it begins.
fn stretches(bytes: &[u8], sparse: bool) -> Vec<(usize, &[u8])> {
    if !sparse {
        return vec![(0, bytes)];
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for start in (0..bytes.len()).step_by(HOLE) {
        let end = bytes.len().min(start + HOLE);
        if is_zeros(&bytes[start..end]) {
            continue;
        }
        match found.last_mut() {
            Some((_, last)) if *last == start => *last = end,
            _ => found.push((start, end)),
        }
    }
    found.into_iter().map(|(start, end)| (start, &bytes[start..end])).collect()
}

#[cfg(unix)]
fn write_at(file: &fs::File, at: u64, data: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, data, at)
}

#[cfg(not(unix))]
fn write_at(mut file: &fs::File, at: u64, data: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(data)
}
