//! What the bytes of a volume can be written to, in any order and by several threads.

mod place;
mod qcow2;
mod raw;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shadowvol::format::checksum::is_zeros;
use shadowvol::machine::Scratch;

use crate::error::Error;
use crate::partial::failed;

pub(crate) use place::Place;

/// Bytes that are read at once.
const PIECE: usize = 4 << 20;
/// Bytes in which holes are looked for at once.
const WINDOW: u64 = 256 << 20;
/// Zeros of this many bytes become a hole.
const HOLE: usize = 64 << 10;

/// How the bytes of a volume are laid out in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// As they are.
    #[default]
    Raw,
    /// As QEMU's image of version 2 or 3, which has no bytes for what is zero.
    Qcow2,
}

/// An image in the making.
pub(crate) trait Sink: Send + Sync {
    /// Writes bytes. Each place is written once at most; what is not written is zeros.
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Error>;

    /// Has zeros where nothing was written.
    fn zeros(&self, at: u64, length: u64) -> Result<(), Error>;

    /// Makes it durable, and gives it its name.
    fn complete(self: Box<Self>) -> Result<(), Error>;
}

/// Begins a file that is there when it is complete, or not at all. A file that is there is
/// replaced, unless it is one of those that the bytes come from, or no regular file. Who could not
/// read the first of these, the image, cannot read it either.
pub(crate) fn create(
    path: &Path,
    size: u64,
    format: Format,
    own: &[PathBuf],
) -> Result<Box<dyn Sink>, Error> {
    check_target(path, own)?;
    let image = own.first().map(PathBuf::as_path);
    Ok(match format {
        Format::Raw => Box::new(raw::Raw::create(path, size, image)?),
        Format::Qcow2 => Box::new(qcow2::Qcow2::create(path, size, image)?),
    })
}

/// What an image is filled with.
pub(crate) trait Bytes {
    /// How many there are.
    fn size(&self) -> u64;

    /// Those from `at` on.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Error>;

    /// How many bytes from `at` on, `most` at most, are known to be zeros without being read.
    fn zeros_at(&self, _at: u64, _most: u64) -> Result<u64, Error> {
        Ok(0)
    }
}

/// Fills an image, and completes it; returns the bytes written, holes left out.
pub(crate) fn fill(
    sink: Box<dyn Sink>,
    with: &impl Bytes,
    sparse: bool,
    mut progress: impl FnMut(u64, u64) -> bool,
) -> Result<u64, Error> {
    let size = with.size();
    let mut bytes = Scratch::new();
    bytes.reach(PIECE.min(size as usize));
    let (mut at, mut written) = (0, 0);
    let mut most = PIECE;
    while at < size {
        let zeros = if sparse { with.zeros_at(at, WINDOW.min(size - at))? } else { 0 };
        if at + zeros == size {
            at = size;
        } else if zeros >= HOLE as u64 {
            at += zeros - zeros % HOLE as u64;
            // Among holes there may be little.
            most = HOLE;
        } else {
            let len = (size - at).min(most as u64) as usize;
            most = PIECE;
            with.read(at, &mut bytes[..len])?;
            for (start, data) in stretches(&bytes[..len], sparse) {
                sink.write(at + start as u64, data)?;
                written += data.len() as u64;
            }
            at += len as u64;
        }
        if !progress(at, size) {
            return Err(Error::Cancelled);
        }
    }
    sink.complete()?;
    Ok(written)
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

fn check_target(path: &Path, own: &[PathBuf]) -> Result<(), Error> {
    let Ok(found) = fs::canonicalize(path) else { return Ok(()) };
    if own.iter().any(|own| is_same(own, &found)) {
        return Err(Error::OwnMedium { path: path.to_owned() });
    }
    if found.is_file() {
        return Ok(());
    }
    let reason = io::Error::new(io::ErrorKind::AlreadyExists, "it is no regular file");
    Err(failed("replacing", path, reason))
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
