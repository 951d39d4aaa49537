//! What the tests share: media in memory, and truths.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::{Error, Media, ReadMedia, SharedMemory};

pub(crate) use super::random::{Random, is_long};
pub(crate) use super::same::assert_same;
pub(crate) use super::whole::{digest, whole};

/// The bytes of every shadow copy that is alive, as they were at its instant.
pub(crate) type Truths = Arc<Mutex<BTreeMap<CopyId, Arc<Vec<u8>>>>>;

/// Origin and diff area in memory.
#[derive(Clone)]
pub(crate) struct InMemory {
    pub(crate) origin: SharedMemory,
    pub(crate) diff: SharedMemory,
}

impl InMemory {
    pub(crate) fn new(size: u64) -> Self {
        Self { origin: SharedMemory::new(size), diff: SharedMemory::new(0) }
    }

    pub(crate) fn with_limit(size: u64, limit: u64) -> Self {
        Self { origin: SharedMemory::new(size), diff: SharedMemory::with_limit(0, limit) }
    }

    /// A copy of both media as they are now.
    pub(crate) fn duplicate(&self) -> Self {
        Self { origin: self.origin.duplicate(), diff: self.diff.duplicate() }
    }

    pub(crate) fn media(&self) -> Media {
        Media { origin: Arc::new(self.origin.clone()), diff: Arc::new(self.diff.clone()) }
    }

    pub(crate) fn read_media(&self) -> ReadMedia {
        self.media().read_only()
    }
}

/// Whether the error is `Gone`.
pub(crate) fn is_gone(error: &Error) -> bool {
    matches!(error.engine(), Some(EngineError::Gone { .. }))
}
