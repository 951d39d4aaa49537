//! What a volume has done since it was opened, and the space it has.

use core::sync::atomic::{AtomicU64, Ordering};

use shadowvol::Epoch;
use shadowvol::active::Space;

use super::Inner;

/// Reads, counted without a lock: they take none.
#[derive(Debug, Default)]
pub(super) struct Tally {
    reads: AtomicU64,
    read_bytes: AtomicU64,
}

impl Tally {
    pub(super) fn read(&self, bytes: u64) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.read_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What a volume has done since it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VolumeStats {
    /// Live shadow copies.
    pub copies: usize,
    /// Requests to read.
    pub reads: u64,
    /// Bytes of these.
    pub read_bytes: u64,
    /// Overwrites and discards.
    pub writes: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
    /// Old bytes that were preserved in slots.
    pub preserved_bytes: u64,
    /// Old bytes that were preserved without a slot, because they were zeros.
    pub zero_bytes: u64,
    /// Records in the journal.
    pub records: u64,
    /// Bytes of the records that were appended.
    pub journal_bytes: u64,
    /// Barriers on the diff area.
    pub barriers: u64,
    /// How often the journal was written anew.
    pub compactions: u64,
    /// Number of this holding of the active role.
    pub epoch: Epoch,
    /// Chunks that the table knows.
    pub table_chunks: u64,
    /// Memory of the table of preserved chunks, in bytes.
    pub table_bytes: usize,
    /// The room in the diff area.
    pub space: Space,
}

impl Inner {
    pub(super) fn stats(&self) -> VolumeStats {
        let Tally { reads, read_bytes } = &self.tally;
        let chunk = self.geometry.chunk.bytes();
        self.node.with(|active| {
            let counters = active.counters();
            VolumeStats {
                copies: active.view().copies().len(),
                reads: reads.load(Ordering::Relaxed),
                read_bytes: read_bytes.load(Ordering::Relaxed),
                writes: counters.writes,
                written_bytes: counters.written_bytes,
                preserved_bytes: (counters.preserved_chunks - counters.zero_chunks) * chunk,
                zero_bytes: counters.zero_chunks * chunk,
                records: active.records(),
                journal_bytes: counters.journal_bytes,
                barriers: counters.commits,
                compactions: counters.compactions,
                epoch: active.epoch(),
                table_chunks: active.view().chunks(),
                table_bytes: active.view().heap_bytes(),
                space: active.space(),
            }
        })
    }
}
