//! A volume to measure, beside the plain way of doing the same.

use core::error::Error;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use shadowvol::ChunkSize;
use shadowvol_host::{CreateOptions, Durability, Volume, diff_path};

use crate::{Contest, Outcome, Pattern};

/// What a bench returns.
pub type Result<T> = core::result::Result<T, Box<dyn Error>>;

/// Requests that are measured where each one waits for the disk.
const FLUSHED: usize = 512;

/// A volume, its origin as a plain file, and a preallocated file beside it.
///
/// The origin is the same file for both sides, because two files of equal content can differ by
/// half in speed: their pages lie elsewhere.
#[derive(Debug)]
pub struct Stage {
    /// The volume.
    pub volume: Arc<Volume>,
    /// Its origin.
    pub origin: File,
    area: File,
    size: u64,
    durability: Durability,
}

impl Stage {
    /// A volume of `size` bytes in this folder, without a zero in it, so that nothing is saved on
    /// zeros.
    ///
    /// # Errors
    ///
    /// When a file cannot be made or written.
    pub fn new(folder: &Path, size: u64, durability: Durability, chunk: ChunkSize) -> Result<Self> {
        let path = folder.join("volume.img");
        let diff = diff_path(&path);
        if diff.exists() {
            std::fs::remove_file(diff)?;
        }
        let origin = full(&path, size)?;
        let area = full(&folder.join("plain.diff"), size)?;
        let options = CreateOptions { durability, chunk, ..CreateOptions::default() };
        let volume = Arc::new(Volume::create(&path, &options)?);
        Ok(Self { volume, origin, area, size, durability })
    }

    /// The first overwrite of chunks since the newest copy, against the floor: what copy-on-write
    /// costs without any bookkeeping. Read the old bytes, write them to the preallocated file,
    /// flush it if the volume is durable, write the new bytes.
    ///
    /// # Errors
    ///
    /// The first error of either side.
    pub fn first_overwrite(&self, pattern: Pattern, length: u64) -> Result<Outcome> {
        self.preserving(pattern, length, || self.renew())
    }

    /// The same with a diff area that grows all the time, because the older copies stay: each
    /// round preserves into space that was never used.
    ///
    /// # Errors
    ///
    /// As [`Stage::first_overwrite`].
    pub fn growing_overwrite(&self, pattern: Pattern, length: u64) -> Result<Outcome> {
        self.preserving(pattern, length, || {
            self.volume.create_shadow_copy("")?;
            Ok(())
        })
    }

    fn preserving(
        &self,
        pattern: Pattern,
        length: u64,
        prepare: impl FnMut() -> Result<()>,
    ) -> Result<Outcome> {
        let mut offsets = pattern.offsets(self.size, length);
        let durable = self.durability == Durability::Durable;
        if durable {
            offsets.truncate(FLUSHED);
        }
        let data = vec![0xa5; length as usize];
        let mut old = vec![0; length as usize];
        Contest::default().run(
            offsets.len(),
            prepare,
            |nth| Ok(self.volume.write(offsets[nth], &data)?),
            |nth| {
                self.origin.read_exact_at(&mut old, offsets[nth])?;
                self.area.write_all_at(&old, nth as u64 * length)?;
                if durable {
                    self.area.sync_data()?;
                }
                Ok(self.origin.write_all_at(&data, offsets[nth])?)
            },
        )
    }

    /// The overwrite of what is preserved already, against plain writes.
    ///
    /// # Errors
    ///
    /// As [`Stage::first_overwrite`].
    pub fn rewrite(&self, pattern: Pattern, length: u64) -> Result<Outcome> {
        let offsets = pattern.offsets(self.size, length);
        let data = vec![0xa5; length as usize];
        self.renew()?;
        self.overwrite(pattern, length)?;
        Contest::default().run(
            offsets.len(),
            || Ok(()),
            |nth| Ok(self.volume.write(offsets[nth], &data)?),
            |nth| Ok(self.origin.write_all_at(&data, offsets[nth])?),
        )
    }

    /// Overwrites everything that the pattern names.
    ///
    /// # Errors
    ///
    /// The volume's.
    pub fn overwrite(&self, pattern: Pattern, length: u64) -> Result<()> {
        let data = vec![0xa5; length as usize];
        for offset in pattern.offsets(self.size, length) {
            self.volume.write(offset, &data)?;
        }
        Ok(())
    }

    /// Puts a new copy in the place of those there are.
    fn renew(&self) -> Result<()> {
        let ids: Vec<_> = self.volume.shadow_copies()?.iter().map(|info| info.id).collect();
        self.volume.delete_shadow_copies(&ids)?;
        self.volume.create_shadow_copy("")?;
        Ok(())
    }
}

fn full(path: &Path, size: u64) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
    let block = vec![0x5a; 1 << 20];
    for nth in 0..size >> 20 {
        file.write_all_at(&block, nth << 20)?;
    }
    Ok(file)
}
