//! Which writes are under way, on which chunks, and whether new ones wait.

use alloc::vec::Vec;

use crate::units::Extent;

/// Writes under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Flights {
    /// How many parties keep new writes waiting.
    holds: u32,
    /// Writes that have begun and not ended.
    count: u32,
    /// Chunks that are being preserved, one extent a write.
    claims: Vec<Extent>,
}

impl Flights {
    /// Whether new writes wait.
    pub(super) fn is_held(&self) -> bool {
        self.holds > 0
    }

    /// Keeps new writes waiting until [`Flights::release`].
    pub(super) fn hold(&mut self) {
        self.holds += 1;
    }

    /// Undoes one [`Flights::hold`].
    pub(super) fn release(&mut self) {
        debug_assert!(self.holds > 0, "a release without a hold");
        self.holds -= 1;
    }

    /// Whether no write is under way.
    pub(super) fn is_drained(&self) -> bool {
        self.count == 0
    }

    /// A write begins.
    pub(super) fn enter(&mut self) {
        self.count += 1;
    }

    /// A write ends.
    pub(super) fn leave(&mut self) {
        debug_assert!(self.count > 0, "a write that never began");
        self.count -= 1;
    }

    /// Whether another write is preserving one of these chunks.
    pub(super) fn is_claimed(&self, extent: Extent) -> bool {
        self.claims.iter().any(|claim| claim.overlaps(extent))
    }

    /// The chunks are being preserved by one write, which alone may do so.
    pub(super) fn claim(&mut self, extent: Extent) {
        debug_assert!(!self.is_claimed(extent));
        self.claims.push(extent);
    }

    /// The chunks of [`Flights::claim`] are preserved, or will not be.
    pub(super) fn unclaim(&mut self, extent: Extent) {
        if let Some(at) = self.claims.iter().position(|&claim| claim == extent) {
            self.claims.swap_remove(at);
        }
    }
}
