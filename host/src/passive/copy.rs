//! Copying a whole shadow copy into a file.

use std::path::Path;

use shadowvol::format::checksum::is_zeros;

use super::ShadowCopy;
use crate::error::Error;
use crate::image::{self, Format};

/// Bytes that are read at once.
const PIECE: usize = 4 << 20;
/// Bytes in which holes are looked for at once.
const WINDOW: u64 = 256 << 20;
/// Zeros of this many bytes become a hole.
const HOLE: usize = 64 << 10;

/// How a shadow copy is copied.
#[derive(Clone, Copy, Debug)]
pub struct CopyOptions {
    /// Leave holes where there are only zeros.
    pub sparse: bool,
    /// How the file is laid out.
    pub format: Format,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self { sparse: true, format: Format::Raw }
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
        let size = self.size();
        let image = image::create(path.as_ref(), size, options.format, self.own_paths())?;
        let mut bytes = vec![0; PIECE.min(size as usize)];
        let mut at = 0;
        let mut written = 0;
        while at < size {
            let mut most = PIECE;
            if options.sparse {
                let zeros = self.zeros_at(at, WINDOW.min(size - at))?;
                at += if at + zeros == size { zeros } else { zeros - zeros % HOLE as u64 };
                // Among holes there may be little.
                most = if zeros > 0 { HOLE } else { PIECE };
            }
            let len = (size - at).min(most as u64) as usize;
            self.read(at, &mut bytes[..len])?;
            for (start, data) in stretches(&bytes[..len], options.sparse) {
                image.write(at + start as u64, data)?;
                written += data.len() as u64;
            }
            at += len as u64;
            if !progress(at, size) {
                return Err(Error::Cancelled);
            }
        }
        image.complete()?;
        Ok(written)
    }
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
