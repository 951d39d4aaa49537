//! Crash images, made from a log and the media before it.
//!
//! A barrier covers what had ended on its medium when it began. What was covered by a barrier that
//! has ended is there. Everything else that had begun is *loose*: there, absent or torn, and in any
//! order. In coherent mode only the process dies: all that had ended is there, in its order.

use shadowvol::machine::Medium;
use shadowvol_host::{Durability, SharedMemory};

use super::fate::{Fate, apply};
use super::image::Image;
use super::log::{Effect, Log, NEVER, Operation, Time};

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

    pub(crate) fn log(&self) -> &'a Log {
        self.log
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
