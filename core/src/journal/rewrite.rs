//! Writes a journal anew from what the old one said.
//!
//! The copies come first and at once, then the table and what was amended, in slices. What is appended to the old
//! journal meanwhile is repeated in the new one ([`Rewriter::repeat`]), so the two say the same
//! when the superblock changes over; saying something twice does no harm.

use crate::error::Error;
use crate::format::checksum::Checksum;
use crate::format::record::{self, Context, Emitter, MAX_SETTLED, RunKind};
use crate::geometry::Geometry;
use crate::journal::{Appender, RunList, View};
use crate::slots::Slots;
use crate::table::Cursor;
use crate::units::Segment;

/// Entries of the table that are looked at before the next slice.
const SLICE_ENTRIES: usize = 4096;

/// A journal in the making.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rewriter {
    appender: Appender,
    preserved: Cursor,
    amended: Cursor,
    runs: RunList,
}

/// How far a new journal has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Progress {
    /// There is more to write.
    More,
    /// It says all that the old one says.
    Complete,
}

impl Rewriter {
    /// A new journal that begins in `segment`.
    #[must_use]
    pub fn new(geometry: Geometry, context: Context, segment: Segment) -> Self {
        Self {
            appender: Appender::new(geometry, context, segment),
            preserved: Cursor::default(),
            amended: Cursor::default(),
            runs: RunList::default(),
        }
    }

    /// The journal's writing end.
    #[must_use]
    pub fn appender(&self) -> &Appender {
        &self.appender
    }

    /// The journal's writing end.
    pub fn appender_mut(&mut self) -> &mut Appender {
        &mut self.appender
    }

    /// The finished journal.
    #[must_use]
    pub fn finish(self) -> Appender {
        self.appender
    }

    /// Appends the live copies, and how far a revert under way has come.
    ///
    /// # Errors
    ///
    /// [`Error::DiffAreaFull`] when a segment is needed and none is free; the journal in the
    /// making is of no use then.
    pub fn begin(
        &mut self,
        view: &View,
        slots: &mut Slots,
        checksum: Checksum,
    ) -> Result<(), Error> {
        let appender = &mut self.appender;
        for info in view.copies() {
            let about = info.about.borrow();
            appender.append(slots, checksum, |out| Emitter::created(out, info.id, about).end())?;
        }
        if let Some(copy) = view.reverting() {
            appender.append(slots, checksum, |out| Emitter::reverting(out, copy).end())?;
        }
        for extents in view.settled().chunks(MAX_SETTLED) {
            appender.append(slots, checksum, |out| Emitter::settled(out, extents).end())?;
        }
        Ok(())
    }

    /// Appends the next slice of the table, or of what was amended.
    ///
    /// # Errors
    ///
    /// As [`Rewriter::begin`].
    pub fn fill(
        &mut self,
        view: &View,
        slots: &mut Slots,
        checksum: Checksum,
    ) -> Result<Progress, Error> {
        let Self { appender, preserved, amended, runs } = self;
        runs.clear();
        let mut complete =
            view.table().runs_from(preserved, SLICE_ENTRIES, |run, sums| runs.push(run, sums));
        appender.append_runs(slots, checksum, RunKind::Preserved, runs).1?;
        if complete {
            runs.clear();
            complete =
                view.amended().runs_from(amended, SLICE_ENTRIES, |run, sums| runs.push(run, sums));
            appender.append_runs(slots, checksum, RunKind::Amended, runs).1?;
        }
        Ok(if complete { Progress::Complete } else { Progress::More })
    }

    /// Repeats records of the old journal, given as their bytes.
    ///
    /// # Errors
    ///
    /// As [`Rewriter::begin`].
    pub fn repeat(
        &mut self,
        mut records: &[u8],
        slots: &mut Slots,
        checksum: Checksum,
    ) -> Result<(), Error> {
        while let Some((bytes, rest)) = record::split(records) {
            records = rest;
            if !record::is_link(bytes) {
                self.appender.append(slots, checksum, |out| {
                    out.extend_from_slice(bytes);
                    bytes.len()
                })?;
            }
        }
        Ok(())
    }
}
