//! A volume as a set sees it: it takes its copy in stretches, and can be called off from outside.

use std::sync::Arc;
use std::time::Instant;

use shadowvol::active::{Create, Delete, Describe, Gate};
use shadowvol::{CopyId, Description};

use super::turn::Turn;
use super::{Inner, Volume};
use crate::clock::now;
use crate::error::Error;

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
        self.0.run_gated(&mut Create::gated(about, gate), pass)
    }

    pub(crate) fn describe(&self, copy: CopyId, about: Description) -> Result<(), Error> {
        self.0.run_one(&mut Describe::new(copy, about))
    }

    pub(crate) fn delete(&self, copy: CopyId) -> Result<(), Error> {
        self.0.run_one(&mut Delete::new(vec![copy], now()))
    }
}
