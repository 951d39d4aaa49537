//! Files that are whole or not there: written under another name, and renamed when complete.

use core::sync::atomic::{AtomicU32, Ordering};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::file::create_with;

/// Names of files in the making that this process has used.
static NAMES: AtomicU32 = AtomicU32::new(0);
/// How names of files in the making end.
pub(crate) const ENDING: &str = ".partial";

/// A file that is removed unless it is completed.
pub(crate) struct Partial {
    path: PathBuf,
    file: Option<fs::File>,
}

impl Partial {
    pub(crate) fn create(target: &Path) -> Result<Self, Error> {
        Self::create_like(target, None)
    }

    /// With the permissions of the file that its bytes come from, as `cp` gives them.
    pub(crate) fn create_like(target: &Path, source: Option<&Path>) -> Result<Self, Error> {
        let mut access = fs::OpenOptions::new();
        access.read(true).write(true).create_new(true);
        if let Some(found) = source.and_then(|source| fs::metadata(source).ok()) {
            create_with(&mut access, found.permissions());
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        // With what is added it must not get longer than a name may be.
        let name: String = name.chars().take(48).collect();
        loop {
            let (process, nth) = (std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed));
            let path = target.with_file_name(format!(".{name}.{process}-{nth}{ENDING}"));
            match access.open(&path) {
                Ok(file) => return Ok(Self { path, file: Some(file) }),
                // What a killed process left behind, or another thread's.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(failed("creating", &path, source)),
            }
        }
    }

    pub(crate) fn run<T>(
        &self,
        what: &str,
        act: impl FnOnce(&fs::File) -> io::Result<T>,
    ) -> Result<T, Error> {
        let Some(file) = &self.file else { return Err(Error::Closed) };
        act(file).map_err(|source| failed(what, &self.path, source))
    }

    /// Another handle of the file.
    pub(crate) fn handle(&self) -> Result<fs::File, Error> {
        self.run("opening", fs::File::try_clone)
    }

    pub(crate) fn complete(mut self, target: &Path) -> Result<(), Error> {
        self.run("flushing", |file| file.sync_all())?;
        fs::rename(&self.path, target).map_err(|source| failed("renaming", &self.path, source))?;
        self.file = None;
        sync_folder(target)
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

pub(crate) fn failed(what: &str, path: &Path, source: io::Error) -> Error {
    Error::System { what: format!("{what} {}", path.display()), source }
}

/// Makes the name of a new file durable, where folders can be flushed.
pub(crate) fn sync_folder(of: &Path) -> Result<(), Error> {
    if !cfg!(unix) {
        return Ok(());
    }
    let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| failed("flushing", folder, source))
}

#[cfg(unix)]
pub(crate) fn write_at(file: &fs::File, at: u64, data: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, data, at)
}

#[cfg(not(unix))]
pub(crate) fn write_at(mut file: &fs::File, at: u64, data: &[u8]) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(at))?;
    file.write_all(data)
}

#[cfg(unix)]
pub(crate) fn read_at(file: &fs::File, at: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &fs::File, mut at: u64, mut bytes: &mut [u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let read = std::os::windows::fs::FileExt::seek_read(file, bytes, at)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes = &mut bytes[read..];
        at += read as u64;
    }
    Ok(())
}
