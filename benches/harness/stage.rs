//! A volume to measure, beside the plain way of doing the same.

use std::fs;
use std::path::{Path, PathBuf};

use shadowvol_host::{
    Caching, CreateOptions, Durability, Passive, PassiveOptions, ShadowCopy, Volume, diff_path,
};

use crate::{Axes, Buffer, Contest, Outcome, Pattern, Plain, Result, Way, by};

/// Requests of a round where each one waits for a flush.
const FLUSHED: usize = 512;
/// Requests of a round where each one waits for the disk.
const DIRECT: usize = 2048;

/// How what is read can have been overwritten since its copy was taken.
pub const STATES: [(&str, Option<(Pattern, u64)>); 3] = [
    ("nothing overwritten", None),
    ("overwritten in order", Some((Pattern::Sequential, 1 << 20))),
    ("overwritten at random", Some((Pattern::Random, 4 << 10))),
];

/// A volume, its origin as a plain file, and a preallocated file beside it.
///
/// The origin is the same file for both sides, because two files of equal content can differ by
/// half in speed: their pages lie elsewhere.
#[derive(Debug)]
pub struct Stage {
    /// The volume.
    pub volume: Volume,
    /// Its origin.
    pub origin: Plain,
    /// The setting.
    pub axes: Axes,
    area: Plain,
    path: PathBuf,
}

impl Stage {
    /// A volume in this folder, in this setting, without a zero in it.
    ///
    /// # Errors
    ///
    /// When a file cannot be made or written.
    pub fn new(folder: &Path, axes: Axes) -> Result<Self> {
        let path = folder.join("volume.img");
        let diff = diff_path(&path);
        if diff.exists() {
            fs::remove_file(diff)?;
        }
        let Axes { volume, durability, chunk, caching, .. } = axes;
        let origin = Plain::create(&path, volume, caching)?;
        let area = Plain::reserve(&folder.join("plain.diff"), volume, caching)?;
        let options = CreateOptions { durability, chunk, caching, ..CreateOptions::default() };
        let volume = Volume::create(&path, &options)?;
        Ok(Self { volume, origin, axes, area, path })
    }

    /// The first overwrite of chunks since the newest copy, against the floor: what copy-on-write
    /// costs without any bookkeeping. Read the old bytes, write them to the preallocated file,
    /// flush it if the volume is durable, write the new bytes.
    ///
    /// A page cache keeps a file in pieces as large as the requests that first wrote it, and large
    /// requests for small pieces cost up to twice as much. So a stage on which requests of another
    /// size have been measured compares unlike files.
    ///
    /// # Errors
    ///
    /// The first error of either side.
    pub fn first_overwrite(&self, axes: Axes) -> Result<Outcome> {
        self.preserving(axes, || self.renew())
    }

