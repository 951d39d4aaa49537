//! Opening a volume: after a clean end and after a crash, as an active and as a passive node, before and
//! after compaction; catching up; and compaction itself.
//!
//! What it costs depends on how many chunks the journal knows, so that is the axis; they lie at
//! random in a volume of a tebibyte. The base is the least that it can cost: reading, or writing, a
//! file as long as the journal.

use core::cell::{Cell, RefCell};
use std::path::PathBuf;

use rustix::time::{ClockId, clock_gettime};
use shadowvol_benches::{
    Axes, Contest, Outcome, Plain, Result, Shuffle, Table, Versus, places, settings, vast,
};
use shadowvol_host::{Caching, CreateOptions, Media, OpenOptions, Passive, Volume};

const SIZE: u64 = 1 << 40;
const SMALL: u64 = 4 << 10;
const PIECE: usize = 1 << 20;
/// Chunks that are preserved while a passive node is away.
const NEWS: u64 = 10_000;

fn main() -> Result<()> {
    let mut table = Table::new("open")?;
    let counts =
        if settings().long { &[100_000, 1_000_000, 10_000_000][..] } else { &[100_000, 1_000_000] };
    for place in places() {
        for preserved in counts.iter().copied() {
            let folder = place.folder()?;
            let usual = Axes { place: place.name, volume: SIZE, ..Axes::default() };
            let axes = Axes { preserved: Some(preserved), ..usual };
            println!("({preserved} chunks are being preserved)");
            let bed = Bed::new(folder.path().to_owned(), axes)?;
            let read = Versus::base("read journal");
            table.push(axes.work("recover"), read, &bed.recover()?)?;
            table.push(axes.work("open"), read, &bed.open()?)?;
            table.push(axes.work("passive start"), read, &bed.start()?)?;
            let write = Versus::base("write journal");
            table.push(axes.work("compact"), write, &bed.compact()?)?;
            let compacted = axes.state("compacted");
            table.push(compacted.work("recover"), read, &bed.recover()?)?;
            table.push(compacted.work("passive start"), read, &bed.start()?)?;
            let news = Axes { preserved: Some(NEWS), ..usual };
            table.push(news.work("catch up"), Versus::base("read records"), &bed.catch_up()?)?;
        }
    }
    Ok(())
}

/// A volume with many preserved chunks.
struct Bed {
    folder: PathBuf,
    media: Media,
    options: OpenOptions,
    volume: RefCell<Volume>,
    random: RefCell<Shuffle>,
}

impl Bed {
    fn new(folder: PathBuf, axes: Axes) -> Result<Self> {
        let media = vast(SIZE, &folder.join("volume.diff"))?;
        let Axes { durability, .. } = axes;
        let create = CreateOptions { durability, ..CreateOptions::default() };
        let options = OpenOptions { durability: Some(durability), ..OpenOptions::default() };
        let volume = RefCell::new(Volume::create_on(media.clone(), &create)?);
        let bed = Self { folder, media, options, volume, random: RefCell::new(Shuffle::new(11)) };
        bed.preserve(axes.preserved.unwrap_or_default())?;
        Ok(bed)
    }

    /// So many chunks for a new copy.
    fn preserve(&self, chunks: u64) -> Result<()> {
        let (volume, mut random) = (self.volume.borrow(), self.random.borrow_mut());
        volume.create_shadow_copy("")?;
        let chunks = volume.stats().table_chunks + chunks;
        while volume.stats().table_chunks < chunks {
            // Some hit what is preserved already.
            for _ in 0..64 {
                volume.write(random.below(SIZE / SMALL) * SMALL, &[1; SMALL as usize])?;
            }
        }
        Ok(())
    }

