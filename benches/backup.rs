//! What a backup, an incremental backup and a restore cost, against copying the file.
//!
//! The plain way is `cp --sparse=always` and a flush: a backup that is not on the medium is none.

use std::fs;
use std::path::Path;
use std::process::Command;

use shadowvol_benches::{Axes, Contest, Outcome, Result, Shuffle, Table, Versus, places};
use shadowvol_host::backup::{BackupOptions, Kind, Repository, RestoreOptions};
use shadowvol_host::{CreateOptions, Durability, Passive, PassiveOptions, ShadowCopy, Volume};

const SIZE: u64 = 1 << 30;
const PIECE: usize = 1 << 20;
/// Bytes that are overwritten before an incremental backup, in pieces of 4 KiB at random.
const CHANGED: u64 = 8 << 20;
/// Each round copies it all; there is nothing smaller to time.
const ROUNDS: Contest = Contest { rounds: 3 };

fn main() -> Result<()> {
    let mut table = Table::new("backup")?;
    for place in places() {
        for (state, noise) in [("random data", true), ("compressible data", false)] {
            let folder = place.folder()?;
            let bed = Bed::new(folder.path(), noise)?;
            let axes = Axes { place: place.name, volume: SIZE, ..Axes::default() }.state(state);
            let base = Versus::base("cp + flush");
            table.push(axes.work("full backup"), base, &bed.full()?)?;
            table.push(axes.work("restore"), base, &bed.restore()?)?;
            let incremental = axes.work("incremental backup of 8 MiB");
            table.push(incremental, base.goal(1.0), &bed.incremental()?)?;
        }
    }
    Ok(())
}

/// A volume of a gibibyte in a folder.
struct Bed<'a> {
    folder: &'a Path,
    volume: Volume,
}

impl<'a> Bed<'a> {
    fn new(folder: &'a Path, noise: bool) -> Result<Self> {
        let options = CreateOptions {
            size: Some(SIZE),
            durability: Durability::Coherent,
            ..CreateOptions::default()
        };
        let volume = Volume::create(folder.join("disk.img"), &options)?;
        let mut random = Shuffle::new(9);
        let mut bytes = vec![0; PIECE];
        for at in (0..SIZE).step_by(PIECE) {
            fill(&mut bytes, &mut random, noise);
            volume.write(at, &bytes)?;
        }
        volume.create_shadow_copy("")?;
        Ok(Self { folder, volume })
    }

    fn full(&self) -> Result<Outcome> {
        let copy = self.newest()?;
        ROUNDS.whole(
            || self.clear(),
            || {
                let repository = Repository::create(self.folder.join("backups"))?;
                repository.backup(&copy, &BackupOptions::default(), |_, _| true)?;
                Ok(())
            },
            || self.plain("disk.img"),
        )
    }

    fn restore(&self) -> Result<Outcome> {
        let repository = Repository::open(self.folder.join("backups"))?;
        let id = repository.backups()?.find("latest")?.id;
        ROUNDS.whole(
            || Ok(()),
            || {
                let path = self.folder.join("restored");
                repository.restore(id, path, RestoreOptions::default(), |_, _| true)?;
                Ok(())
            },
            || self.plain("disk.img"),
        )
    }

    fn incremental(&self) -> Result<Outcome> {
        let repository = Repository::open(self.folder.join("backups"))?;
        let mut random = Shuffle::new(5);
        ROUNDS.whole(
            || {
                let mut bytes = [0; 4096];
                for _ in 0..CHANGED / 4096 {
                    fill(&mut bytes, &mut random, true);
                    self.volume.write(random.below(SIZE / 4096) * 4096, &bytes)?;
                }
                self.volume.create_shadow_copy("")?;
                Ok(())
            },
            || {
                let options = BackupOptions { kind: Kind::Incremental, ..Default::default() };
                let made = repository.backup(&self.newest()?, &options, |_, _| true)?;
                made.manifest.full_because.map_or(Ok(()), |because| Err(because.into()))
            },
            || self.plain("disk.img"),
        )
    }

    fn newest(&self) -> Result<ShadowCopy> {
        let node = Passive::open(self.folder.join("disk.img"), &PassiveOptions::default())?;
        Ok(node.find_newest()?.ok_or("no copy")?)
    }

    fn plain(&self, name: &str) -> Result<()> {
        let target = self.folder.join("plain");
        let mut command = Command::new("cp");
        command.arg("--sparse=always").arg(self.folder.join(name)).arg(&target);
        if !command.status()?.success() {
            return Err("cp has failed".into());
        }
        fs::File::open(&target)?.sync_all()?;
        Ok(())
    }

    /// Both begin with nothing there.
    fn clear(&self) -> Result<()> {
        for old in ["backups", "plain"] {
            let old = self.folder.join(old);
            if old.is_dir() {
                fs::remove_dir_all(&old)?;
            } else if old.exists() {
                fs::remove_file(&old)?;
            }
        }
        Ok(())
    }
}

/// Noise, or pages of which a quarter is.
fn fill(bytes: &mut [u8], random: &mut Shuffle, noise: bool) {
    for page in bytes.chunks_mut(4096) {
        let end = if noise { page.len() } else { page.len() / 4 };
        for word in page[..end].chunks_mut(8) {
            word.copy_from_slice(&random.below(u64::MAX).to_le_bytes()[..word.len()]);
        }
        page[end..].fill(b'x');
    }
}
