//! Ways of doing work items: one after the other, or by several threads at once.

use core::ops::Range;
use core::time::Duration;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;

use crate::Result;
use crate::contest::share;
use crate::interval::{histogram, note};

/// A way of doing work items that are numbered.
pub trait Way {
    /// Does these, notes the latency of each, and returns the time of all.
    ///
    /// # Errors
    ///
    /// Those of the work.
    fn time(&mut self, items: Range<usize>, latencies: &mut Histogram<u64>) -> Result<Duration>;
}

/// One item after the other.
pub fn each(work: impl FnMut(usize) -> Result<()>) -> impl Way {
    Each(work)
}

/// By so many threads; `make` makes what each of them does, with buffers of its own.
pub fn by<'a, W: FnMut(usize) -> Result<()> + 'a>(
    threads: usize,
    make: impl Fn() -> W + Sync + 'a,
) -> Box<dyn Way + 'a> {
    if threads == 1 { Box::new(Each(make())) } else { Box::new(Threads { threads, make }) }
}

impl<W: Way + ?Sized> Way for Box<W> {
    fn time(&mut self, items: Range<usize>, latencies: &mut Histogram<u64>) -> Result<Duration> {
        (**self).time(items, latencies)
    }
}

struct Each<W>(W);

impl<W: FnMut(usize) -> Result<()>> Way for Each<W> {
    /// Looks at the clock between two items; all sides pay for that alike.
    fn time(&mut self, items: Range<usize>, latencies: &mut Histogram<u64>) -> Result<Duration> {
        let begun = Instant::now();
        let mut last = begun;
        for item in items {
            (self.0)(item)?;
            let now = Instant::now();
            note(latencies, now - last);
            last = now;
        }
        Ok(last - begun)
    }
}

struct Threads<M> {
    threads: usize,
    make: M,
}

impl<W: FnMut(usize) -> Result<()>, M: Fn() -> W + Sync> Way for Threads<M> {
    /// From the first thread's beginning to the last one's end.
    fn time(&mut self, items: Range<usize>, latencies: &mut Histogram<u64>) -> Result<Duration> {
        let make = &self.make;
        let run = move |part: Range<usize>| -> Result<_> {
            let (mut own, mut work) = (histogram(), make());
            let begun = Instant::now();
            let took = Each(&mut work).time(part, &mut own)?;
            Ok((begun, begun + took, own))
        };
        thread::scope(|scope| {
            let started: Vec<_> = (0..self.threads)
                .map(|nth| {
                    let part = share(items.len(), nth, self.threads);
                    scope.spawn(move || run(items.start + part.start..items.start + part.end))
                })
                .collect();
            let (mut first, mut last) = (None, None);
            for thread in started {
                let (begun, ended, own) = thread.join().map_err(|_| "a thread panicked")??;
                latencies.add(own)?;
                first = Some(first.map_or(begun, |first: Instant| first.min(begun)));
                last = last.max(Some(ended));
            }
            Ok(first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first))
        })
    }
}
