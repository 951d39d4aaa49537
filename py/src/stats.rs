//! The classes `Space`, `VolumeStats` and `PassiveStats`.

use pyo3::prelude::*;
use shadowvol::active::Space as EngineSpace;
use shadowvol_host::{PassiveStats as HostPassiveStats, VolumeStats as HostVolumeStats};

/// The room in a diff area, in bytes.
#[pyclass(frozen, get_all, from_py_object, module = "shadowvol")]
#[derive(Clone)]
pub(crate) struct Space {
    /// Taken by the old bytes of shadow copies.
    used: u64,
    /// Left for more, with what it may still grow; None if there is no cap.
    free: Option<u64>,
    /// The cap, or None.
    limit: Option<u64>,
    /// Whether little is left.
    low: bool,
    /// Taken by the journal.
    journal: u64,
    /// How large the diff area's medium is now.
    allocated: u64,
}

/// What a volume has done since it was opened.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct VolumeStats {
    /// Shadow copies that exist.
    copies: usize,
    /// Requests to read, of the volume and of its copies.
    reads: u64,
    /// Bytes that they returned.
    read_bytes: u64,
    /// Requests to write or discard.
    writes: u64,
    /// Bytes that they wrote.
    written_bytes: u64,
    /// Old bytes put into slots for shadow copies.
    preserved_bytes: u64,
    /// Old bytes preserved without a slot, because they were zeros.
    zero_bytes: u64,
    /// Records in the journal.
    records: u64,
    /// Barriers on the diff area.
    barriers: u64,
    /// How often the journal was rewritten.
    compactions: u64,
    /// Number of this holding of the active role.
    epoch: u64,
    /// Memory taken by the table of preserved chunks.
    table_bytes: usize,
    /// The room in the diff area.
    space: Space,
}

/// What a passive node has done since it was opened.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct PassiveStats {
    /// Shadow copies that existed at the last catching up.
    copies: usize,
    /// Requests that were answered.
    reads: u64,
    /// Bytes that they returned.
    read_bytes: u64,
    /// Requests that the re-check sent to slots.
    redirected: u64,
    /// Requests begun again because the journal had moved to a new generation.
    restarts: u64,
    /// Requests that ended in Gone.
    gone: u64,
    /// Times the journal's tail was looked at.
    catch_ups: u64,
    /// Records learnt from the journal.
    records: u64,
    /// Number of the holding of the active role that was last seen.
    epoch: u64,
    /// Memory taken by the table of preserved chunks.
    table_bytes: usize,
}

impl From<EngineSpace> for Space {
    fn from(space: EngineSpace) -> Self {
        let capped = space.limit != u64::MAX;
        Self {
            used: space.used - space.journal,
            free: capped.then_some(space.free),
            limit: capped.then_some(space.limit),
            low: space.is_low(),
            journal: space.journal,
            allocated: space.capacity,
        }
    }
}

impl From<HostVolumeStats> for VolumeStats {
    fn from(stats: HostVolumeStats) -> Self {
        Self {
            copies: stats.copies,
            reads: stats.reads,
            read_bytes: stats.read_bytes,
            writes: stats.writes,
            written_bytes: stats.written_bytes,
            preserved_bytes: stats.preserved_bytes,
            zero_bytes: stats.zero_bytes,
            records: stats.records,
            barriers: stats.barriers,
            compactions: stats.compactions,
            epoch: stats.epoch.0,
            table_bytes: stats.table_bytes,
            space: stats.space.into(),
        }
    }
}

impl From<HostPassiveStats> for PassiveStats {
    fn from(stats: HostPassiveStats) -> Self {
        let counters = stats.counters;
        Self {
            copies: stats.copies,
            reads: counters.reads,
            read_bytes: stats.read_bytes,
            redirected: counters.redirected_reads,
            restarts: counters.restarts,
            gone: stats.gone,
            catch_ups: counters.tail_reads,
            records: counters.records,
            epoch: stats.epoch.0,
            table_bytes: stats.table_bytes,
        }
    }
}
