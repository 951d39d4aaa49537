//! Several ways of doing the same work, timed in turn.

use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use crate::way::{Way, each};
use crate::{Interval, Outcome, Result, Side, histogram, settings};

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
        mut ways: [&mut dyn Way; WAYS],
    ) -> Result<[Side; WAYS]> {
        Self::warm_up(count, None, &mut prepare, &mut ways)?;
        self.warm(count, prepare, ways)
    }

    /// The round that does not count, for those who want to know what there is time for: it ends with
    /// the slice once it has taken as long as this. Returns the number of items that it has come to.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn warm_up<const WAYS: usize>(
        count: usize,
        limit: Option<Duration>,
        mut prepare: impl FnMut() -> Result<()>,
        ways: &mut [&mut dyn Way; WAYS],
    ) -> Result<usize> {
        prepare()?;
        let begun = Instant::now();
        let (mut slices, mut done) = (0..SLICES, 0);
        while let Some(slice) = slices.next()
            && (done == 0 || limit.is_none_or(|limit| begun.elapsed() < limit))
        {
            let items = share(count, slice, SLICES);
            done = items.end;
            for turn in 0..WAYS {
                ways[(turn + slice) % WAYS].time(items.clone(), &mut histogram())?;
            }
        }
        Ok(done)
    }

    /// The rounds that count.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn warm<const WAYS: usize>(
        self,
        count: usize,
        mut prepare: impl FnMut() -> Result<()>,
        ways: [&mut dyn Way; WAYS],
    ) -> Result<[Side; WAYS]> {
        let mut sides = [(); WAYS].map(|()| Side::new(count));
        for round in 1..=self.rounds {
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

    /// The items that two ways have done, the first of which takes a millisecond for each.
    fn warmed_up(count: usize, limit: Option<Duration>) -> (usize, [usize; 2]) {
        let done = [const { Cell::new(0) }; 2];
        let mut slow = each(|_| {
            thread::sleep(Duration::from_millis(1));
            done[0].set(done[0].get() + 1);
            Ok(())
        });
        let mut quick = each(|_| {
            done[1].set(done[1].get() + 1);
            Ok(())
        });
        let ways: &mut [&mut dyn Way; 2] = &mut [&mut slow, &mut quick];
        let came_to = Contest::warm_up(count, limit, || Ok(()), ways).expect("a round");
        (came_to, done.each_ref().map(Cell::get))
    }

    #[test]
    fn all_ways_stop_at_the_same_item_when_the_time_is_up() {
        let (count, done) = warmed_up(160, Some(Duration::from_millis(15)));
        assert!(0 < count && count <= 20, "{count}");
        assert_eq!(done, [count; 2]);
        assert_eq!(warmed_up(32, None), (32, [32; 2]));
    }

    #[test]
    fn the_only_item_is_done_whatever_the_time() {
        assert_eq!(warmed_up(1, Some(Duration::ZERO)), (1, [1; 2]));
    }
}
