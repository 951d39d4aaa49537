//! Several ways of doing the same work, timed in turn.

use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use crate::way::{Way, each};
use crate::{Interval, Outcome, Result, Side, settings};

/// Slices that a round is cut into.
const SLICES: usize = 16;

/// How often the work is done.
#[derive(Clone, Copy, Debug)]
pub struct Contest {
    /// Rounds that count; one more goes before them and does not.
    pub rounds: usize,
    /// How long a round of all sides shall take. Once the first round has, it ends with the slice, and
    /// the others have no more slices than that.
    pub limit: Option<Duration>,
}

impl Default for Contest {
    fn default() -> Self {
        Self { rounds: settings().rounds, limit: None }
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
        let mut slices = 0..SLICES;
        for round in 0..=self.rounds {
            prepare()?;
            let begun = Instant::now();
            let mut times = [Duration::ZERO; WAYS];
            let mut intervals = [(); WAYS].map(|()| Interval::begin());
            for slice in slices.clone() {
                let items = share(count, slice, SLICES);
                for turn in 0..WAYS {
                    let nth = (turn + round + slice) % WAYS;
                    let latencies = &mut intervals[nth].latencies;
                    times[nth] += ways[nth].time(items.clone(), latencies)?;
                }
                let is_over = self.limit.is_some_and(|limit| begun.elapsed() > limit);
                if round == 0 && is_over && items.end > 0 {
                    slices.end = slice + 1;
                    sides.iter_mut().for_each(|side| side.count = items.end);
                    break;
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

#[cfg(test)]
mod tests {
    use core::cell::Cell;
    use std::thread;

    use super::*;

    #[test]
    fn all_sides_and_rounds_stop_at_the_same_item() {
        let (slow, quick) = (Cell::new(0), Cell::new(0));
        let limit = Some(Duration::from_millis(5));
        let mut one = each(|_| {
            thread::sleep(Duration::from_millis(1));
            slow.set(slow.get() + 1);
            Ok(())
        });
        let mut other = each(|_| {
            quick.set(quick.get() + 1);
            Ok(())
        });
        let contest = Contest { rounds: 2, limit };
        let [slow_side, quick_side] =
            contest.sides(160, || Ok(()), [&mut one, &mut other]).expect("a contest");
        let count = slow_side.count;
        assert!(0 < count && count < 160 && count % (160 / SLICES) == 0);
        assert_eq!(quick_side.count, count);
        assert_eq!((slow.get(), quick.get()), (3 * count, 3 * count));
    }

    #[test]
    fn a_limit_leaves_the_only_item() {
        let done = Cell::new(0);
        let mut way = each(|_| {
            done.set(done.get() + 1);
            Ok(())
        });
        let contest = Contest { rounds: 1, limit: Some(Duration::ZERO) };
        let [side] = contest.sides(1, || Ok(()), [&mut way]).expect("a contest");
        assert_eq!((side.count, done.get()), (1, 2));
    }
}