    /// Takes the role from a node that has not given it up, as after a crash.
    fn recover(&self) -> Result<Outcome> {
        let journal = self.journal("journal", self.journal_bytes())?;
        let (former, least) = (RefCell::new(None), Cell::new(f64::INFINITY));
        let outcome = Contest::default().whole(
            || {
                former.take();
                Ok(())
            },
            || {
                let open = || Volume::open_on(self.media.clone(), &self.options);
                let opened = at_least(&least, open)?;
                former.replace(Some(self.volume.replace(opened)));
                Ok(())
            },
            || journal.read(),
        )?;
        let stats = self.volume.borrow().stats();
        let each = stats.table_bytes as f64 / stats.table_chunks as f64;
        Ok(with_seconds(outcome, &least).with("memory_bytes_per_chunk", each))
    }

    /// After a clean end.
    fn open(&self) -> Result<Outcome> {
        let journal = self.journal("journal", self.journal_bytes())?;
        Contest::default().whole(
            || Ok(self.volume.borrow().close()?),
            || {
                self.volume.replace(Volume::open_on(self.media.clone(), &self.options)?);
                Ok(())
            },
            || journal.read(),
        )
    }

    /// A passive node that begins.
    fn start(&self) -> Result<Outcome> {
        let journal = self.journal("journal", self.journal_bytes())?;
        let (node, least) = (RefCell::new(None), Cell::new(f64::INFINITY));
        let outcome = Contest::default().whole(
            || {
                node.take();
                Ok(())
            },
            || {
                let open = || Passive::open_on(self.media.read_only());
                node.replace(Some(at_least(&least, open)?));
                Ok(())
            },
            || journal.read(),
        )?;
        let stats = node.take().ok_or("no node")?.stats();
        let each = stats.table_bytes as f64 / stats.table_chunks as f64;
        Ok(with_seconds(outcome, &least).with("memory_bytes_per_chunk", each))
    }

    fn compact(&self) -> Result<Outcome> {
        self.volume.borrow().compact()?;
        let journal = self.journal("journal", self.journal_bytes())?;
        Contest::default().whole(
            || Ok(()),
            || Ok(self.volume.borrow().compact()?),
            || journal.write(),
        )
    }

    fn catch_up(&self) -> Result<Outcome> {
        let node = Passive::open_on(self.media.read_only())?;
        let before = self.volume.borrow().stats().journal_bytes;
        self.preserve(NEWS)?;
        let bytes = self.volume.borrow().stats().journal_bytes - before;
        let records = self.journal("records", bytes)?;
        Contest::default().whole(
            || self.preserve(NEWS),
            || Ok(node.find_newest().map(drop)?),
            || records.read(),
        )
    }

    fn journal_bytes(&self) -> u64 {
        self.volume.borrow().stats().space.journal
    }

    fn journal(&self, name: &str, bytes: u64) -> Result<Journal> {
        let file = Plain::create(&self.folder.join(name), bytes, Caching::Buffered)?;
        Ok(Journal { file, bytes })
    }
}

fn with_seconds(outcome: Outcome, least: &Cell<f64>) -> Outcome {
    let seconds = outcome.ours.seconds();
    outcome.with("seconds", seconds).with("least_cpu_seconds", least.get())
}

/// Does some work, and lowers `least` to the seconds of processors that it took: these say more
/// than the clock where others want the same processors.
fn at_least<T>(least: &Cell<f64>, work: impl FnOnce() -> T) -> T {
    let seconds = || {
        let time = clock_gettime(ClockId::ProcessCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
    };
    let begin = seconds();
    let done = work();
    least.set(least.get().min(seconds() - begin));
    done
}

/// A file as long as a journal.
struct Journal {
    file: Plain,
    bytes: u64,
}

impl Journal {
    fn read(&self) -> Result<()> {
        let mut buffer = vec![0; PIECE];
        self.pieces(|at, length| self.file.read(at, &mut buffer[..length]))
    }

    fn write(&self) -> Result<()> {
        let buffer = vec![1; PIECE];
        self.pieces(|at, length| self.file.write(at, &buffer[..length]))
    }

    fn pieces(&self, mut work: impl FnMut(u64, usize) -> Result<()>) -> Result<()> {
        (0..self.bytes)
            .step_by(PIECE)
            .try_for_each(|at| work(at, (self.bytes - at).min(PIECE as u64) as usize))
    }
}
