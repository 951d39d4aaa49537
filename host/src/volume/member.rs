//! A volume as a set sees it: it takes its copy in stretches, and can be called off from outside.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use shadowvol::active::{Amend, Create, Delete, Describe, Gate};
use shadowvol::{CopyId, Description, Extent};

use super::turn::Turn;
use super::{Bench, Inner, Volume};
use crate::checksum::CRC32C;
use crate::clock::now;
use crate::error::Error;
use crate::fork::{Fork, ForkOptions, Piece};
use crate::node::Request;
use crate::passive::Passive;
use crate::trace::Change;

/// Bytes that are amended at once, and take a barrier; unless a chunk is larger.
const WINDOW_BYTES: u64 = 4 << 20;
/// The same for zeros, which are not written.
const ZEROS_BYTES: u64 = 1 << 30;

/// A volume in a set. It does not keep the volume open: what is asked of it after the closing fails.
#[derive(Clone)]
pub(crate) struct Member(Arc<Inner>);

impl Volume {
    /// This volume, for a set.
    pub(crate) fn member(&self) -> Result<Member, Error> {
        self.check_open()?;
        Ok(Member(Arc::clone(&self.inner)))
    }
}

impl Member {
    /// Tells volumes apart, and puts them in an order that all sets agree on.
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Waits until then for the volume's turn, as long as it is wanted; none if it does not come.
    pub(crate) fn turn(&self, until: Instant, is_wanted: impl Fn() -> bool) -> Option<Turn> {
        Turn::take(&self.0, until, is_wanted)
    }

    pub(crate) fn gate(&self) -> Gate {
        self.0.node.with(|active| active.gate())
    }

    /// Lets the writers go on at once, unless the copy is being committed.
    pub(crate) fn cancel(&self, gate: Gate) -> bool {
        self.0.node.with(|active| active.cancel(gate))
    }

    /// Takes a copy; `pass` waits at each gate, and ends it by an error.
    pub(crate) fn create(
        &self,
        about: Description,
        gate: Gate,
        pass: impl FnMut() -> Result<(), Error>,
    ) -> Result<CopyId, Error> {
        let copy = self.0.run_gated(&mut Create::gated(about, gate), pass)?;
        self.0.note(Change::Created { copy: copy.number() });
        Ok(copy)
    }

    pub(crate) fn describe(&self, copy: CopyId, about: Description) -> Result<(), Error> {
        self.0.run_one(&mut Describe::new(copy, about))
    }

    /// A writable fork of an unfinished copy.
    pub(crate) fn fork(&self, copy: CopyId, options: &ForkOptions) -> Result<Fork, Error> {
        Passive::open_on(self.0.media.read_only())?.shadow_copy(copy)?.fork(options)
    }

    /// Amends an unfinished copy by what was written to a fork of it; whether anything was.
    pub(crate) fn absorb(&self, copy: CopyId, fork: &Fork) -> Result<bool, Error> {
        let changed = fork.changed();
        for &(chunks, piece) in &changed {
            let most = if piece == Piece::Zeros { ZEROS_BYTES } else { WINDOW_BYTES };
            let most = (most >> fork.geometry().chunk.shift()).max(1);
            let mut first = chunks.first.0;
            while first < chunks.end() {
                let part = Extent::new(first, most.min(chunks.end() - first));
                self.amend(copy, fork, part, piece)?;
                first = part.end();
            }
        }
        Ok(!changed.is_empty())
    }

    fn amend(&self, copy: CopyId, fork: &Fork, part: Extent, piece: Piece) -> Result<(), Error> {
        let geometry = fork.geometry();
        let (at, length) = (geometry.offset_of(part.first), geometry.length_of(part));
        if piece == Piece::Zeros {
            return self.0.run_one(&mut Amend::zeros(copy, at, length, geometry.chunk));
        }
        let mut data = vec![0; length as usize];
        fork.read(at, &mut data)?;
        let mut amend = Amend::new(copy, at, &data, geometry.chunk, CRC32C);
        Bench::with(|Bench { scratch, commit, commit_scratch, .. }| {
            let request = Request { data: &data, user: &mut [], scratch };
            self.0.run(&mut amend, request, commit, commit_scratch)
        })
    }

    pub(crate) fn delete(&self, copy: CopyId) -> Result<(), Error> {
        let done = self.0.run_one(&mut Delete::new(vec![copy], now()));
        self.0.noted(done, Change::Deleted { copy: copy.number() })
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("geometry", &self.0.geometry).finish_non_exhaustive()
    }
}
