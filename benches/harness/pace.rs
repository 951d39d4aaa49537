//! Requests that are due at certain times, whatever became of the ones before.

use core::hint;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use crate::interval::note;
use crate::{Interval, Result, Side};

/// Nearer than this, sleeping is too coarse.
const SPIN: Duration = Duration::from_micros(200);
/// Of the log.
const INTERVAL: Duration = Duration::from_secs(1);

/// A pace of requests.
///
/// A latency counts from when the request was due: requests that had to wait because an earlier one
/// took long have waited, too. A loop that only begins the next request when the last one has ended would
/// leave these out ("coordinated omission").
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From one request to the next.
    pub interval: Duration,
    /// How long.
    pub lasting: Duration,
}

impl Pace {
    /// Makes the requests; one that is late is made at once.
    ///
    /// # Errors
    ///
    /// The first error.
    pub fn run(self, mut request: impl FnMut(usize) -> Result<()>) -> Result<Side> {
        let count = (self.lasting.as_nanos() / self.interval.as_nanos()) as usize;
        let mut side = Side::new(count);
        let begun = Instant::now();
        let (mut current, mut current_begun) = (Interval::begin(), begun);
        for nth in 0..count {
            let due = begun + self.interval * nth as u32;
            wait_until(due);
            request(nth)?;
            let now = Instant::now();
            note(&mut current.latencies, now - due);
            if now - current_begun >= INTERVAL {
                side.intervals.push(current.end());
                (current, current_begun) = (Interval::begin(), now);
            }
        }
        if !current.latencies.is_empty() {
            side.intervals.push(current.end());
        }
        side.rounds.push(begun.elapsed());
        Ok(side)
    }
}

fn wait_until(due: Instant) {
    loop {
        let rest = due.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return;
        }
        if rest > SPIN {
            thread::sleep(rest - SPIN);
        } else {
            hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A closed loop would tell of one slow request, and that all others were quick.
    #[test]
    fn a_stall_makes_all_late_that_were_due_meanwhile() {
        let stall = Duration::from_millis(20);
        let pace = Pace { interval: Duration::from_millis(1), lasting: Duration::from_millis(30) };
        let side = pace
            .run(|nth| {
                if nth == 5 {
                    thread::sleep(stall);
                }
                Ok(())
            })
            .expect("no request fails");
        let latency = side.latency();
        assert_eq!(latency.len(), 30);
        let half = stall.as_nanos() as u64 / 2;
        // It, and those that were due in the first half of it.
        assert!(latency.len() - latency.count_between(0, half) >= 9, "{latency:?}");
    }
}
