//! What becomes of an operation in a crash.

use core::iter::once;
use core::ops::Range;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::SharedMemory;

use super::log::{Effect, Operation};
use super::random::Random;

const SECTOR: usize = 512;

/// What becomes of a loose operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Whole,
    Absent,
    /// So many bytes of its beginning are there.
    Head(usize),
    /// All but so many bytes of its beginning are there.
    Tail(usize),
    /// Some of its sectors are there, as this number says.
    Sectors(u64),
}

impl Fate {
    pub(crate) fn draw(operation: &Operation, random: &mut Random) -> Self {
        let length = match &operation.effect {
            Effect::Write { data, .. } => data.len() as u64,
            Effect::Punch { length, .. } => *length,
            Effect::Grow { .. } | Effect::Barrier => 0,
        };
        match random.below(8) {
            0..3 => Self::Whole,
            3..5 => Self::Absent,
            5 => Self::Head(random.below(length + 1) as usize),
            6 => Self::Tail(random.below(length + 1) as usize),
            _ => Self::Sectors(random.next()),
        }
    }

    /// What is there of this many bytes that begin at `at`.
    fn ranges(self, at: u64, length: usize) -> impl Iterator<Item = Range<usize>> {
        let ranges: Vec<_> = match self {
            Self::Whole => once(0..length).collect(),
            Self::Absent => Vec::new(),
            Self::Head(cut) => once(0..cut.min(length)).collect(),
            Self::Tail(cut) => once(cut.min(length)..length).collect(),
            Self::Sectors(seed) => {
                let mut random = Random(seed);
                let first = SECTOR - at as usize % SECTOR;
                let mut bounds: Vec<_> = (first..length).step_by(SECTOR).collect();
                bounds.insert(0, 0);
                bounds.push(length);
                let sectors = bounds.windows(2).map(|pair| pair[0]..pair[1]);
                sectors.filter(|_| random.below(2) == 0).collect()
            }
        };
        ranges.into_iter().filter(|range| !range.is_empty())
    }
}

/// Does an operation, or what is left of it. What lies behind the medium's end was lost with it.
pub(crate) fn apply(memory: &SharedMemory, operation: &Operation, fate: Fate) {
    let size = memory.size().expect("memory");
    let within = |at: u64, length: u64| length.min(size.saturating_sub(at)) as usize;
    match &operation.effect {
        Effect::Write { at, data } => {
            let data = &data[..within(*at, data.len() as u64)];
            for range in fate.ranges(*at, data.len()) {
                memory.write_at(at + range.start as u64, &data[range]).expect("within");
            }
        }
        Effect::Punch { at, length } => {
            for range in fate.ranges(*at, within(*at, *length)) {
                memory.punch(at + range.start as u64, range.len() as u64).expect("within");
            }
        }
        Effect::Grow { size } if fate != Fate::Absent => {
            memory.grow(*size).expect("it could grow before");
        }
        Effect::Grow { .. } | Effect::Barrier => {}
    }
}
