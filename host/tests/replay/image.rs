//! Both media as a crash leaves them.
//!
//! A barrier covers what had ended on its medium when it began. What was covered by a barrier that
//! has ended is there. Everything else that had begun is *loose*: there, absent or torn, and in any
//! order. In coherent mode only the process dies: all that had ended is there, in its order.

use core::fmt;
use std::sync::Arc;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol::machine::Medium;
use shadowvol_host::{Durability, Media, SharedMemory};

use super::log::{Effect, Log, NEVER, Operation, Time};
use super::random::Random;

const SECTOR: usize = 512;

/// Both media.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) origin: SharedMemory,
    pub(crate) diff: SharedMemory,
}

impl Image {
    /// Media of their own with the same content.
    pub(crate) fn duplicate(&self) -> Self {
        Self { origin: self.origin.duplicate(), diff: self.diff.duplicate() }
    }

    pub(crate) fn media(&self) -> Media {
        Media { origin: Arc::new(self.origin.clone()), diff: Arc::new(self.diff.clone()) }
    }

    /// Turns into another image under those who have it open. It does not shrink.
    pub(crate) fn become_like(&self, other: &Self) {
        for (mine, theirs) in [(&self.origin, &other.origin), (&self.diff, &other.diff)] {
            let size = |memory: &SharedMemory| memory.size().expect("memory");
            let mut bytes = vec![0; size(mine).max(size(theirs)) as usize];
            theirs.read_at(0, &mut bytes[..size(theirs) as usize]).expect("within");
            mine.grow(bytes.len() as u64).expect("as large as the other one");
            mine.write_at(0, &bytes).expect("within");
        }
    }
}

/// What becomes of a loose operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Whole,
    Absent,
    /// So many bytes of its beginning are there.
    Head(usize),
    /// All but so many bytes of its beginning.
    Tail(usize),
    /// Some of its sectors, as this number says.
    Sectors(u64),
}

impl Fate {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let any = random.next();
        match random.below(8) {
            0..3 => Self::Whole,
            3..5 => Self::Absent,
            5 => Self::Head(any as usize),
            6 => Self::Tail(any as usize),
            _ => Self::Sectors(any),
        }
    }

    /// What is there of this many bytes that begin at `at`.
    fn ranges(self, at: u64, length: usize) -> Vec<core::ops::Range<usize>> {
        match self {
            Self::Whole => Vec::from([0..length]),
            Self::Absent => Vec::new(),
            Self::Head(cut) => Vec::from([0..cut % (length + 1)]),
            Self::Tail(cut) => Vec::from([cut % (length + 1)..length]),
            Self::Sectors(seed) => {
                let mut random = Random(seed);
                let first = SECTOR - at as usize % SECTOR;
                let mut bounds: Vec<_> = (first..length).step_by(SECTOR).collect();
                bounds.insert(0, 0);
                bounds.push(length);
                let sectors = bounds.windows(2).map(|pair| pair[0]..pair[1]);
                sectors.filter(|_| random.below(2) == 0).collect()
            }
        }
    }
}

/// A crash: when, and what becomes of each loose operation, in the order in which they land.
#[derive(Clone, Debug)]
pub(crate) struct Crash {
    pub(crate) time: Time,
    pub(crate) fates: Vec<(usize, Fate)>,
}

/// What a log did to one medium.
struct Side {
    /// Operations in the order in which they landed, and from when on each is there for good.
    order: Vec<(usize, Time)>,
    /// So many of these are in the base for good.
    done: usize,
    base: SharedMemory,
}

/// A place in a log, which moves forward only, to make crash images at.
pub(crate) struct Front<'a> {
    log: &'a Log,
    origin: Side,
    diff: Side,
    time: Time,
}

