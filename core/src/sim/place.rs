//! Where a piece of an operation lands and what it brings, as data, so that a story can be drawn
//! without the machines.

use alloc::vec;
use alloc::vec::Vec;

use serde::Serialize;

use super::content::{UNIT, Value, parse, unit_of};
use super::thread::{Piece, State};
use super::world::{Action, World};
use crate::machine::{Medium, Op};

/// Bytes of a medium that are read or written at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Of the origin; else of the diff area.
    pub origin: bool,
    /// Whether they are written.
    pub writes: bool,
    /// The first byte.
    pub at: u64,
    /// How many bytes.
    pub bytes: u64,
    /// The units of the volume among them: what is found in reading, or what they become. In the
    /// journal and the superblocks there are none.
    pub units: Vec<Held>,
}

/// A unit of the volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Which one.
    pub unit: usize,
    /// Its value; nothing if it is torn.
    pub value: Option<Value>,
}

impl World {
    /// Where an action lands, before it happens.
    pub(super) fn place(&self, action: Action) -> Option<Place> {
        let Action::Land { node, thread, piece } = action else { return None };
        let (node, thread) = (usize::from(node), usize::from(thread));
        let frame = self.nodes[node].threads[thread].frames.last()?;
        let State::Ops { pieces, .. } = &frame.state else { return None };
        let piece = pieces.get(usize::from(piece))?;
        let Piece { op, range } = piece;
        let at = range.start
            + match *op {
                Op::Read(read) => read.at as usize,
                Op::Write { at, .. } | Op::Punch { at, .. } => at as usize,
                Op::Barrier { .. } | Op::Grow { .. } => return None,
            };
        let mut bytes = vec![0; range.len()];
        let origin = op.medium() == Medium::Origin;
        let disk = if origin { &self.origin } else { &self.diff };
        let written = self.written(node, thread, piece);
        let writes = written.is_some();
        match written {
            Some(written) => bytes = written,
            None if at + bytes.len() > disk.visible().size() => return None,
            None => disk.visible().read(at, &mut bytes),
        }
        let held = |(nth, bytes): (usize, &[u8])| {
            let unit = if origin { Some(at / UNIT + nth) } else { unit_of(bytes) };
            unit.map(|unit| Held { unit, value: parse(unit, bytes) })
        };
        Some(Place {
            origin,
            writes,
            at: at as u64,
            bytes: bytes.len() as u64,
            units: bytes.chunks_exact(UNIT).enumerate().filter_map(held).collect(),
        })
    }
}
