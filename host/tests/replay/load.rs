//! What is done to a volume while it is recorded.
//!
//! Writers fill ranges of their own and one that they share, in requests of all sizes that respect
//! no border, and discard and flush. A keeper takes, reads, deletes and compacts meanwhile. After
//! half of it the volume is closed and opened again.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol::format::superblock::{OnFull, PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::{ChunkSize, Error as EngineError};
use shadowvol_host::checksum::CRC32C;
use shadowvol_host::{CreateOptions, Durability, Error, OpenOptions, SharedMemory, Volume};

use super::image::Image;
use super::log::{Log, Pen, Told};
use super::random::Random;
use super::recorder::{Pace, record};
use super::whole::{digest, whole};

/// Copies that the keeper takes in each half at least, however fast the writers are done.
pub(crate) const COPIES: usize = 6;

/// A load, and the volume under it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) durability: Durability,
    pub(crate) on_full: OnFull,
    pub(crate) size: u64,
    pub(crate) chunk: ChunkSize,
    /// Slots of the diff area at first, and at most.
    pub(crate) slots: (u32, u32),
    pub(crate) writers: u64,
    /// Requests of each writer, in each half.
    pub(crate) rounds: u64,
    /// The most bytes of a request.
    pub(crate) most: u64,
    /// Of ten steps of the keeper, how many are compactions.
    pub(crate) compactions: u64,
    /// Microseconds of a barrier.
    pub(crate) barrier: u64,
}

/// What a load has left.
pub(crate) struct Recording {
    /// The media before it.
    pub(crate) before: Image,
    pub(crate) log: Log,
    pub(crate) load: Load,
}

impl Load {
    /// Runs it. Contents are drawn from the seed; when threads run is up to the machine.
    pub(crate) fn run(self, seed: u64) -> Recording {
        let before = self.make(seed);
        let media = before.duplicate();
        let pen = Pen::default();
        for half in 0..2 {
            let recorded = record(&media, &pen, Pace::Slow(self.barrier));
            let volume = Volume::open_on(recorded, &OpenOptions::default()).expect("the role");
            let busy = AtomicUsize::new(self.writers as usize);
            thread::scope(|scope| {
                for writer in 0..self.writers {
                    let (volume, pen, busy) = (&volume, &pen, &busy);
                    let random = Random(seed * 1000 + half * 100 + writer);
                    scope.spawn(move || {
                        self.write(volume, pen, writer, random);
                        busy.fetch_sub(1, Ordering::SeqCst);
                    });
                }
                self.keep(&volume, &pen, &busy, Random(seed * 1000 + half * 100 + 99));
            });
            volume.close().expect("a close");
        }
        Recording { before, log: pen.finish(), load: self }
    }

    /// A volume whose journal's segments are one slot long, so that it links all the time and a
    /// diff area of a few slots has room for it.
    pub(crate) fn make(&self, seed: u64) -> Image {
        let mut random = Random(seed);
        let origin = SharedMemory::new(self.size);
        origin.write_at(0, &random.bytes(self.size as usize)).expect("within");
        // Chunks of zeros take no slots.
        origin.punch(self.size / 3, self.size / 5).expect("within");
        let image = Image { origin, diff: SharedMemory::new(0) };
        let &Self { chunk, durability, on_full, .. } = self;
        let options = CreateOptions { chunk, durability, on_full, ..CreateOptions::default() };
        let volume = Volume::create_on(image.media(), &options).expect("a volume");
        volume.close().expect("a close");

        let mut pair = [0; PAIR_BYTES];
        image.diff.read_at(PAIR_OFFSET, &mut pair).expect("superblocks");
        let (mut superblock, place) = Superblock::newest(&pair, CRC32C).expect("a superblock");
        superblock.geometry.segment = 1;
        image.diff.write_at(place.offset(), &superblock.emit(CRC32C)).expect("within");
        let (first, most) = self.slots;
        let limit = u64::from(most) * chunk.bytes();
        // The second journal lies where the first one was, at the start. What shall grow has no
        // limit of its own: its medium has one.
        for limit in [None, (first == most).then_some(limit)] {
            let options = OpenOptions { limit, ..OpenOptions::default() };
            let volume = Volume::open_on(image.media(), &options).expect("the role");
            volume.close().expect("a close");
        }
        let mut bytes = vec![0; first as usize * chunk.bytes() as usize];
        image.diff.read_at(0, &mut bytes).expect("within");
        let diff = SharedMemory::with_limit(bytes.len() as u64, limit);
        diff.write_at(0, &bytes).expect("within");
        Image { origin: image.origin, diff }
    }

    fn write(&self, volume: &Volume, pen: &Pen, writer: u64, mut random: Random) {
        let share = self.size / (self.writers + 1);
        for _ in 0..self.rounds {
            let start = if random.below(4) == 0 { self.writers } else { writer } * share;
            let most = if random.below(3) == 0 { self.most } else { 700 };
            let (at, length) = random.range(share, most);
            let done = match random.below(12) {
                0 => volume.discard(start + at, length as u64),
                1 => volume.write(start + at, &vec![0; length]),
                2 => {
                    let begun = pen.now();
                    let done = volume.flush();
                    pen.tell(Told::Flushed { begun });
                    done
                }
                _ => volume.write(start + at, &random.bytes(length)),
            };
            done.or_else(self.tolerate()).expect("a request");
        }
    }

    fn keep(&self, volume: &Volume, pen: &Pen, busy: &AtomicUsize, mut random: Random) {
        let reader = volume.reader().expect("a reader");
        let mut taken = 0;
        while busy.load(Ordering::SeqCst) > 0 || taken < COPIES {
            let copies = volume.shadow_copies().expect("an open volume");
            let step = random.below(10);
            let done = if step < self.compactions {
                volume.compact()
            } else if copies.len() > 4 || step == 9 && !copies.is_empty() {
                let copy = copies[random.below(copies.len() as u64) as usize].id;
                volume.delete_shadow_copies(&[copy]).map(|()| pen.tell(Told::Deleted { copy }))
            } else {
                let label = format!("{:x}", random.next());
                volume.create_shadow_copy(&label).and_then(|info| {
                    let copy = info.id;
                    taken += 1;
                    pen.tell(Told::Created { copy, label });
                    let digest = digest(&whole(&reader, copy)?);
                    pen.tell(Told::Read { copy, digest });
                    Ok(())
                })
            };
            done.or_else(self.tolerate()).expect("a request");
        }
    }

    /// Takes what must be expected of a full diff area for an answer.
    fn tolerate(&self) -> impl Fn(Error) -> Result<(), Error> {
        let drops = self.on_full == OnFull::DropOldest;
        move |error| match error.engine() {
            Some(EngineError::DiffAreaFull { .. }) => Ok(()),
            Some(EngineError::Gone { .. }) if drops => Ok(()),
            _ => Err(error),
        }
    }
}
