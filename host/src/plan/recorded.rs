//! A chunk size with the copies that the trace tells of, which go in any order.

use shadowvol::{Extent, Geometry};

use super::ledger::Ledger;
use super::need::Need;
use super::records::Cost;
use super::row::{Row, Schedule};
use super::stamps::Stamps;

/// The lane.
#[derive(Debug)]
pub(super) struct Recorded {
    geometry: Geometry,
    stamps: Stamps,
    ledger: Ledger,
    need: Need,
    new: Vec<Extent>,
    cost: Cost,
}

impl Recorded {
    pub(super) fn new(geometry: Geometry) -> Self {
        Self {
            geometry,
            stamps: Stamps::new(),
            ledger: Ledger::default(),
            need: Need::new(geometry, Schedule::Recorded),
            new: Vec::new(),
            cost: Cost::default(),
        }
    }

    pub(super) fn create(&mut self, at: u64, copy: u32) {
        self.ledger.create(copy);
        self.need.create(at);
    }

    pub(super) fn delete(&mut self, copy: u32) {
        let before = self.ledger.chunks();
        if self.ledger.delete(copy) {
            self.need.delete(before - self.ledger.chunks());
        }
    }

    /// Some bytes are overwritten or discarded.
    pub(super) fn change(&mut self, at: u64, offset: u64, length: u64) {
        let Some(newest) = self.ledger.newest() else { return };
        self.new.clear();
        let extent = self.geometry.cover(offset, length);
        let Self { stamps, ledger, new, .. } = self;
        stamps.raise(extent, newest, new, |since| ledger.preserve(since));
        if !new.is_empty() {
            self.cost.measure(&self.geometry, &self.new);
            self.need.preserve(at, &self.cost);
        }
    }

    pub(super) fn row(self, written: u64) -> Row {
        self.need.row(written)
    }
}
