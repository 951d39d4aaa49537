//! What many shadow copies cost: creating one, and reading and writing with a thousand.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use shadowvol_benches::{Contest, Outcome, Result, Row, Shuffle, Table, places};
use shadowvol_host::{CreateOptions, Durability, Volume, diff_path};

const SIZE: u64 = 64 << 20;
const HUGE: u64 = 1 << 40;
const SMALL: u64 = 4 << 10;
const REQUESTS: usize = 16_384;
const COPIES: usize = 1_000;

fn main() -> Result<()> {
    let mut table = Table::new("copies");
    for place in places() {
        let folder = tempfile::tempdir_in(&place.path)?;
        let folder = folder.path();
        let mut push = |what: &str, base, goal, outcome| {
            let what = what.to_owned();
            table.push(Row { what, place: place.name, base, goal, outcome });
        };
        for (durability, name, base) in [
            (Durability::Coherent, "coherent", "write"),
            (Durability::Durable, "durable", "write + sync"),
        ] {
            push(&format!("create on 1 TiB, {name}"), base, None, create(folder, durability)?);
        }
        let (one, many) = (stack(folder, "one", 1)?, stack(folder, "many", COPIES)?);
        push("write 4 KiB, 1,000 copies", "1 copy", Some(0.9), write(&many, &one)?);
        push("read newest 4 KiB, 1,000 copies", "1 copy", Some(0.9), read(&many, &one, true)?);
        push("read oldest 4 KiB, 1,000 copies", "1 copy", Some(0.9), read(&many, &one, false)?);
    }
    table.save()?;
    Ok(())
}

fn volume(folder: &Path, name: &str, size: u64, durability: Durability) -> Result<Volume> {
    let path = folder.join(name);
    for old in [path.clone(), diff_path(&path)] {
        if old.exists() {
            std::fs::remove_file(old)?;
        }
    }
    let options = CreateOptions { size: Some(size), durability, ..CreateOptions::default() };
    Ok(Volume::create(&path, &options)?)
}

/// Against a small write to a plain file and, in durable mode, a flush: what a record and its barrier
/// are.
fn create(folder: &Path, durability: Durability) -> Result<Outcome> {
    let volume = volume(folder, "huge.img", HUGE, durability)?;
    let plain =
        OpenOptions::new().create(true).truncate(true).write(true).open(folder.join("plain"))?;
    volume.write(0, &[1; SMALL as usize])?;
    Contest::default().run(
        64,
        || Ok(()),
        |_| {
            volume.create_shadow_copy("")?;
            Ok(())
        },
        |nth| {
            plain.write_all_at(&[1; 56], nth as u64 * 56)?;
            if durability == Durability::Durable {
                plain.sync_data()?;
            }
            Ok(())
        },
    )
}

/// A volume with so many copies, and eight random chunks preserved for each of them.
fn stack(folder: &Path, name: &str, copies: usize) -> Result<Volume> {
    let volume = volume(folder, name, SIZE, Durability::Coherent)?;
    let mut random = Shuffle::new(3);
    for chunk in 0..SIZE / SMALL {
        volume.write(chunk * SMALL, &[1; SMALL as usize])?;
    }
    for copy in 0..COPIES {
        if copy < copies {
            volume.create_shadow_copy("")?;
        }
        for _ in 0..8 {
            volume.write(random.below(SIZE / SMALL) * SMALL, &[2; SMALL as usize])?;
        }
    }
    Ok(volume)
}

fn offsets() -> Vec<u64> {
    let mut random = Shuffle::new(5);
    (0..REQUESTS).map(|_| random.below(SIZE / SMALL) * SMALL).collect()
}

/// Overwrites that mostly are the first since the newest copy.
fn write(many: &Volume, one: &Volume) -> Result<Outcome> {
    let offsets = offsets();
    let fresh = |volume: &Volume| -> Result<()> {
        if let Some(newest) = volume.shadow_copies()?.last() {
            volume.delete_shadow_copies(&[newest.id])?;
        }
        volume.create_shadow_copy("")?;
        Ok(())
    };
    Contest::default().run(
        offsets.len(),
        || {
            fresh(many)?;
            fresh(one)
        },
        |nth| Ok(many.write(offsets[nth], &[3; SMALL as usize])?),
        |nth| Ok(one.write(offsets[nth], &[3; SMALL as usize])?),
    )
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
    let mut buffer = [0; SMALL as usize];
    let mut other = [0; SMALL as usize];
    Contest::default().run(
        offsets.len(),
        || Ok(()),
        |nth| Ok(many.read(offsets[nth], &mut buffer)?),
        |nth| Ok(one.read(offsets[nth], &mut other)?),
    )
}
