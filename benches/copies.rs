//! The number of shadow copies: creating, deleting, writing and reading with up to 10,000 of them,
//! against the same with one; and what creating one costs at all.
//!
//! Many copies come with much that was preserved for them, which costs by itself: its slots and its
//! records do not fit the processor's caches any more. So there is a second base, a few copies with
//! as much preserved: against that one, only the number of copies differs.

use std::path::Path;

use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{Axes, Contest, Outcome, Plain, Result, Shuffle, Table, Versus, places};
use shadowvol_host::{Caching, CreateOptions, Durability, Volume, diff_path};

const SIZE: u64 = 64 << 20;
const HUGE: u64 = 1 << 40;
const SMALL: u64 = 4 << 10;
const REQUESTS: usize = 16_384;
/// Chunks from one that is preserved for a copy to the next.
const STEP: u64 = 5_003;
/// Copies that are created and deleted in a round.
const BURST: usize = 64;
/// Chunks that are preserved for each copy.
const BETWEEN: usize = 8;
/// Copies that have as much preserved as many have.
const FEW: usize = 8;

fn main() -> Result<()> {
    let mut table = Table::new("copies")?;
    for place in places() {
        let folder = place.folder()?;
        let folder = folder.path();
        for (durability, base) in
            [(Durability::Coherent, "pwrite"), (Durability::Durable, "pwrite + sync")]
        {
            let axes = Axes { place: place.name, volume: HUGE, durability, ..Axes::default() };
            table.push(axes.work("create"), Versus::base(base), &create(folder, axes)?)?;
        }
        let usual = Axes { place: place.name, volume: SIZE, ..Axes::default() };
        let (one, many) = (stack(folder, "one", usual)?, stack(folder, "many", usual)?);
        add(&one, 1, BETWEEN)?;
        for copies in [10, 100, 1_000, 10_000] {
            let axes = Axes { copies: Some(copies), ..usual };
            let small = axes.requests(Random, SMALL);
            let base = Versus::base("1 copy").goal(0.95);
            add(&many, copies - many.shadow_copies()?.len(), BETWEEN)?;
            table.push(axes.work("create"), base, &burst(&many, &one)?)?;
            table.push(axes.work("delete"), base, &delete(&many, &one)?)?;
            let first = small.work("first overwrite");
            table.push(first, base, &write(&many, &one)?)?;
            let read = small.work("passive read");
            table.push(read.state("newest"), base, &self::read(&many, &one, true)?)?;
            table.push(read.state("oldest"), base, &self::read(&many, &one, false)?)?;

            let few = stack(folder, "few", usual)?;
            add(&few, FEW, BETWEEN * copies / FEW)?;
            let base = Versus::base("8 copies, as much preserved").goal(0.95);
            table.push(first, base, &write(&many, &few)?)?;
            table.push(read.state("newest"), base, &self::read(&many, &few, true)?)?;
            table.push(read.state("oldest"), base, &self::read(&many, &few, false)?)?;
        }
    }
    Ok(())
}

fn volume(folder: &Path, name: &str, axes: Axes) -> Result<Volume> {
    let path = folder.join(name);
    for old in [path.clone(), diff_path(&path)] {
        if old.exists() {
            std::fs::remove_file(old)?;
        }
    }
    let Axes { volume, durability, .. } = axes;
    let options = CreateOptions { size: Some(volume), durability, ..CreateOptions::default() };
    Ok(Volume::create(&path, &options)?)
}

/// Against a small write to a plain file and, in durable mode, a flush: what a record and its barrier
/// are.
fn create(folder: &Path, axes: Axes) -> Result<Outcome> {
    let volume = volume(folder, "huge.img", axes)?;
    let plain = Plain::create(&folder.join("plain"), SMALL, Caching::Buffered)?;
    volume.write(0, &[1; SMALL as usize])?;
    Contest::default().run(
        BURST,
        || Ok(()),
        |_| Ok(volume.create_shadow_copy("").map(drop)?),
        |nth| {
            plain.write(nth as u64 * 56, &[1; 56])?;
            if axes.durability == Durability::Durable { plain.sync() } else { Ok(()) }
        },
    )
}