impl Side {
    fn new(log: &Log, medium: Medium, base: SharedMemory, durability: Durability) -> Self {
        let mine = || (0..).zip(&log.operations).filter(|(_, one)| one.medium == medium);
        let barriers: Vec<_> = mine()
            .map(|(_, one)| one)
            .filter(|one| matches!(one.effect, Effect::Barrier))
            .collect();
        let settled = |one: &Operation| match durability {
            Durability::Coherent => one.ended,
            Durability::Durable => {
                let covers = |barrier: &&&Operation| barrier.begun > one.ended;
                barriers.iter().filter(covers).map(|one| one.ended).min().unwrap_or(NEVER)
            }
        };
        let changes = mine().filter(|(_, one)| !matches!(one.effect, Effect::Barrier));
        let mut order: Vec<_> = changes.map(|(nth, one)| (nth, settled(one))).collect();
        order.sort_by_key(|&(nth, _)| (log.operations[nth].landed, nth));
        Self { order, done: 0, base }
    }

    fn advance(&mut self, log: &Log, time: Time) {
        while let Some(&(nth, settled)) = self.order.get(self.done)
            && settled < time
        {
            apply(&self.base, &log.operations[nth], Fate::Whole);
            self.done += 1;
        }
    }

    fn loose(&self, log: &Log, time: Time) -> impl Iterator<Item = usize> {
        self.order[self.done..]
            .iter()
            .filter(move |&&(nth, settled)| settled >= time && log.operations[nth].begun < time)
            .map(|&(nth, _)| nth)
    }

    /// What is there for good comes first, because what is loose may land at any time.
    fn image(&self, log: &Log, crash: &Crash, medium: Medium) -> SharedMemory {
        let image = self.base.duplicate();
        for &(nth, settled) in &self.order[self.done..] {
            if settled < crash.time {
                apply(&image, &log.operations[nth], Fate::Whole);
            }
        }
        for &(nth, fate) in &crash.fates {
            if log.operations[nth].medium == medium {
                apply(&image, &log.operations[nth], fate);
            }
        }
        image
    }
}

impl<'a> Front<'a> {
    /// The beginning of a log whose media were like this.
    pub(crate) fn new(log: &'a Log, before: &Image, durability: Durability) -> Self {
        let Image { origin, diff } = before.duplicate();
        let side = |medium, base| Side::new(log, medium, base, durability);
        let (origin, diff) = (side(Medium::Origin, origin), side(Medium::DiffArea, diff));
        Self { log, origin, diff, time: 0 }
    }

    /// Goes on to a time.
    pub(crate) fn advance(&mut self, time: Time) {
        assert!(self.time <= time, "a front moves forward");
        self.time = time;
        self.origin.advance(self.log, time);
        self.diff.advance(self.log, time);
    }

    /// The loose operations: those on the diff area, and those on the origin.
    pub(crate) fn loose(&self) -> (Vec<usize>, Vec<usize>) {
        let loose = |side: &Side| side.loose(self.log, self.time).collect();
        (loose(&self.diff), loose(&self.origin))
    }

    /// What readers see at this time.
    pub(crate) fn visible(&self) -> Image {
        let visible = |side: &Side| {
            let seen = side.base.duplicate();
            let landed = side.order[side.done..].iter().map(|&(nth, _)| &self.log.operations[nth]);
            landed
                .filter(|one| one.landed < self.time)
                .for_each(|one| apply(&seen, one, Fate::Whole));
            seen
        };
        Image { origin: visible(&self.origin), diff: visible(&self.diff) }
    }

    /// What a crash leaves, which must be one at this time.
    pub(crate) fn image(&self, crash: &Crash) -> Image {
        assert_eq!(self.time, crash.time);
        Image {
            origin: self.origin.image(self.log, crash, Medium::Origin),
            diff: self.diff.image(self.log, crash, Medium::DiffArea),
        }
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

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { medium, effect, begun, ended, .. } = self;
        write!(
            f,
            "{begun}..{}: {medium}: ",
            if *ended == NEVER { "-".into() } else { ended.to_string() }
        )?;
        match effect {
            Effect::Write { at, data } => write!(f, "write {} bytes at {at}", data.len()),
            Effect::Punch { at, length } => write!(f, "punch {length} bytes at {at}"),
            Effect::Grow { size } => write!(f, "grow to {size}"),
            Effect::Barrier => f.write_str("barrier"),
        }
    }
}
