//! One chunk size with its copies, fed with events.

use shadowvol::{ChunkSize, Geometry};

use super::PlanOptions;
use super::recorded::Recorded;
use super::row::Row;
use super::scheduled::Scheduled;
use crate::trace::{Change, Event, TraceError};

/// A chunk size, and where its copies come from.
#[derive(Debug)]
pub(super) enum Lane {
    Scheduled(Scheduled),
    Recorded(Recorded),
}

impl Lane {
    /// All lanes that are asked for, for a volume of `size` bytes.
    pub(super) fn all(options: &PlanOptions, size: u64) -> Vec<Self> {
        let of = |&chunk: &ChunkSize| {
            let geometry = Geometry::new(size, chunk);
            let Some(grid) = &options.grid else {
                return vec![Self::Recorded(Recorded::new(geometry))];
            };
            let lane = |&every| Self::Scheduled(Scheduled::new(geometry, every, &grid.keep));
            grid.every.iter().map(lane).collect()
        };
        options.chunks.iter().flat_map(of).collect()
    }

    pub(super) fn replay(&mut self, events: &[Event]) -> Result<(), TraceError> {
        match self {
            Self::Scheduled(lane) => {
                for &Event { at, change } in events {
                    lane.pass_time(at)?;
                    if let Change::Write { offset, length } | Change::Discard { offset, length } =
                        change
                    {
                        lane.change(at, offset, length);
                    }
                }
            }
            Self::Recorded(lane) => {
                for &Event { at, change } in events {
                    match change {
                        Change::Write { offset, length } | Change::Discard { offset, length } => {
                            lane.change(at, offset, length);
                        }
                        Change::Created { copy } => lane.create(at, copy),
                        Change::Deleted { copy } => lane.delete(copy),
                        Change::Flush | Change::Reverted { .. } => {}
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn rows(self, written: u64) -> Vec<Row> {
        match self {
            Self::Scheduled(lane) => lane.rows(written).collect(),
            Self::Recorded(lane) => vec![lane.row(written)],
        }
    }
}
