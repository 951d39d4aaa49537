//! Which crashes of a log are tried.
//!
//! Behind the beginning of every operation: everything is there, so that all prefixes of the log are
//! tried. Before the end of every barrier, where most is loose and most was promised: all subsets of
//! the loose operations if they are few, else all subsets of those on the diff area with all and
//! with none of the origin's if *they* are few; and samples with torn operations, in any order.

use super::image::{Crash, Fate, Front};
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
    /// A barrier is about to end.
    pub(crate) is_epoch: bool,
}

/// All points of a log, in order.
pub(crate) fn points(log: &Log) -> Vec<Point> {
    let point = |one: &super::log::Operation| match one.effect {
        Effect::Barrier => Point { time: one.ended, is_epoch: true },
        _ => Point { time: one.begun + 1, is_epoch: false },
    };
    let mut points: Vec<_> = log.operations.iter().map(point).collect();
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
        found.push(draw(time, &diff, &origin, random));
    }
    found
}

/// A crash that is drawn: half of the time with the origin's operations all there, because damage
/// needs few things lost of the diff area, and much overwritten.
pub(crate) fn draw(time: Time, diff: &[usize], origin: &[usize], random: &mut Random) -> Crash {
    let spared = random.below(2) == 0;
    let mut crash = with(time, diff, |_| Fate::draw(random));
    let rest = with(time, origin, |_| if spared { Fate::Whole } else { Fate::draw(random) });
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
