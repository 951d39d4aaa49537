//! What a volume says about itself and its shadow copies, without touching a medium.

use shadowvol::CopyId;
use shadowvol::format::superblock::OnFull;
use shadowvol::journal::CopyInfo;

use super::Volume;
use super::open::durability;
use crate::error::Error;
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

    /// The shadow copy with this number.
    ///
    /// # Errors
    ///
    /// When it was deleted or never taken, or the volume is closed.
    pub fn shadow_copy(&self, copy: CopyId) -> Result<CopyInfo, Error> {
        self.check_open()?;
        Ok(self.inner.node.with(|active| active.view().copy(copy).cloned())?)
    }

    /// The newest shadow copy; none if there is none.
    ///
    /// # Errors
    ///
    /// When the volume is closed.
    pub fn find_newest(&self) -> Result<Option<CopyInfo>, Error> {
        self.check_open()?;
        Ok(self.inner.node.with(|active| active.view().copies().next_back().cloned()))
    }
}
