//! Two ways of doing the same work, timed in turn.

use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use hdrhistogram::Histogram;

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
        Self { rounds: 5 }
    }
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Speed of ours to that of the plain way: the median of the rounds, above 1 when ours is
    /// faster.
    pub ratio: f64,
    /// The least and the greatest of the rounds.
    pub spread: (f64, f64),
    /// Latencies of ours in nanoseconds.
    pub latency: Histogram<u64>,
}

impl Contest {
    /// Times `ours` and `plain` on the work items `0..count`, slice by slice in turn. `prepare` is
    /// called before each round and is not timed.
    ///
    /// Who goes second finds in the processor's caches what both touch, so that they take turns at
    /// that, too.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn run<E>(
        self,
        count: usize,
        mut prepare: impl FnMut() -> Result<(), E>,
        mut ours: impl FnMut(usize) -> Result<(), E>,
        mut plain: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Outcome, E> {
        let (mut latency, mut plain_latency) = (new_histogram(), new_histogram());
        let mut ratios = Vec::new();
        for round in 0..=self.rounds {
            prepare()?;
            let (mut our_time, mut plain_time) = (Duration::ZERO, Duration::ZERO);
            for slice in 0..SLICES {
                let items = count * slice / SLICES..count * (slice + 1) / SLICES;
                let is_first = (round + slice).is_multiple_of(2);
                if is_first {
                    our_time += time(items.clone(), &mut ours, &mut latency)?;
                }
                plain_time += time(items.clone(), &mut plain, &mut plain_latency)?;
                if !is_first {
                    our_time += time(items, &mut ours, &mut latency)?;
                }
            }
            if round == 0 {
                latency.clear();
            }
            if round > 0 {
                ratios.push(plain_time.as_secs_f64() / our_time.as_secs_f64());
            }
        }
        ratios.sort_by(f64::total_cmp);
        let spread = (ratios[0], ratios[ratios.len() - 1]);
        Ok(Outcome { ratio: ratios[ratios.len() / 2], spread, latency })
    }
}

impl Contest {
    /// Times `ours` and `plain` as wholes, in turn.
    ///
    /// # Errors
    ///
    /// The first error of any of them.
    pub fn whole<E>(
        self,
        mut prepare: impl FnMut() -> Result<(), E>,
        mut ours: impl FnMut() -> Result<(), E>,
        mut plain: impl FnMut() -> Result<(), E>,
    ) -> Result<Outcome, E> {
        // The one item falls into the last slice; the others are empty.
        self.run(1, &mut prepare, |_| ours(), |_| plain())
    }
}

/// Times the items one by one; both sides pay for that alike.
fn time<E>(
    items: Range<usize>,
    work: &mut impl FnMut(usize) -> Result<(), E>,
    latency: &mut Histogram<u64>,
) -> Result<Duration, E> {
    let begun = Instant::now();
    let mut last = begun;
    for item in items {
        work(item)?;
        let now = Instant::now();
        // A histogram that grows by itself takes any value.
        let _ = latency.record((now - last).as_nanos() as u64);
        last = now;
    }
    Ok(last - begun)
}

/// From 1 ns up, with three digits.
fn new_histogram() -> Histogram<u64> {
    match Histogram::new(3) {
        Ok(histogram) => histogram,
        Err(_) => unreachable!("three digits are within what a histogram takes"),
    }
}
