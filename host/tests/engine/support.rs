//! What the tests share: media in memory, truths, random numbers with a seed.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::{Error, Media, Passive, ReadMedia, SharedMemory};

/// The bytes of every shadow copy that is alive, as they were at its instant.
pub(crate) type Truths = Arc<Mutex<BTreeMap<CopyId, Arc<Vec<u8>>>>>;

/// Whether the long forms are wanted.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SHADOWVOL_LONG").is_some_and(|value| value != "0")
}

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

/// Numbers that look random and are the same for the same seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A range in a volume: sometimes a sector, sometimes most of it.
    pub(crate) fn range(&mut self, size: u64, most: u64) -> (u64, usize) {
        let offset = self.below(size);
        let length = self.below(most.min(size - offset) + 1);
        (offset, length as usize)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes()[..part.len()]);
        }
        bytes
    }
}

/// A number that stands for these bytes.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let fold = |all: u64, &byte: &u8| (all ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// Whether the error is `Gone`.
pub(crate) fn is_gone(error: &Error) -> bool {
    matches!(error.engine(), Some(EngineError::Gone { .. }))
}

/// Reads a whole shadow copy.
pub(crate) fn whole(node: &Passive, copy: CopyId) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; node.size() as usize];
    node.shadow_copy(copy)?.read(0, &mut bytes)?;
    Ok(bytes)
}

/// Asserts that two arrays are equal without printing them.
#[track_caller]
pub(crate) fn assert_same(found: &[u8], truth: &[u8], what: &str) {
    assert_eq!(found.len(), truth.len(), "{what}");
    if let Some(at) = found.iter().zip(truth).position(|(found, truth)| found != truth) {
        panic!("{what}: byte {at} is {:#x} and was {:#x}", found[at], truth[at]);
    }
}
