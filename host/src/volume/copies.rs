//! The shadow copies of a volume: taking, describing, listing, comparing and deleting them.

use shadowvol::active::{Create, Delete, Describe};
use shadowvol::journal::CopyInfo;
use shadowvol::{CopyId, Description};

use super::Volume;
use crate::clock::now;
use crate::error::Error;
use crate::extent::{ByteExtent, byte_extents};
use crate::trace::Change;

impl Volume {
    /// Takes a shadow copy: the volume as it is now. Writes in flight are wholly in or wholly out.
    ///
    /// # Errors
    ///
    /// When the label is too long, the diff area is full, the role has ended or a medium fails.
    pub fn create_shadow_copy(&self, label: &str) -> Result<CopyInfo, Error> {
        self.create_described(Description::new(label, 0))
    }

    /// Takes a shadow copy of which this is known, except its time: that is now.
    ///
    /// # Errors
    ///
    /// As [`Volume::create_shadow_copy`].
    pub fn create_described(&self, about: Description) -> Result<CopyInfo, Error> {
        self.check_open()?;
        let about = Description { time: now(), ..about };
        let id = self.tell(self.inner.run_one(&mut Create::new(about.clone())))?;
        self.inner.note(Change::Created { copy: id.number() });
        Ok(CopyInfo { id, about })
    }

    /// Says this of a shadow copy from now on, except when it was taken: that stays.
    ///
    /// # Errors
    ///
    /// When it was deleted or never taken, when its retention would become shorter, when it is finished
    /// and would become unfinished, and as [`Volume::create_shadow_copy`].
    pub fn describe_shadow_copy(&self, copy: CopyId, about: Description) -> Result<(), Error> {
        self.check_open()?;
        self.tell(self.inner.run_one(&mut Describe::new(copy, about)))
    }

    /// The live shadow copies, oldest first.
    ///
    /// # Errors
    ///
    /// When the volume is closed.
    pub fn shadow_copies(&self) -> Result<Vec<CopyInfo>, Error> {
        self.check_open()?;
        Ok(self.inner.node.with(|active| active.view().copies().cloned().collect()))
    }

    /// Deletes shadow copies: one record, and no data is moved.
    ///
    /// # Errors
    ///
    /// When one of them was deleted before, never taken, or is retained, nothing is deleted; also
    /// when the role has ended or a medium fails.
    pub fn delete_shadow_copies(&self, copies: &[CopyId]) -> Result<(), Error> {
        self.check_open()?;
        self.tell(self.inner.run_one(&mut Delete::new(copies.to_vec(), now())))?;
        self.inner.note_deleted(copies);
        Ok(())
    }

    /// What may differ between copy `since` and copy `until`, or the volume now: whole chunks, in
    /// order, ending at the volume's end. The order of the two does not matter.
    ///
    /// # Errors
    ///
    /// When one of them was deleted or never taken, or the volume is closed.
    pub fn changes(&self, since: CopyId, until: Option<CopyId>) -> Result<Vec<ByteExtent>, Error> {
        self.check_open()?;
        self.inner.node.with(|active| {
            let changed = active.view().changes(since, until)?;
            Ok(byte_extents(active.geometry(), &changed))
        })
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

    /// The newest shadow copy that is finished; none if there is none.
    ///
    /// # Errors
    ///
    /// When the volume is closed.
    pub fn find_newest(&self) -> Result<Option<CopyInfo>, Error> {
        self.check_open()?;
        Ok(self.inner.node.with(|active| active.view().newest_finished().cloned()))
    }
}
