//! Latencies as an HdrHistogram interval log, which other programs read.

use std::fs::File;
use std::path::Path;
use std::time::SystemTime;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use crate::{Interval, Result};

/// A log of intervals, in nanoseconds.
pub(crate) struct Log {
    file: File,
    began: SystemTime,
}

impl Log {
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let (mut file, began) = (File::create(path)?, SystemTime::now());
        IntervalLogWriterBuilder::new()
            .add_comment("latencies in nanoseconds; the tags are those of the rows")
            .with_start_time(began)
            .with_base_time(began)
            .begin_log_with(&mut file, &mut V2DeflateSerializer::new())?;
        Ok(Self { file, began })
    }

    /// Adds what was measured, with a tag to find it by.
    pub(crate) fn add(&mut self, tag: &str, intervals: &[Interval]) -> Result<()> {
        let tag = Tag::new(tag).ok_or("a tag has no spaces and no commas")?;
        let mut serializer = V2DeflateSerializer::new();
        // Begins no new log: without a head, what it writes goes on with this one.
        let mut writer =
            IntervalLogWriterBuilder::new().begin_log_with(&mut self.file, &mut serializer)?;
        for Interval { begun, lasted, latencies } in intervals {
            let since = begun.duration_since(self.began).unwrap_or_default();
            writer.write_histogram(latencies, since, *lasted, Some(tag))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use super::*;
    use crate::note;

    /// As notebooks do.
    #[test]
    fn another_program_finds_the_intervals_by_their_tags() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.hlog");
        let mut log = Log::create(&path).expect("a log");
        for (tag, nanos) in [("a-000", 5), ("a-000.base", 7)] {
            let mut interval = Interval::begin();
            note(&mut interval.latencies, Duration::from_nanos(nanos));
            log.add(tag, &[interval.end()]).expect("room");
        }
        let text = std::fs::read(&path).expect("a log");
        let mut found = Vec::new();
        for entry in IntervalLogIterator::new(&text) {
            if let LogEntry::Interval(interval) = entry.expect("a line that is understood") {
                let tag = interval.tag().expect("a tag");
                found.push((tag.as_str().to_owned(), interval.max()));
            }
        }
        assert_eq!(found, [("a-000".to_owned(), 5.0), ("a-000.base".to_owned(), 7.0)]);
    }
}
