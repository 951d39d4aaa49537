//! What the planner answers.

use core::time::Duration;

use shadowvol::ChunkSize;

use super::Keep;

/// What a trace tells of, and what each chunk size and schedule takes.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The trace itself.
    pub trace: TraceFacts,
    /// One for each chunk size and schedule.
    pub rows: Vec<Row>,
}

/// What a trace tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceFacts {
    /// Everything that counts: reads do not.
    pub events: u64,
    /// Writes of at least a byte.
    pub writes: u64,
    /// Bytes of these.
    pub written_bytes: u64,
    /// Discards of at least a byte.
    pub discards: u64,
    /// Bytes of these.
    pub discarded_bytes: u64,
    /// Flushes.
    pub flushes: u64,
    /// Shadow copies that were taken, or were there at its begin.
    pub copies: u64,
    /// Reverts. What they wrote is in no trace: a plan is too small by that.
    pub reverts: u64,
    /// How long it lasts.
    pub span: Duration,
    /// Bytes of the volume, if the trace or the caller has said.
    pub size: Option<u64>,
    /// The byte behind the last one that was written or discarded.
    pub end: u64,
    /// Events whose time was before that of the one before; they count as of that.
    pub disordered: u64,
    /// Whether it breaks off without its end mark.
    pub cut_off: bool,
}

/// What one chunk size with one schedule takes.
#[derive(Clone, Debug)]
pub struct Row {
    /// The chunk size.
    pub chunk: ChunkSize,
    /// When copies are taken and deleted.
    pub schedule: Schedule,
    /// Bytes that the diff area must be allowed to grow to: all is in it, also what the engine
    /// keeps free for the journal.
    pub diff_area: u64,
    /// The most slots that hold old bytes at once.
    pub peak_slots: u64,
    /// When that is: nanoseconds since the trace's begin.
    pub peak_at: u64,
    /// Bytes of the journal at its longest.
    pub journal: u64,
    /// Copies that were taken.
    pub copies: u64,
    /// The most copies at once.
    pub most_copies: u64,
    /// Whether a copy was deleted. If not, the trace is shorter than copies are kept, and a longer
    /// one may need more.
    pub is_warm: bool,
    /// Chunks that were preserved.
    pub preserved_chunks: u64,
    /// Bytes of these, as they were written to slots.
    pub preserved_bytes: u64,
    /// Bytes of records that were appended to the journal.
    pub record_bytes: u64,
    /// Bytes of journals that were written anew, at most.
    pub rewritten_bytes: u64,
    /// Bytes that are written to media, the volume's own among them, for each byte of a write.
    /// Discards write none; what is preserved for them counts.
    pub amplification: Option<f64>,
    /// Old bytes that are preserved between two copies.
    pub change: Change,
    /// The times between two copies; the last one ends with the trace.
    pub intervals: Vec<Interval>,
}

/// When copies are taken and deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// When the trace tells so.
    Recorded,
    /// Regularly.
    Every {
        /// How often one is taken.
        every: Duration,
        /// How long it is kept.
        keep: Keep,
    },
}

/// The time from one copy to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// When it begins: nanoseconds since the trace's begin.
    pub at: u64,
    /// Chunks that are preserved in it.
    pub preserved: u64,
    /// The most slots in use in it.
    pub slots: u64,
}

/// Bytes that are preserved in an interval: in half of them no more than `median`, and so on. The
/// last interval counts only if there is no other: it is not over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// In half of the intervals no more than that.
    pub median: u64,
    /// In 95 of a hundred.
    pub p95: u64,
    /// In 99 of a hundred.
    pub p99: u64,
    /// In all.
    pub most: u64,
}

impl Change {
    pub(super) fn of(intervals: &[Interval], chunk: u64) -> Self {
        let complete = intervals.len().saturating_sub(1).max(1).min(intervals.len());
        let mut bytes: Vec<_> =
            intervals[..complete].iter().map(|interval| interval.preserved * chunk).collect();
        bytes.sort_unstable();
        let at = |percent: usize| {
            let rank = (bytes.len() * percent).div_ceil(100).max(1);
            bytes.get(rank - 1).copied().unwrap_or(0)
        };
        Self { median: at(50), p95: at(95), p99: at(99), most: at(100) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(preserved: impl IntoIterator<Item = u64>) -> Change {
        let interval = |preserved| Interval { at: 0, preserved, slots: 0 };
        Change::of(&preserved.into_iter().map(interval).collect::<Vec<_>>(), 10)
    }

    #[test]
    fn percentiles_are_those_of_intervals_that_are_over() {
        let change = Change { median: 500, p95: 950, p99: 990, most: 1000 };
        assert_eq!(of((1..=100).rev().chain([5000])), change);
        assert_eq!(of([7]), Change { median: 70, p95: 70, p99: 70, most: 70 });
        assert_eq!(of([1, 2, 9]), Change { median: 10, p95: 20, p99: 20, most: 20 });
        assert_eq!(of([]), Change::default());
    }
}
