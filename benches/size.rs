//! The size of the volume, from a gibibyte to 16 tebibytes, sparse: nothing should depend on it.

use std::path::Path;

use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{Axes, Contest, Outcome, Result, Shuffle, Table, Versus, places, settings};
use shadowvol_host::{CreateOptions, OpenOptions, Volume};

const SMALL: u64 = 1 << 30;
const USUAL: u64 = 1 << 40;
const LARGE: u64 = 16 << 40;
/// ext4's files are a block smaller than 16 TiB.
const LARGE_ON_DISK: u64 = 8 << 40;
const REQUESTS: usize = 8192;

fn main() -> Result<()> {
    let mut table = Table::new("size")?;
    let middle = if settings().long { &[32 << 30, USUAL][..] } else { &[USUAL] };
    for place in places() {
        let large = if place.name == "disk" { LARGE_ON_DISK } else { LARGE };
        for volume in middle.iter().copied().chain([large]) {
            let axes = Axes { place: place.name, volume, ..Axes::default() };
            let base = Versus::base("of 1 GiB").goal(0.95);
            let folder = place.folder()?;
            let bed = Bed::new(folder.path(), volume)?;
            table.push(axes.work("create"), base, &bed.create()?)?;
            let first = axes.work("first overwrite").requests(Random, 4 << 10);
            table.push(first, base, &bed.first_overwrite()?)?;
            let read = axes.work("passive read").requests(Random, 4 << 10);
            table.push(read, base, &bed.passive_read()?)?;
            table.push(axes.work("open and close"), base, &bed.open(folder.path())?)?;
        }
    }
    Ok(())
}

/// A large volume, and a small one.
struct Bed {
    large: Volume,
    small: Volume,
}

impl Bed {
    fn new(folder: &Path, size: u64) -> Result<Self> {
        let make = |name: &str, size| {
            let axes = Axes::default();
            let durability = axes.durability;
            let options =
                CreateOptions { size: Some(size), durability, ..CreateOptions::default() };
            Volume::create(folder.join(name), &options)
        };
        Ok(Self { large: make("large.img", size)?, small: make("small.img", SMALL)? })
    }

    fn create(&self) -> Result<Outcome> {
        Contest::default().run(
            64,
            || Ok(()),
            |_| Ok(self.large.create_shadow_copy("").map(drop)?),
            |_| Ok(self.small.create_shadow_copy("").map(drop)?),
        )
    }

    /// Both write to as many places, and to the same ones in each round, which are not holes then.
    fn first_overwrite(&self) -> Result<Outcome> {
        let (data, offsets) = ([0xa5; 4096], self.offsets());
        Contest::default().run(
            REQUESTS,
            || {
                for volume in [&self.large, &self.small] {
                    let ids: Vec<_> = volume.shadow_copies()?.iter().map(|copy| copy.id).collect();
                    volume.delete_shadow_copies(&ids)?;
                    volume.create_shadow_copy("")?;
                }
                Ok(())
            },
            |nth| Ok(self.large.write(offsets[nth].0, &data)?),
            |nth| Ok(self.small.write(offsets[nth].1, &data)?),
        )
    }

    fn passive_read(&self) -> Result<Outcome> {
        let newest = |volume: &Volume| -> Result<_> {
            Ok(volume.reader()?.find_newest()?.ok_or("no copy")?)
        };
        let (large, small) = (newest(&self.large)?, newest(&self.small)?);
        let (mut bytes, mut other, offsets) = ([0; 4096], [0; 4096], self.offsets());
        Contest::default().run(
            REQUESTS,
            || Ok(()),
            |nth| Ok(large.read(offsets[nth].0, &mut bytes)?),
            |nth| Ok(small.read(offsets[nth].1, &mut other)?),
        )
    }

    fn open(self, folder: &Path) -> Result<Outcome> {
        self.large.close()?;
        self.small.close()?;
        drop(self);
        let open = |name: &str| -> Result<()> {
            Ok(Volume::open(folder.join(name), &OpenOptions::default())?.close()?)
        };
        Contest::default().run(16, || Ok(()), |_| open("large.img"), |_| open("small.img"))
    }

    /// The same places, as parts of the one and of the other.
    fn offsets(&self) -> Vec<(u64, u64)> {
        let mut random = Shuffle::new(3);
        (0..REQUESTS)
            .map(|_| {
                let place = random.below(SMALL / 4096);
                (place * (self.large.size() / SMALL) * 4096, place * 4096)
            })
            .collect()
    }
}
