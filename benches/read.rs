//! Reading a shadow copy as a passive node, against plain `pread` of its origin.
//!
//! The same file, because two files of equal content can differ by half in speed: their pages lie
//! elsewhere.

use core::error::Error;
use core::sync::atomic::{AtomicBool, Ordering};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use shadowvol_benches::{Contest, Outcome, Pattern, Row, Shuffle, Table, places};
use shadowvol_host::{
    CreateOptions, Durability, Passive, PassiveOptions, ShadowCopy, Volume, diff_path,
};

type Result<T> = core::result::Result<T, Box<dyn Error>>;

const SIZE: u64 = 256 << 20;
const PIECE: u64 = 1 << 20;
const SMALL: u64 = 4 << 10;

/// A volume with one shadow copy, seen by a passive node, and its origin as a plain file.
struct Stage {
    volume: Arc<Volume>,
    copy: ShadowCopy,
    plain: File,
}

fn main() -> Result<()> {
    let mut table = Table::new("read");
    for place in places() {
        let folder = tempfile::tempdir_in(&place.path)?;
        let stage = Stage::new(folder.path())?;
        let mut push = |what: &str, goal, outcome| {
            let what = what.to_owned();
            table.push(Row { what, place: place.name, base: "pread", goal, outcome });
        };
        push("whole copy, nothing overwritten", Some(0.9), stage.read(Pattern::Sequential, PIECE)?);
        push("4 KiB random, nothing overwritten", None, stage.read(Pattern::Random, SMALL)?);

        stage.overwrite(Pattern::Sequential, PIECE)?;
        push(
            "whole copy, all overwritten in order",
            Some(0.9),
            stage.read(Pattern::Sequential, PIECE)?,
        );
        push("4 KiB random, all overwritten in order", None, stage.read(Pattern::Random, SMALL)?);

        let stage = Stage::new(folder.path())?;
        stage.overwrite(Pattern::Random, SMALL)?;
        push(
            "whole copy, all overwritten at random",
            None,
            stage.read(Pattern::Sequential, PIECE)?,
        );

        let stage = Stage::new(folder.path())?;
        let outcome = stage.beside_a_writer(|| stage.read(Pattern::Sequential, PIECE))?;
        push("whole copy, while a writer runs", None, outcome);
    }
    table.save()?;
    Ok(())
}

impl Stage {
    fn new(folder: &Path) -> Result<Self> {
        let path = folder.join("volume.img");
        let diff = diff_path(&path);
        if diff.exists() {
            std::fs::remove_file(diff)?;
        }
        image(&path)?;
        let plain = File::open(&path)?;
        let durability = Durability::Coherent;
        let options = CreateOptions { durability, ..CreateOptions::default() };
        let volume = Arc::new(Volume::create(&path, &options)?);
        let id = volume.create_shadow_copy("")?.id;
        let copy = Passive::open(&path, &PassiveOptions::default())?.shadow_copy(id)?;
        Ok(Self { volume, copy, plain })
    }

    fn overwrite(&self, pattern: Pattern, length: u64) -> Result<()> {
        let data = vec![0xa5; length as usize];
        for offset in pattern.offsets(SIZE, length) {
            self.volume.write(offset, &data)?;
        }
        Ok(())
    }

    fn read(&self, pattern: Pattern, length: u64) -> Result<Outcome> {
        let offsets = pattern.offsets(SIZE, length);
        let (mut ours, mut plain) = (vec![0; length as usize], vec![0; length as usize]);
        Contest::default().run(
            offsets.len(),
            || Ok(()),
            |nth| Ok(self.copy.read(offsets[nth], &mut ours)?),
            |nth| Ok(self.plain.read_exact_at(&mut plain, offsets[nth])?),
        )
    }

    /// Overwrites random chunks as fast as it can, as long as `work` lasts.
    fn beside_a_writer<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let stop = Arc::new(AtomicBool::new(false));
        let (volume, stopped) = (Arc::clone(&self.volume), Arc::clone(&stop));
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
}

/// An image without a zero in it, so that nothing is saved on zeros.
fn image(path: &Path) -> Result<()> {
    let file = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path)?;
    let block = vec![0x5a; 1 << 20];
    for nth in 0..SIZE >> 20 {
        file.write_all_at(&block, nth << 20)?;
    }
    Ok(())
}
