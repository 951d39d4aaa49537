//! The files that a volume lies in, for what no other backend can do.

use std::sync::Arc;

use crate::error::Error;
use crate::file::File;
use crate::media::Media;
use crate::stamp::Stamp;

/// Origin and diff area as files or devices.
#[derive(Clone)]
pub(super) struct Files {
    origin: Arc<File>,
    diff: Arc<File>,
}

impl Files {
    pub(super) fn new(origin: File, diff: File) -> Self {
        Self { origin: Arc::new(origin), diff: Arc::new(diff) }
    }

    pub(super) fn media(&self) -> Media {
        Media { origin: Arc::clone(&self.origin) as _, diff: Arc::clone(&self.diff) as _ }
    }

    /// The origin's fingerprint. One that cannot be taken is none: the next opening cannot compare,
    /// and says nothing.
    pub(super) fn stamp(&self) -> [u8; 32] {
        Stamp::of(&self.origin).map_or([0; 32], Stamp::to_bytes)
    }

    /// Makes all that was written durable, in coherent mode too: a volume that is said to be closed
    /// well shall be well after the power has failed.
    pub(super) fn settle(&self) -> Result<(), Error> {
        self.origin.settle()?;
        Ok(self.diff.settle()?)
    }
}
