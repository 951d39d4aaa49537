//! Writing: the first overwrite of a chunk against the floor, and rewriting against plain `pwrite`.
//!
//! The floor is what copy-on-write costs without any bookkeeping: read the old bytes, write them to
//! a preallocated file, write the new ones. Durable rows flush the plain file as often as the volume
//! puts barriers on its diff area.

use core::error::Error;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;

use shadowvol_benches::{Contest, Outcome, Pattern, Place, Row, Table, places};
use shadowvol_host::{CreateOptions, Durability, Volume};

type Result<T> = core::result::Result<T, Box<dyn Error>>;

const SIZE: u64 = 256 << 20;
/// Durable requests are slow on a disk; so many are enough.
const FLUSHED: usize = 512;

fn main() -> Result<()> {
    let mut table = Table::new("write");
    for place in places() {
        let folder = tempfile::tempdir_in(&place.path)?;
        let patterns = [
            (Pattern::Sparse, 4 << 10, 0.7),
            (Pattern::Random, 4 << 10, 0.7),
            (Pattern::Sequential, 4 << 10, 0.7),
            (Pattern::Random, 64 << 10, 0.7),
            (Pattern::Sequential, 64 << 10, 0.7),
            (Pattern::Sequential, 1 << 20, 0.7),
        ];
        for (pattern, length, goal) in patterns {
            let outcome = first_overwrite(folder.path(), pattern, length, Durability::Coherent)?;
            table.push(row(
                "first overwrite, coherent",
                pattern,
                length,
                &place,
                "floor",
                goal,
                outcome,
            ));
        }
        for (pattern, length) in [(Pattern::Random, 4 << 10), (Pattern::Sequential, 64 << 10)] {
            let outcome = rewrite(folder.path(), pattern, length)?;
            table.push(row("rewrite, coherent", pattern, length, &place, "pwrite", 0.9, outcome));
        }
        let (pattern, length) = (Pattern::Random, 4 << 10);
        let outcome = first_overwrite(folder.path(), pattern, length, Durability::Durable)?;
        table.push(row(
            "first overwrite, durable",
            pattern,
            length,
            &place,
            "floor + sync",
            0.5,
            outcome,
        ));
    }
    table.save()?;
    Ok(())
}

fn row(
    what: &str,
    pattern: Pattern,
    length: u64,
    place: &Place,
    base: &'static str,
    goal: f64,
    outcome: Outcome,
) -> Row {
    let what = format!("{what}, {} {} KiB", pattern.name(), length >> 10);
    Row { what, place: place.name, base, goal: Some(goal), outcome }
}

/// An image without a zero in it, so that nothing is saved on zeros.
fn image(path: &Path, size: u64) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
    let block = vec![0x5a; 1 << 20];
    for nth in 0..size >> 20 {
        file.write_all_at(&block, nth << 20)?;
    }
    Ok(file)
}

/// The volume's origin as a plain file: two files of equal content can differ by half in speed,
/// because their pages lie elsewhere.
fn origin(folder: &Path) -> Result<File> {
    Ok(OpenOptions::new().read(true).write(true).open(folder.join("volume.img"))?)
}

fn open(folder: &Path, durability: Durability) -> Result<Volume> {
    let path = folder.join("volume.img");
    let diff = shadowvol_host::diff_path(&path);
    if diff.exists() {
        std::fs::remove_file(diff)?;
    }
    image(&path, SIZE)?;
    Ok(Volume::create(&path, &CreateOptions { durability, ..CreateOptions::default() })?)
}

fn first_overwrite(
    folder: &Path,
    pattern: Pattern,
    length: u64,
    durability: Durability,
) -> Result<Outcome> {
    let volume = open(folder, durability)?;
    let plain = origin(folder)?;
    let area = image(&folder.join("plain.diff"), SIZE)?;
    let mut offsets = pattern.offsets(SIZE, length);
    let durable = durability == Durability::Durable;
    if durable {
        offsets.truncate(FLUSHED);
    }
    let data = vec![0xa5; length as usize];
    let mut old = vec![0; length as usize];
    Contest::default().run(
        offsets.len(),
        || {
            let copies = volume.shadow_copies()?;
            let ids: Vec<_> = copies.iter().map(|info| info.id).collect();
            volume.delete_shadow_copies(&ids)?;
            volume.create_shadow_copy("")?;
            Ok(())
        },
        |nth| Ok(volume.write(offsets[nth], &data)?),
        |nth| {
            plain.read_exact_at(&mut old, offsets[nth])?;
            area.write_all_at(&old, nth as u64 * length)?;
            if durable {
                area.sync_data()?;
            }
            plain.write_all_at(&data, offsets[nth])?;
            Ok(())
        },
    )
}

fn rewrite(folder: &Path, pattern: Pattern, length: u64) -> Result<Outcome> {
    let volume = open(folder, Durability::Coherent)?;
    let plain = origin(folder)?;
    let offsets = pattern.offsets(SIZE, length);
    let data = vec![0xa5; length as usize];
    volume.create_shadow_copy("")?;
    for &offset in &offsets {
        volume.write(offset, &data)?;
    }
    Contest::default().run(
        offsets.len(),
        || Ok(()),
        |nth| Ok(volume.write(offsets[nth], &data)?),
        |nth| Ok(plain.write_all_at(&data, offsets[nth])?),
    )
}
