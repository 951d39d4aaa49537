//! The runs of a table again, for a new journal.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Cursor, Run, Table};
use crate::format::record::{MAX_RUN, MAX_ZEROS};
use crate::units::{Content, CopyId, Extent};

impl Table {
    /// Calls `each` with the runs of about `limit` entries from `cursor` on and their checksums,
    /// moves the cursor behind them, and says whether they were the last.
    ///
    /// A new table that all the runs are inserted into answers as this one. The table may be
    /// changed between two calls: what is there throughout is seen at least once. Neighbours that
    /// are found in the same call are one run, as far as one record can hold it.
    pub fn runs_from(
        &self,
        cursor: &mut Cursor,
        limit: usize,
        mut each: impl FnMut(Run, &[u32]),
    ) -> bool {
        // The last run of each copy, which the copy's next entry may go on with; sorted.
        let mut open: Vec<(CopyId, Box<Open>)> = Vec::new();
        let done = self.visit(cursor, limit, |key, entry| {
            let (copy, content, chunks) = (entry.copy, entry.content(), key.chunks());
            let fresh = Run { chunks: Extent { count: 0, ..chunks }, copy, content };
            let nth = open.binary_search_by_key(&copy, |&(of, _)| of).unwrap_or_else(|nth| {
                open.insert(nth, (copy, Box::new(Open { run: fresh, sums: Vec::new() })));
                nth
            });
            let last = &mut open[nth].1;
            if !last.can_take(chunks, content) {
                last.emit(&mut each);
                last.run = fresh;
            }
            last.run.chunks.count += chunks.count;
            last.sums.extend_from_slice(self.sums_of(key, &entry));
        });
        open.iter_mut().for_each(|(_, last)| last.emit(&mut each));
        done
    }
}

/// A run that may still grow.
struct Open {
    run: Run,
    sums: Vec<u32>,
}

impl Open {
    /// Whether these chunks and their content follow the run's.
    fn can_take(&self, chunks: Extent, content: Content) -> bool {
        let follows = match (self.run.content, content) {
            (Content::Zeros, Content::Zeros) => true,
            (Content::Slot(first), Content::Slot(next)) => {
                u64::from(first.0) + self.run.chunks.count == u64::from(next.0)
            }
            _ => false,
        };
        follows && self.run.chunks.end() == chunks.first.0
    }

    /// Hands the run over, in parts that a record can hold.
    fn emit(&mut self, each: &mut impl FnMut(Run, &[u32])) {
        let longest = match self.run.content {
            Content::Zeros => MAX_ZEROS,
            Content::Slot(_) => MAX_RUN,
        };
        let mut at = 0;
        while at < self.run.chunks.count {
            let count = longest.min(self.run.chunks.count - at);
            let (part, sums) = self.run.part(&self.sums, at, count);
            each(part, sums);
            at += count;
        }
        self.sums.clear();
    }
}
