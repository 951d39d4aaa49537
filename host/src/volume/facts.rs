//! What a volume says about itself, without touching a medium.

use shadowvol::format::superblock::OnFull;

use super::Volume;
use super::open::durability;
use crate::file::Durability;

impl Volume {
    /// What flushed writes and shadow copies survive.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.inner.node.with(|active| durability(active.superblock()))
    }

    /// What a write does when the diff area is full.
    #[must_use]
    pub fn on_full(&self) -> OnFull {
        self.inner.node.with(|active| active.superblock().on_full)
    }
}
