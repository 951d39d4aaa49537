//! What is asked of the planner.

use core::time::Duration;

use shadowvol::ChunkSize;

/// What to try out.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Chunk sizes.
    pub chunks: Vec<ChunkSize>,
    /// When copies are taken and deleted: as the trace tells if not given.
    pub grid: Option<Grid>,
}

/// Schedules: each interval with each retention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// How often a copy is taken; the first one is taken at the trace's begin.
    pub every: Vec<Duration>,
    /// How long copies are kept.
    pub keep: Vec<Keep>,
}

/// How long a copy is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Keep {
    /// So long; then it is deleted, also between two others.
    For(Duration),
    /// Until so many newer ones have been taken, or rather just before that.
    Copies(u32),
}

impl Default for PlanOptions {
    /// Every fourth chunk size, and the copies of the trace.
    fn default() -> Self {
        let sizes = (ChunkSize::MIN.shift()..=ChunkSize::MAX.shift()).step_by(2);
        Self { chunks: sizes.flat_map(ChunkSize::from_shift).collect(), grid: None }
    }
}
