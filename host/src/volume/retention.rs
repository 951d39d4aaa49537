//! Which shadow copies go, and when: with their owner, at their expiry, or when there are enough.

use shadowvol::journal::CopyInfo;
use shadowvol::{Attributes, CopyId, Description, Error as EngineError};

use super::Volume;
use crate::clock::now;
use crate::error::Error;
use crate::owner::{Fate, fate, this_process};

impl Volume {
    /// Deletes the copies that nobody is left to delete, and returns them: those that go with an
    /// owner, or are unfinished, whose owner has ended; and those that have expired. One that is
    /// retained stays.
    ///
    /// # Errors
    ///
    /// As [`Volume::delete_shadow_copies`].
    pub fn collect_orphans(&self) -> Result<Vec<CopyInfo>, Error> {
        let now = now();
        self.delete_where(|info| is_orphan(&info.about, now))
    }

    /// Deletes the oldest persistent copies with this label until no more than `keep` are left;
    /// returns them. Copies that are retained, or belong to an owner, are neither counted nor
    /// deleted.
    ///
    /// # Errors
    ///
    /// As [`Volume::delete_shadow_copies`].
    pub fn rotate(&self, label: &str, keep: usize) -> Result<Vec<CopyInfo>, Error> {
        let now = now();
        let owned = Attributes::AUTO_RELEASE | Attributes::UNFINISHED;
        let is_one = |about: &Description| {
            about.label == label && !about.attributes.intersects(owned) && !about.is_retained(now)
        };
        let copies = self.shadow_copies()?;
        let count = copies.iter().filter(|info| is_one(&info.about)).count();
        let mut excess = count.saturating_sub(keep);
        self.delete_where(|info| {
            let goes = excess > 0 && is_one(&info.about);
            excess -= usize::from(goes);
            goes
        })
    }

    /// Deletes what goes with this process; nothing is said of what could not be deleted, because
    /// the next one to look finds it.
    pub(super) fn release_own(&self) {
        if self.inner.node.with(|active| active.ended().is_some()) {
            return;
        }
        let (own, now) = (this_process(), now());
        let _ = self.delete_where(|info| {
            let owned = Attributes::AUTO_RELEASE | Attributes::UNFINISHED;
            let is_own = info.about.owner == own && info.about.attributes.intersects(owned);
            is_own && !info.about.is_retained(now)
        });
    }

    fn delete_where(
        &self,
        mut goes: impl FnMut(&CopyInfo) -> bool,
    ) -> Result<Vec<CopyInfo>, Error> {
        let mut copies = self.shadow_copies()?;
        copies.retain(|info| goes(info));
        while !copies.is_empty() {
            let ids: Vec<CopyId> = copies.iter().map(|info| info.id).collect();
            match self.delete_shadow_copies(&ids) {
                // It went for want of space meanwhile, or somebody else was quicker.
                Err(error) if let Some(&EngineError::Gone { copy }) = error.engine() => {
                    copies.retain(|info| info.id != copy);
                }
                done => return done.map(|()| copies),
            }
        }
        Ok(copies)
    }
}

fn is_orphan(about: &Description, now: i64) -> bool {
    let owned = Attributes::AUTO_RELEASE | Attributes::UNFINISHED;
    let has_expired = about.expires != 0 && about.expires <= now;
    let is_lost = about.attributes.intersects(owned) && fate(about.owner) == Fate::Dead;
    (has_expired || is_lost) && !about.is_retained(now)
}
