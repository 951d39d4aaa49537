//! Copying a whole shadow copy into a file.

use std::path::Path;

use super::ShadowCopy;
use crate::error::Error;
use crate::image::{self, Bytes, Format};

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
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<u64, Error> {
        let size = self.size();
        let image = image::create(path.as_ref(), size, options.format, self.own_paths())?;
        image::fill(image, self, options.sparse, progress)
    }
}

impl Bytes for ShadowCopy {
    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), Error> {
        Self::read(self, at, into)
    }

    fn zeros_at(&self, at: u64, most: u64) -> Result<u64, Error> {
        Self::zeros_at(self, at, most)
    }
}
