//! Reverting the volume to a shadow copy, in place and while it is in use.
//!
//! From the moment the revert has begun the volume *is* the copy; its bytes are brought to the origin
//! afterwards, by whoever asks for the revert and by writers that meet bytes which are not there yet.
//! Reads find them meanwhile; while no revert is under way they cost one look at a flag more.

use core::sync::atomic::{AtomicU64, Ordering};

use shadowvol::CopyId;
use shadowvol::active::{Active, Read, Revert, Settle, Settled};
use shadowvol::machine::Medium;

use super::{Bench, Inner, Volume};
use crate::error::Error;
use crate::extent::byte_extents;
use crate::node::Request;
use crate::sync::{AtomicBool, Mutex};
use crate::trace::Change;

/// How a volume is reverted.
#[derive(Clone, Copy, Debug, Default)]
pub struct RevertOptions {
    /// Delete the shadow copies that are newer than the one reverted to: nothing has to be preserved
    /// for them then. One that is retained keeps the revert from beginning.
    pub drop_newer: bool,
}

/// Where the volume's bytes are.
#[derive(Debug)]
pub(super) struct Whereabouts {
    /// Some may not be in the origin. Set before a revert begins, and cleared behind its end.
    split: AtomicBool,
    /// Held while that may change.
    change: Mutex<()>,
    /// Chunks that were settled since the volume was opened.
    settled: AtomicU64,
}

impl Whereabouts {
    pub(super) fn of(active: &Active) -> Self {
        Self {
            split: AtomicBool::new(active.reverting().is_some()),
            change: Mutex::new(()),
            settled: AtomicU64::new(0),
        }
    }

    fn is_split(&self) -> bool {
        self.split.load(Ordering::Acquire)
    }
}

impl Volume {
    /// Reverts the volume to a shadow copy, or goes on with that. It is right from the first moment:
    /// reads and writes go on meanwhile, and older copies and, unless they are dropped, newer ones
    /// stay as they are.
    ///
    /// `progress` hears the bytes that were brought to the origin since the call, and how many had to
    /// be. By returning false it pauses the revert, which then ends in [`Error::Cancelled`]; so does
    /// a crash, or closing. To revert to the same copy again goes on where that was. Until it has
    /// ended, no copy can be taken, this one cannot be deleted, and the origin alone is not the
    /// volume.
    ///
    /// # Errors
    ///
    /// As [`Volume::write`]; when the copy was deleted, never taken, or is unfinished; and when the
    /// volume is being reverted to another one.
    pub fn revert(
        &self,
        copy: CopyId,
        options: RevertOptions,
        mut progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<(), Error> {
        self.check_open()?;
        self.begin_revert(copy, options)?;
        let inner = &*self.inner;
        let (total, before) = inner.node.with(|active| {
            let unsettled = byte_extents(active.geometry(), &active.view().all_unsettled());
            let total: u64 = unsettled.iter().map(|extent| extent.length).sum();
            (total, inner.whereabouts.settled.load(Ordering::Relaxed))
        });
        while self.tell(inner.settle(&mut Settle::new()))?.more {
            let chunks = inner.whereabouts.settled.load(Ordering::Relaxed) - before;
            if !progress((chunks * self.chunk_size()).min(total), total) {
                return Err(Error::Cancelled);
            }
            self.check_open()?;
        }
        let _changing = inner.whereabouts.change.lock();
        inner.note_whereabouts();
        Ok(())
    }

    /// The shadow copy that the volume is being reverted to, if a revert has begun and not ended.
    ///
    /// # Errors
    ///
    /// When the volume is closed.
    pub fn reverting(&self) -> Result<Option<CopyId>, Error> {
        self.check_open()?;
        Ok(self.inner.node.with(|active| active.reverting()))
    }

    fn begin_revert(&self, copy: CopyId, options: RevertOptions) -> Result<(), Error> {
        let inner = &*self.inner;
        if options.drop_newer {
            let newer: Vec<_> = inner.node.with(|active| {
                if active.view().copy(copy)?.about.is_unfinished() {
                    return Err(shadowvol::Error::Unfinished { copy });
                }
                if let Some(other) = active.reverting()
                    && other != copy
                {
                    return Err(shadowvol::Error::Reverting { copy: other });
                }
                let copies = active.view().copies().map(|info| info.id);
                Ok(copies.filter(|&other| other > copy).collect())
            })?;
            if !newer.is_empty() {
                self.delete_shadow_copies(&newer)?;
            }
        }
        let _changing = inner.whereabouts.change.lock();
        inner.whereabouts.split.store(true, Ordering::Release);
        let begun = self.tell(inner.run_one(&mut Revert::new(copy)));
        if begun.is_err() {
            inner.note_whereabouts();
        }
        inner.noted(begun, Change::Reverted { copy: copy.number() })
    }
}

impl Inner {
    /// Fills the buffer with bytes of the volume, wherever they are.
    pub(super) fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        if !self.whereabouts.is_split() {
            let done = self.media.origin.fill(offset, buffer);
            // Unless a revert has begun meanwhile, these are the volume's.
            if done.is_err() || !self.whereabouts.is_split() {
                return done.map_err(Error::reading(Medium::Origin));
            }
        }
        let mut read = Read::new(offset, buffer.len() as u64);
        Bench::with(|Bench { scratch, commit, commit_scratch, .. }| {
            let request = Request { data: &[], user: buffer, scratch };
            self.run(&mut read, request, commit, commit_scratch)
        })
    }

    /// Brings some bytes to the origin.
    pub(super) fn settle(&self, settle: &mut Settle) -> Result<Settled, Error> {
        let settled = self.run_one(settle)?;
        self.whereabouts.settled.fetch_add(settled.chunks, Ordering::Relaxed);
        Ok(settled)
    }

    /// No revert may be about to begin.
    fn note_whereabouts(&self) {
        self.node.with(|active| {
            // After a failure nobody knows whether the revert has begun.
            let split = active.reverting().is_some();
            self.whereabouts.split.store(split, Ordering::Release);
        });
    }
}
