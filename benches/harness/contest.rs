//! Several ways of doing the same work, timed in turn.

use core::ops::Range;
use core::time::Duration;

use crate::way::{Way, each};
use crate::{Interval, Outcome, Result, Side, settings};

/// Slices that a round is cut into.
const SLICES: usize = 16;

/// How often the work is done.
#[derive(Clone, Copy, Debug)]
pub struct Contest {
    /// Rounds that count; one more goes before them and does not.
    pub rounds: usize,
}

impl Default for Contest {
    fn default() -> Self {
        Self { rounds: settings().rounds }
    }
}

impl Contest {
    /// Times `ours` and `plain` on the work items `0..count`, one by one. `prepare` is called before
    /// each round and is not timed.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn run(
        self,
        count: usize,
        prepare: impl FnMut() -> Result<()>,
        ours: impl FnMut(usize) -> Result<()>,
        plain: impl FnMut(usize) -> Result<()>,
    ) -> Result<Outcome> {
        let [ours, plain] = self.sides(count, prepare, [&mut each(ours), &mut each(plain)])?;
        Ok(Outcome::of(ours, plain))
    }

    /// Times `ours` and `plain` as wholes, in turn.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn whole(
        self,
        prepare: impl FnMut() -> Result<()>,
        mut ours: impl FnMut() -> Result<()>,
        mut plain: impl FnMut() -> Result<()>,
    ) -> Result<Outcome> {
        // The one item falls into the last slice; the others are empty.
        self.run(1, prepare, |_| ours(), |_| plain())
    }

    /// Times any number of ways, slice by slice in turn.
    ///
    /// Who goes second finds in the processor's caches what all touch, so that they take turns at
    /// that, too.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn sides<const WAYS: usize>(
        self,
        count: usize,
        mut prepare: impl FnMut() -> Result<()>,
        ways: [&mut dyn Way; WAYS],
    ) -> Result<[Side; WAYS]> {
        let mut sides = [(); WAYS].map(|()| Side::new(count));
        for round in 0..=self.rounds {
            prepare()?;
            let mut times = [Duration::ZERO; WAYS];
            let mut intervals = [(); WAYS].map(|()| Interval::begin());
            for slice in 0..SLICES {
                let items = share(count, slice, SLICES);
                for turn in 0..WAYS {
                    let nth = (turn + round + slice) % WAYS;
                    let latencies = &mut intervals[nth].latencies;
                    times[nth] += ways[nth].time(items.clone(), latencies)?;
                }
            }
            if round == 0 {
                continue;
            }
            for ((side, interval), time) in sides.iter_mut().zip(intervals).zip(times) {
                side.intervals.push(interval.end());
                side.rounds.push(time);
            }
        }
        Ok(sides)
    }
}

/// The items of one of `parts` parts.
pub(crate) const fn share(count: usize, part: usize, parts: usize) -> Range<usize> {
    count * part / parts..count * (part + 1) / parts
}
