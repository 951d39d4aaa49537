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

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::thread;

    use crate::{CreateOptions, Durability, Volume};

    /// It waited for ever, for a volume that nobody would open again.
    #[test]
    fn a_write_that_comes_while_closing_fails_is_answered() {
        let folder = tempfile::tempdir().expect("a folder");
        let durability = Durability::Coherent;
        let options = CreateOptions { size: Some(1 << 20), durability, ..CreateOptions::default() };
        let volume = Volume::create(folder.path().join("disk.img"), &options).expect("a volume");
        volume.inner.node.with(|active| active.close_to_writes());
        thread::scope(|scope| {
            let late = scope.spawn(|| volume.write(0, b"late"));
            thread::sleep(Duration::from_millis(50));
            volume.files.as_ref().expect("files").origin.lose_barrier();
            volume.close().expect_err("the flush fails");
            late.join().expect("an answer").expect_err("the role has ended");
        });
    }
}
