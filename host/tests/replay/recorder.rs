//! Media in memory that record what is done to them, and dawdle so that threads overlap.

use core::time::Duration;
use std::sync::Arc;
use std::thread;

use shadowvol::backend::{MemoryError, ReadAt, WriteAt};
use shadowvol::machine::Medium;
use shadowvol_host::{Media, SharedMemory};

use super::image::Image;
use super::log::{Effect, Pen};
use super::random::Random;

/// One medium; see [`record`].
struct Recorder {
    medium: Medium,
    memory: SharedMemory,
    pen: Pen,
    pace: Pace,
}

/// How long operations take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As long as they must.
    Swift,
    /// Operations wait for others now and then, and barriers take this many microseconds.
    Slow(u64),
}

/// These media, with everything that is done to them recorded.
pub(crate) fn record(image: &Image, pen: &Pen, pace: Pace) -> Media {
    let recorder = |medium, memory: &SharedMemory| {
        Arc::new(Recorder { medium, memory: memory.clone(), pen: pen.clone(), pace })
    };
    Media {
        origin: recorder(Medium::Origin, &image.origin),
        diff: recorder(Medium::DiffArea, &image.diff),
    }
}

impl Recorder {
    fn perform<T>(
        &self,
        effect: Effect,
        land: impl FnOnce() -> Result<T, MemoryError>,
    ) -> Result<T, MemoryError> {
        let is_barrier = matches!(effect, Effect::Barrier);
        let number = self.pen.begin(self.medium, effect);
        self.dawdle(number as u64 * 2, is_barrier);
        let done = self.pen.land(number, land);
        self.dawdle(number as u64 * 2 + 1, false);
        self.pen.end(number);
        done
    }

    fn dawdle(&self, moment: u64, is_barrier: bool) {
        let Pace::Slow(barrier) = self.pace else { return };
        match Random(moment).below(8) {
            _ if is_barrier => thread::sleep(Duration::from_micros(barrier)),
            0 => thread::sleep(Duration::from_micros(50)),
            1..4 => thread::yield_now(),
            _ => {}
        }
    }
}

impl ReadAt for Recorder {
    type Error = MemoryError;

    fn size(&self) -> Result<u64, MemoryError> {
        self.memory.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryError> {
        self.memory.read_at(offset, buffer)
    }
}

impl WriteAt for Recorder {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), MemoryError> {
        let effect = Effect::Write { at: offset, data: data.into() };
        self.perform(effect, || self.memory.write_at(offset, data))
    }

    fn barrier(&self) -> Result<(), MemoryError> {
        self.perform(Effect::Barrier, || self.memory.barrier())
    }

    fn grow(&self, size: u64) -> Result<u64, MemoryError> {
        self.perform(Effect::Grow { size }, || self.memory.grow(size))
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), MemoryError> {
        self.perform(Effect::Punch { at: offset, length }, || self.memory.punch(offset, length))
    }
}
