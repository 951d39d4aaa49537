//! What came out: the times and latencies of each side, and how they compare.

use core::time::Duration;

use hdrhistogram::Histogram;

use crate::Interval;
use crate::interval::histogram;

/// What one way of doing the work has taken.
#[derive(Clone, Debug)]
pub struct Side {
    /// Requests of a round.
    pub count: usize,
    /// The time of each round that counts.
    pub rounds: Vec<Duration>,
    /// Latencies: of each round, or of each second of a paced workload.
    pub intervals: Vec<Interval>,
}

/// Two sides compared.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Speed of ours to that of the base: the median of the rounds, above 1 when ours is faster.
    pub ratio: f64,
    /// The least and the greatest of the rounds.
    pub spread: (f64, f64),
    /// Ours.
    pub ours: Side,
    /// What it is compared with.
    pub base: Side,
    /// The time from one request to the next, where latencies count from when each was due.
    pub interval: Option<Duration>,
    /// Further figures: a name that ends in the unit, and the value.
    pub extra: Vec<(&'static str, f64)>,
}

/// Who was faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// We.
    Ours,
    /// What we compare with.
    Base,
    /// The rounds do not agree.
    Nobody,
}

impl Side {
    /// Nothing yet.
    #[must_use]
    pub const fn new(count: usize) -> Self {
        Self { count, rounds: Vec::new(), intervals: Vec::new() }
    }

    /// Goes on with what was measured later.
    pub fn extend(&mut self, later: Self) {
        self.count = later.count;
        self.rounds.extend(later.rounds);
        self.intervals.extend(later.intervals);
    }

    /// Latencies of all intervals in nanoseconds.
    #[must_use]
    pub fn latency(&self) -> Histogram<u64> {
        let mut all = histogram();
        for interval in &self.intervals {
            // It grows by itself.
            let _ = all.add(&interval.latencies);
        }
        all
    }

    /// The median of the rounds in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        median(self.rounds.iter().map(Duration::as_secs_f64).collect())
    }
}

impl Outcome {
    /// Compares the times, round by round.
    #[must_use]
    pub fn of(ours: Side, base: Side) -> Self {
        let pairs = ours.rounds.iter().zip(&base.rounds);
        let ratios = pairs.map(|(ours, base)| base.as_secs_f64() / ours.as_secs_f64()).collect();
        Self::of_ratios(ours, base, ratios)
    }

    /// Compares a latency that both have in each interval.
    #[must_use]
    pub fn of_latencies(ours: Side, base: Side, latency: impl Fn(&Histogram<u64>) -> u64) -> Self {
        let pairs = ours.intervals.iter().zip(&base.intervals);
        let of = |interval: &Interval| latency(&interval.latencies).max(1) as f64;
        let ratios = pairs.map(|(ours, base)| of(base) / of(ours)).collect();
        Self::of_ratios(ours, base, ratios)
    }

    /// Compares by these ratios, one for each round.
    #[must_use]
    pub fn of_ratios(ours: Side, base: Side, ratios: Vec<f64>) -> Self {
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = ratios.iter().copied().fold(0.0, f64::max);
        let (ratio, spread) = (median(ratios), (least, greatest));
        Self { ratio, spread, ours, base, interval: None, extra: Vec::new() }
    }

    /// The same with one more figure.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: f64) -> Self {
        self.extra.push((name, value));
        self
    }

    /// Who was faster in every round.
    #[must_use]
    pub fn ahead(&self) -> Ahead {
        match self.spread {
            (least, _) if least > 1.0 => Ahead::Ours,
            (_, greatest) if greatest < 1.0 => Ahead::Base,
            _ => Ahead::Nobody,
        }
    }
}

/// The middle one, or the upper one of the two in the middle; 0 of none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(millis: &[u64]) -> Side {
        let rounds = millis.iter().copied().map(Duration::from_millis).collect();
        Side { count: 1, rounds, intervals: Vec::new() }
    }

    #[test]
    fn who_is_ahead_was_so_in_every_round() {
        let outcome = Outcome::of(side(&[1, 2, 4]), side(&[2, 8, 8]));
        assert_eq!((outcome.ratio, outcome.spread), (2.0, (2.0, 4.0)));
        assert_eq!(outcome.ahead(), Ahead::Ours);
        assert_eq!(Outcome::of(side(&[4, 4]), side(&[1, 3])).ahead(), Ahead::Base);
        assert_eq!(Outcome::of(side(&[4, 4]), side(&[1, 5])).ahead(), Ahead::Nobody);
    }
}
