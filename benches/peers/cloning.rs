//! Preserving old bytes by sharing their blocks, where the file system can, beside copying them: what a
//! volume on such a file system might do instead.
//!
//! The old bytes are read either way, because their record has their checksum.

use std::path::Path;

use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{
    Axes, Buffer, Contest, Outcome, Plain, Result, Side, Table, Versus, by, settings,
};

use crate::peer::{Setting, depth};
use crate::reflink::{Method, Mount};

/// Bytes of the volume: its files are made anew for each round.
const SIZE: u64 = 64 << 20;

/// Measures first overwrites, with the floor's three steps and with a clone for the second of them.
pub(crate) fn measure(
    table: &mut Table,
    name: &'static str,
    method: Method,
    setting: &Setting,
) -> Result<()> {
    let mount = Mount::new(setting, method)?;
    let axes = Axes { volume: SIZE, threads: depth(setting.axes), ..setting.axes };
    for size in [4 << 10, 64 << 10, 1 << 20] {
        let axes = axes.work("first overwrite").state("by copying").requests(Random, size);
        let offsets = axes.offsets();
        let (mut copies, mut clones) = (Side::new(offsets.len()), Side::new(offsets.len()));
        for _ in 0..settings().rounds {
            let [copied, cloned] =
                ["copied", "cloned"].map(|of| Files::create(&mount.path, of, axes));
            let (copied, cloned) = (copied?, cloned?);
            let mut copying = by(axes.threads, || copied.overwriting(&offsets, Files::copy));
            let mut cloning = by(axes.threads, || cloned.overwriting(&offsets, Files::clone));
            let round = Contest { rounds: 1 };
            let [copied, cloned] =
                round.warm(offsets.len(), || Ok(()), [&mut copying, &mut cloning])?;
            copies.extend(copied);
            clones.extend(cloned);
        }
        table.push(axes, Versus::base(name), &Outcome::of(copies, clones))?;
    }
    Ok(())
}

/// A volume's bytes, and a file for its old ones.
struct Files {
    origin: Plain,
    area: Plain,
    length: usize,
}

/// Takes a request's old bytes, which were read, from there in the origin to there in the area.
type Preserve = fn(&Files, old: &[u8], from: u64, to: u64) -> Result<()>;

impl Files {
    fn create(folder: &Path, of: &str, axes: Axes) -> Result<Self> {
        let origin = Plain::create(&folder.join(format!("{of}.img")), SIZE, axes.caching)?;
        let area = Plain::reserve(&folder.join(format!("{of}.diff")), SIZE, axes.caching)?;
        // What is written later would hold up whoever is measured then.
        origin.sync()?;
        Ok(Self { origin, area, length: axes.length() })
    }

    fn overwriting<'a>(
        &'a self,
        offsets: &'a [u64],
        preserve: Preserve,
    ) -> impl FnMut(usize) -> Result<()> + 'a {
        let (data, mut old) = (Buffer::new(self.length, 0xa5), Buffer::new(self.length, 0));
        move |nth| {
            self.origin.read(offsets[nth], &mut old)?;
            preserve(self, &old, offsets[nth], (nth * self.length) as u64)?;
            self.origin.write(offsets[nth], &data)
        }
    }

    fn copy(&self, old: &[u8], _: u64, to: u64) -> Result<()> {
        self.area.write(to, old)
    }

    fn clone(&self, old: &[u8], from: u64, to: u64) -> Result<()> {
        self.area.take_over(to, &self.origin, from, old.len())
    }
}
