//! The course of a soak: writers live and end, and what they leave is compared each time.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;
use std::process::Child;
use std::thread;
use std::time::Instant;

use shadowvol_host::{CreateOptions, Durability, Volume};
use tempfile::TempDir;

use super::notes::Notes;
use super::place::{Place, SIZE};
use super::random::Random;
use super::tiny_disk::TinyDisk;

/// How long a volume is used, at most.
const STRETCH: Duration = Duration::from_secs(60);
/// Readers beside each writer.
const READERS: usize = 2;

/// What was done and found right.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    time: Duration,
    volumes: u64,
    /// Writers that were killed, and those that ended by themselves.
    pub(crate) kills: u64,
    pub(crate) ends: u64,
    /// Copies that were compared, by whoever opened the volume again.
    pub(crate) copies: u64,
    /// What writers and readers have counted.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Figures {
    pub(crate) fn count(&self, what: &str) -> u64 {
        self.counts.get(what).copied().unwrap_or(0)
    }

    fn add(&mut self, notes: &Notes) {
        for (what, count) in &notes.counts {
            *self.counts.entry(what.clone()).or_default() += count;
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, volumes, kills, ends, copies, counts } = self;
        let read = self.count("copies-read");
        writeln!(f, "{:.2} hours, {volumes} volumes", time.as_secs_f64() / 3600.0)?;
        writeln!(f, "{kills} kills, {ends} writers that gave up, {} reopenings", kills + ends)?;
        for (what, count) in counts {
            writeln!(f, "{count} {what}")?;
        }
        // Each opening compares with three nodes: before it, through it, behind it.
        let bytes = (3 * copies + read) * SIZE;
        write!(f, "{copies} copies verified in reopenings, {bytes} bytes of copies verified in all")
    }
}

/// A process that does not outlive its keeper.
struct Kept(Child);

impl Drop for Kept {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Soaks one volume after another.
pub(crate) fn soak(time: Duration, seed: u64) -> Figures {
    let begun = Instant::now();
    let mut figures = Figures::default();
    let mut random = Random(seed);
    let stretch = STRETCH.min(time / 3);
    while begun.elapsed() < time {
        let durability =
            if figures.volumes % 2 == 0 { Durability::Coherent } else { Durability::Durable };
        let tiny = (figures.volumes % 3 == 2).then(|| TinyDisk::mount(4)).flatten();
        figures.volumes += 1;
        let notes = TempDir::new().expect("a folder");
        let folder = TempDir::new().expect("a folder");
        let media = tiny.as_ref().map_or(&folder, |tiny| &tiny.directory);
        let place = Place::new(&notes, media);
        let end = (begun + time).min(Instant::now() + stretch);
        let what = format!("seed {seed}, volume {} ({durability:?})", figures.volumes);
        soak_one(&place, durability, end, &mut random, &mut figures, &what);
    }
    figures.time = begun.elapsed();
    figures
}

fn soak_one(
    place: &Place,
    durability: Durability,
    end: Instant,
    random: &mut Random,
    figures: &mut Figures,
    what: &str,
) {
    let limit = Some((2 + random.below(6)) << 20);
    let options = CreateOptions { size: Some(SIZE), durability, limit, ..Default::default() };
    Volume::create(&place.image, &options).expect("a volume").close().expect("a close");
    let mut readers: Vec<_> = (0..READERS).map(|_| Kept(place.start("reader::child", 0))).collect();
    while Instant::now() < end {
        let seed = random.next();
        let what = format!("{what}, life {seed}");
        let most = if random.below(8) == 0 { 3000 } else { 400 };
        let life = Duration::from_millis(10 + random.below(most));
        if live(place, seed, life, &what) {
            figures.kills += 1;
        } else {
            figures.ends += 1;
        }
        let notes = Notes::read(&place.notes());
        let live = notes.hold(&place.image, &what);
        figures.copies += live.len() as u64;
        figures.add(&notes);
        place.settle(&notes, &live.iter().map(|copy| copy.number()).collect::<Vec<_>>());
        for reader in &mut readers {
            let ended = reader.0.try_wait().expect("a child");
            assert!(ended.is_none(), "{what}: a reader: {}", place.last_words("reader::child"));
        }
    }
    drop(readers);
    figures.add(&Notes::read(&place.tally()));
}

/// The life of a writer; whether it was killed.
fn live(place: &Place, seed: u64, life: Duration, what: &str) -> bool {
    let mut writer = Kept(place.start("writer::child", seed));
    let end = Instant::now() + life;
    while Instant::now() < end {
        if let Some(status) = writer.0.try_wait().expect("a child") {
            assert!(status.success(), "{what}: {}", place.last_words("writer::child"));
            return false;
        }
        thread::sleep(Duration::from_millis(1));
    }
    true
}
