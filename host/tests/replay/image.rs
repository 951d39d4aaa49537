//! Both media, in memory.

use std::sync::Arc;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::{Media, SharedMemory};

/// Both media.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) origin: SharedMemory,
    pub(crate) diff: SharedMemory,
}

impl Image {
    /// Media of their own with the same content.
    pub(crate) fn duplicate(&self) -> Self {
        Self { origin: self.origin.duplicate(), diff: self.diff.duplicate() }
    }

    pub(crate) fn media(&self) -> Media {
        Media { origin: Arc::new(self.origin.clone()), diff: Arc::new(self.diff.clone()) }
    }

    /// Turns into another image under those who have it open. It does not shrink.
    pub(crate) fn become_like(&self, other: &Self) {
        for (mine, theirs) in [(&self.origin, &other.origin), (&self.diff, &other.diff)] {
            let size = |memory: &SharedMemory| memory.size().expect("memory");
            let mut bytes = vec![0; size(mine).max(size(theirs)) as usize];
            theirs.read_at(0, &mut bytes[..size(theirs) as usize]).expect("within");
            mine.grow(bytes.len() as u64).expect("as large as the other one");
            mine.write_at(0, &bytes).expect("within");
        }
    }
}
