//! Reading a shadow copy as a passive node, against plain `pread` of its origin.

use core::sync::atomic::{AtomicBool, Ordering};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use shadowvol::ChunkSize;
use shadowvol_benches::{Contest, Outcome, Pattern, Result, Row, Shuffle, Stage, Table, places};
use shadowvol_host::Durability::Coherent;
use shadowvol_host::{Mapping, Passive, PassiveOptions, ShadowCopy};

const SIZE: u64 = 256 << 20;
const PIECE: u64 = 1 << 20;
const SMALL: u64 = 4 << 10;
const GOAL: Option<f64> = Some(0.9);

fn main() -> Result<()> {
    let mut table = Table::new("read");
    for place in places() {
        let folder = tempfile::tempdir_in(&place.path)?;
        let mut push = |what: &str, goal, outcome| {
            let what = what.to_owned();
            table.push(Row { what, place: place.name, base: "pread", goal, outcome });
        };
        let (stage, copy) = stage(folder.path())?;
        let whole = || read(&stage, &copy, Pattern::Sequential, PIECE);
        let random = || read(&stage, &copy, Pattern::Random, SMALL);
        push("whole copy, nothing overwritten", GOAL, whole()?);
        push("4 KiB random, nothing overwritten", None, random()?);
        push("whole copy, while a writer runs", None, beside_a_writer(&stage, whole)?);

        // An image has one holder at a time.
        drop((stage, copy));
        let (stage, copy) = self::stage(folder.path())?;
        stage.overwrite(Pattern::Sequential, PIECE)?;
        let whole = read(&stage, &copy, Pattern::Sequential, PIECE)?;
        push("whole copy, all overwritten in order", GOAL, whole);
        let random = read(&stage, &copy, Pattern::Random, SMALL)?;
        push("4 KiB random, all overwritten in order", None, random);

        drop((stage, copy));
        let (stage, copy) = self::stage(folder.path())?;
        stage.overwrite(Pattern::Random, SMALL)?;
        let whole = read(&stage, &copy, Pattern::Sequential, PIECE)?;
        push("whole copy, all overwritten at random", GOAL, whole);
    }
    table.save()?;
    Ok(())
}

/// A volume with a shadow copy, and the copy as a passive node sees it.
fn stage(folder: &Path) -> Result<(Stage, ShadowCopy)> {
    let stage = Stage::new(folder, SIZE, Coherent, ChunkSize::default())?;
    let id = stage.volume.create_shadow_copy("")?.id;
    let options = PassiveOptions { mapping: Mapping::Always, ..PassiveOptions::default() };
    let node = Passive::open(folder.join("volume.img"), &options)?;
    let copy = node.shadow_copy(id)?;
    Ok((stage, copy))
}

fn read(stage: &Stage, copy: &ShadowCopy, pattern: Pattern, length: u64) -> Result<Outcome> {
    let offsets = pattern.offsets(SIZE, length);
    let (mut ours, mut plain) = (vec![0; length as usize], vec![0; length as usize]);
    Contest::default().run(
        offsets.len(),
        || Ok(()),
        |nth| Ok(copy.read(offsets[nth], &mut ours)?),
        |nth| Ok(stage.origin.read_exact_at(&mut plain, offsets[nth])?),
    )
}

/// Overwrites random chunks as fast as it can, as long as `work` lasts.
fn beside_a_writer<T>(stage: &Stage, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let (volume, stopped) = (Arc::clone(&stage.volume), Arc::clone(&stop));
    let writer = thread::spawn(move || {
        let mut random = Shuffle::new(7);
        let data = vec![0xa5; SMALL as usize];
        while !stopped.load(Ordering::Relaxed) {
            volume.write(random.below(SIZE / SMALL) * SMALL, &data)?;
        }
        Ok::<(), shadowvol_host::Error>(())
    });
    let done = work();
    stop.store(true, Ordering::Relaxed);
    writer.join().map_err(|_| "the writer panicked")??;
    done
}
