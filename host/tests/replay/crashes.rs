//! Which crashes of a log are tried.
//!
//! Behind the beginning of every operation: everything is there, so that all prefixes of the log
//! are tried. Where an epoch ends, with most loose and most promised: all subsets of the loose
//! operations if they are few, else all subsets of those on the diff area with all and with none of
//! the origin's if *they* are few; and samples with torn operations, in any order. With a barrier
//! an epoch ends; where only the process dies, with every operation.

use shadowvol_host::Durability;

use super::fate::Fate;
use super::front::{Crash, Front};
use super::log::{Effect, Log, Time};
use super::random::Random;

/// The most operations whose subsets are enumerated.
const FEW: usize = 8;
/// Samples before the end of a barrier.
const SAMPLES: usize = 32;

/// A time to crash at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Point {
    pub(crate) time: Time,
    /// An epoch is about to end.
    pub(crate) is_epoch: bool,
}

/// All points of a log, in order.
pub(crate) fn points(log: &Log, durability: Durability) -> Vec<Point> {
    let mut points = Vec::new();
    for one in &log.operations {
        let is_barrier = matches!(one.effect, Effect::Barrier);
        if !is_barrier {
            points.push(Point { time: one.begun + 1, is_epoch: false });
        }
        if is_barrier || durability == Durability::Coherent {
            points.push(Point { time: one.ended, is_epoch: true });
        }
    }
    points.push(Point { time: log.end, is_epoch: true });
    points.sort_unstable();
    points
}

/// The crashes at a point that a front has come to.
pub(crate) fn crashes(front: &Front<'_>, point: Point, random: &mut Random) -> Vec<Crash> {
    let time = point.time;
    let (diff, origin) = front.loose();
    let all: Vec<_> = diff.iter().chain(&origin).copied().collect();
    let mut found = Vec::from([with(time, &all, |_| Fate::Whole)]);
    if !point.is_epoch {
        return found;
    }
    if all.len() <= FEW {
        found.extend((1..1 << all.len()).map(|dropped| subset(time, &all, dropped)));
    } else if diff.len() <= FEW {
        for dropped in 0..1 << diff.len() {
            found.push(subset(time, &all, dropped));
            found.push(subset(time, &all, dropped | u64::MAX << diff.len()));
        }
    }
    for _ in 0..if all.is_empty() { 0 } else { SAMPLES } {
        found.push(draw(front.log(), time, &diff, &origin, random));
    }
    found
}

/// A crash that takes back loose growth and nothing else, where there is any.
pub(crate) fn shrunk(front: &Front<'_>, time: Time) -> Option<Crash> {
    let (diff, origin) = front.loose();
    let all: Vec<_> = diff.into_iter().chain(origin).collect();
    let is_growth =
        |&nth: &usize| matches!(front.log().operations[nth].effect, Effect::Grow { .. });
    let fate = |nth: usize| if is_growth(&all[nth]) { Fate::Absent } else { Fate::Whole };
    all.iter().any(is_growth).then(|| with(time, &all, fate))
}

/// A crash that is drawn: half of the time with the origin's operations all there, because damage
/// needs few things lost of the diff area, and much overwritten.
pub(crate) fn draw(
    log: &Log,
    time: Time,
    diff: &[usize],
    origin: &[usize],
    random: &mut Random,
) -> Crash {
    let spared = random.below(2) == 0;
    let mut fate = |loose: &[usize], nth: usize| Fate::draw(&log.operations[loose[nth]], random);
    let mut crash = with(time, diff, |nth| fate(diff, nth));
    let rest = with(time, origin, |nth| if spared { Fate::Whole } else { fate(origin, nth) });
    crash.fates.extend(rest.fates);
    if random.below(4) == 0 {
        for nth in (1..crash.fates.len()).rev() {
            crash.fates.swap(nth, random.below(nth as u64 + 1) as usize);
        }
    }
    crash
}

fn with(time: Time, loose: &[usize], mut fate: impl FnMut(usize) -> Fate) -> Crash {
    let fates = loose.iter().enumerate().map(|(nth, &operation)| (operation, fate(nth))).collect();
    Crash { time, fates }
}

/// Those whose bit is set are lost; beyond the last bit, as it says.
fn subset(time: Time, loose: &[usize], dropped: u64) -> Crash {
    with(
        time,
        loose,
        |nth| {
            if dropped >> nth.min(63) & 1 == 1 { Fate::Absent } else { Fate::Whole }
        },
    )
}
