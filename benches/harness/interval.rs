//! Latencies between one time and another.

use core::time::Duration;
use std::time::SystemTime;

use hdrhistogram::Histogram;

/// What was measured from one time to another.
#[derive(Clone, Debug)]
pub struct Interval {
    /// When it began.
    pub begun: SystemTime,
    /// How long it went on.
    pub lasted: Duration,
    /// In nanoseconds.
    pub latencies: Histogram<u64>,
}

impl Interval {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        let (begun, lasted) = (SystemTime::now(), Duration::ZERO);
        Self { begun, lasted, latencies: histogram() }
    }

    /// Ends now.
    #[must_use]
    pub fn end(self) -> Self {
        Self { lasted: self.begun.elapsed().unwrap_or_default(), ..self }
    }
}

/// An empty histogram from 1 ns up, with three digits, which grows by itself.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    match Histogram::new(3) {
        Ok(histogram) => histogram,
        Err(_) => unreachable!("three digits are within what a histogram takes"),
    }
}

/// Notes a latency.
pub fn note(latencies: &mut Histogram<u64>, latency: Duration) {
    // A histogram that grows by itself takes any value.
    let _ = latencies.record(latency.as_nanos() as u64);
}