/// A volume without a zero in it.
fn stack(folder: &Path, name: &str, axes: Axes) -> Result<Volume> {
    let volume = volume(folder, name, axes)?;
    for chunk in 0..SIZE / SMALL {
        volume.write(chunk * SMALL, &[1; SMALL as usize])?;
    }
    Ok(volume)
}

/// So many more copies, and so many chunks preserved for each of them, all over the place.
fn add(volume: &Volume, copies: usize, chunks: usize) -> Result<()> {
    let mut random = Shuffle::new(3);
    for _ in 0..copies {
        volume.create_shadow_copy("")?;
        let start = random.below(SIZE / SMALL);
        for nth in 0..chunks as u64 {
            // Odd steps through a power of two meet no place twice.
            let chunk = (start + nth * STEP) % (SIZE / SMALL);
            volume.write(chunk * SMALL, &[2; SMALL as usize])?;
        }
    }
    Ok(())
}

/// Creating some more copies.
fn burst(many: &Volume, one: &Volume) -> Result<Outcome> {
    let had = [many, one].map(|volume| volume.shadow_copies().map_or(0, |copies| copies.len()));
    let create = |volume: &Volume| Ok(volume.create_shadow_copy("").map(drop)?);
    let clear = || {
        for (volume, had) in [many, one].into_iter().zip(had) {
            let copies = volume.shadow_copies()?;
            let ids: Vec<_> = copies[had..].iter().map(|copy| copy.id).collect();
            volume.delete_shadow_copies(&ids)?;
        }
        Ok(())
    };
    let outcome = Contest::default().run(BURST, clear, |_| create(many), |_| create(one))?;
    clear()?;
    Ok(outcome)
}

/// Deleting as many again, the newest first.
fn delete(many: &Volume, one: &Volume) -> Result<Outcome> {
    let delete = |volume: &Volume| {
        let newest = volume.find_newest()?.ok_or("no copy")?;
        Ok(volume.delete_shadow_copies(&[newest.id])?)
    };
    let prepare = || {
        for volume in [many, one] {
            (0..BURST).try_for_each(|_| volume.create_shadow_copy("").map(drop))?;
        }
        Ok(())
    };
    Contest::default().run(BURST, prepare, |_| delete(many), |_| delete(one))
}

/// Overwrites that mostly are the first since the newest copy.
fn write(many: &Volume, one: &Volume) -> Result<Outcome> {
    let offsets = offsets();
    let renew = |volume: &Volume| -> Result<()> {
        if let Some(newest) = volume.find_newest()? {
            volume.delete_shadow_copies(&[newest.id])?;
        }
        volume.create_shadow_copy("")?;
        Ok(())
    };
    let write = |volume: &Volume, nth: usize| Ok(volume.write(offsets[nth], &[3; SMALL as usize])?);
    let prepare = || renew(many).and_then(|()| renew(one));
    Contest::default().run(offsets.len(), prepare, |nth| write(many, nth), |nth| write(one, nth))
}

fn read(many: &Volume, one: &Volume, newest: bool) -> Result<Outcome> {
    let offsets = offsets();
    let pick = |volume: &Volume| -> Result<_> {
        let copies = volume.shadow_copies()?;
        let picked = if newest { copies.last() } else { copies.first() };
        let id = picked.ok_or("no copy")?.id;
        Ok(volume.reader()?.shadow_copy(id)?)
    };
    let (many, one) = (pick(many)?, pick(one)?);
    let (mut bytes, mut other) = ([0; SMALL as usize], [0; SMALL as usize]);
    Contest::default().run(
        offsets.len(),
        || Ok(()),
        |nth| Ok(many.read(offsets[nth], &mut bytes)?),
        |nth| Ok(one.read(offsets[nth], &mut other)?),
    )
}

fn offsets() -> Vec<u64> {
    let mut random = Shuffle::new(5);
    (0..REQUESTS).map(|_| random.below(SIZE / SMALL) * SMALL).collect()
}