    /// Writes all of the file that the floor preserves to in large pieces: the page cache keeps it so.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn fill_area(&self) -> Result<()> {
        self.area.fill()
    }

    /// The same with a diff area that grows all the time, because the older copies stay: each
    /// round preserves into space that was never used.
    ///
    /// # Errors
    ///
    /// As [`Stage::first_overwrite`].
    pub fn growing_overwrite(&self, axes: Axes) -> Result<Outcome> {
        self.preserving(axes, || {
            self.volume.create_shadow_copy("")?;
            Ok(())
        })
    }

    fn preserving(&self, axes: Axes, prepare: impl FnMut() -> Result<()>) -> Result<Outcome> {
        let offsets = &requests(axes);
        let mut ours = self.writes(axes, offsets);
        let mut floor = self.floor(axes, offsets);
        let ways: [&mut dyn Way; 2] = [&mut ours, &mut floor];
        let [ours, floor] = Contest::default().sides(offsets.len(), prepare, ways)?;
        Ok(Outcome::of(ours, floor))
    }

    /// The overwrite of what is preserved already, against plain writes.
    ///
    /// # Errors
    ///
    /// As [`Stage::first_overwrite`].
    pub fn rewrite(&self, axes: Axes) -> Result<Outcome> {
        let offsets = &requests(axes);
        self.renew()?;
        self.overwrite(axes)?;
        let mut ours = self.writes(axes, offsets);
        let mut plain = self.plain_writes(axes, offsets);
        let ways: [&mut dyn Way; 2] = [&mut ours, &mut plain];
        let [ours, plain] = Contest::default().sides(offsets.len(), || Ok(()), ways)?;
        Ok(Outcome::of(ours, plain))
    }

    /// Reads of the volume by its active node, against plain reads.
    ///
    /// # Errors
    ///
    /// As [`Stage::first_overwrite`].
    pub fn active_read(&self, axes: Axes) -> Result<Outcome> {
        let volume = &self.volume;
        self.reads(axes, |offset, buffer| Ok(volume.read(offset, buffer)?))
    }

    /// Reads of a shadow copy by a passive node, against plain reads of the origin.
    ///
    /// # Errors
    ///
    /// As [`Stage::first_overwrite`].
    pub fn passive_read(&self, axes: Axes, copy: &ShadowCopy) -> Result<Outcome> {
        self.reads(axes, |offset, buffer| Ok(copy.read(offset, buffer)?))
    }

    fn reads(
        &self,
        axes: Axes,
        read: impl Fn(u64, &mut [u8]) -> Result<()> + Sync,
    ) -> Result<Outcome> {
        let (offsets, origin, read) = (&requests(axes), &self.origin, &read);
        let buffer = || Buffer::new(axes.length(), 0);
        let mut ours = by(axes.threads, || {
            let mut buffer = buffer();
            move |nth: usize| read(offsets[nth], &mut buffer)
        });
        let mut plain = by(axes.threads, || {
            let mut buffer = buffer();
            move |nth: usize| origin.read(offsets[nth], &mut buffer)
        });
        let ways: [&mut dyn Way; 2] = [&mut ours, &mut plain];
        let [ours, plain] = Contest::default().sides(offsets.len(), || Ok(()), ways)?;
        Ok(Outcome::of(ours, plain))
    }

    /// The newest copy, as a passive node of its own sees it.
    ///
    /// # Errors
    ///
    /// When there is none, or the node cannot be opened.
    pub fn newest(&self) -> Result<ShadowCopy> {
        let options = PassiveOptions { caching: self.axes.caching, ..PassiveOptions::default() };
        let node = Passive::open(&self.path, &options)?;
        Ok(node.find_newest()?.ok_or("no copy")?)
    }

    /// A volume as [`Stage::new`] makes it, with a copy whose volume was then overwritten so.
    ///
    /// # Errors
    ///
    /// As [`Stage::new`] and [`Stage::newest`].
    pub fn frozen(
        folder: &Path,
        axes: Axes,
        overwritten: Option<(Pattern, u64)>,
    ) -> Result<(Self, ShadowCopy)> {
        let stage = Self::new(folder, axes)?;
        stage.renew()?;
        let copy = stage.newest()?;
        if let Some((pattern, size)) = overwritten {
            stage.overwrite(axes.requests(pattern, size))?;
        }
        Ok((stage, copy))
    }

    /// Overwrites everything that the pattern names.
    ///
    /// # Errors
    ///
    /// The volume's.
    pub fn overwrite(&self, axes: Axes) -> Result<()> {
        let data = Buffer::new(axes.length(), 0xa5);
        for offset in axes.offsets() {
            self.volume.write(offset, &data)?;
        }
        Ok(())
    }

    /// Puts a new copy in the place of those there are.
    ///
    /// # Errors
    ///
    /// The volume's.
    pub fn renew(&self) -> Result<()> {
        let ids: Vec<_> = self.volume.shadow_copies()?.iter().map(|info| info.id).collect();
        self.volume.delete_shadow_copies(&ids)?;
        self.volume.create_shadow_copy("")?;
        Ok(())
    }

    fn writes<'a>(&'a self, axes: Axes, offsets: &'a [u64]) -> Box<dyn Way + 'a> {
        let volume = &self.volume;
        by(axes.threads, move || {
            let data = Buffer::new(axes.length(), 0xa5);
            move |nth| Ok(volume.write(offsets[nth], &data)?)
        })
    }

    fn plain_writes<'a>(&'a self, axes: Axes, offsets: &'a [u64]) -> Box<dyn Way + 'a> {
        let origin = &self.origin;
        by(axes.threads, move || {
            let data = Buffer::new(axes.length(), 0xa5);
            move |nth| origin.write(offsets[nth], &data)
        })
    }

    fn floor<'a>(&'a self, axes: Axes, offsets: &'a [u64]) -> Box<dyn Way + 'a> {
        let (origin, area) = (&self.origin, &self.area);
        let (length, durable) = (axes.length(), axes.durability == Durability::Durable);
        by(axes.threads, move || {
            let (data, mut old) = (Buffer::new(length, 0xa5), Buffer::new(length, 0));
            move |nth| {
                origin.read(offsets[nth], &mut old)?;
                area.write((nth * length) as u64, &old)?;
                if durable {
                    area.sync()?;
                }
                origin.write(offsets[nth], &data)
            }
        })
    }
}

/// Where the requests of a round go: everywhere, or as many as there is time for.
fn requests(axes: Axes) -> Vec<u64> {
    let mut offsets = axes.offsets();
    if axes.durability == Durability::Durable && axes.work != "rewrite" {
        offsets.truncate(FLUSHED);
    } else if axes.caching == Caching::Direct {
        offsets.truncate(DIRECT);
    }
    offsets
}
