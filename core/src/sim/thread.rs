//! A thread of a node: the machine it drives, those that wait for it, and the pieces in which the
//! machine's operations land.

use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use super::content::UNIT;
use super::image::Image;
use super::scenario::Order;
use super::task::Task;
use crate::format::superblock::{PAIR_OFFSET, Place};
use crate::machine::{Fed, Medium, Op, ReadOp, Scratch, Wait};

/// A thread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Thread {
    /// Which of the node's programs it follows.
    pub(super) program: usize,
    /// The order that it does, or does next.
    pub(super) next: usize,
    /// Orders behind the program, which somebody has given since the world began.
    pub(super) asked: VecDeque<Order>,
    /// The last one is at work; each of the others waits for the one behind it.
    pub(super) frames: Vec<Frame>,
    /// The caller's bytes of a read.
    pub(super) user: Vec<u8>,
    /// What the order under way is known by: the time of a creation or of the copy that is read.
    pub(super) time: i64,
    /// What held when that order began, and decides how it may end.
    pub(super) since: Since,
}

/// What held when an order began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Since {
    /// Another node had the role already.
    pub(super) fenced: bool,
    /// The copy to read had been deleted.
    pub(super) deleted: bool,
    /// The copy to read was there, and the node did not know it.
    pub(super) unknown: bool,
    /// The copy to read had been finished.
    pub(super) finished: bool,
}

/// A machine, and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Frame {
    pub(super) task: Task,
    pub(super) state: State,
    pub(super) scratch: Scratch,
}

/// What a machine waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum State {
    /// To be stepped.
    Step(Fed),
    /// Its turn, which may have come.
    Wait {
        /// Only the end of the commit under way brings it.
        on_barrier: bool,
        /// Another machine of the node has changed something since.
        woken: bool,
    },
    /// Its operations, some pieces of which have landed.
    Ops {
        /// All pieces.
        pieces: Arc<[Piece]>,
        /// Which have landed: one bit a piece.
        landed: u64,
        /// What is fed when all have.
        fed: Fed,
    },
    /// The frame behind it, which brings about what it waits for.
    Served(Wait),
}

/// A part of an operation that lands at a moment of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Piece {
    /// The operation.
    pub(super) op: Op,
    /// Which of its bytes.
    pub(super) range: Range<usize>,
}

impl Thread {
    /// A thread at the start of its program.
    pub(super) fn new(program: usize) -> Self {
        Self {
            program,
            next: 0,
            asked: VecDeque::new(),
            frames: Vec::new(),
            user: Vec::new(),
            time: 0,
            since: Since::default(),
        }
    }

    /// Begins a machine, for the one at work if there is one.
    pub(super) fn push(&mut self, task: Task) {
        self.frames.push(Frame { task, state: State::Step(Fed::Again), scratch: Scratch::new() });
    }
}

/// One bit for each in [`State::Ops`].
const MOST_PIECES: usize = 64;

impl Piece {
    /// The pieces of a machine's operations: units land apart, the two superblocks are read apart,
    /// a write to a journal is torn once in its middle, and so is a read of one behind its end.
    /// Of a group that would land in more pieces than anyone can follow, each operation is whole.
    pub(super) fn all(ops: &[Op], diff: &Image) -> Arc<[Self]> {
        let cut = journal_cut(ops, diff);
        let pieces: Arc<[Self]> = ops
            .iter()
            .flat_map(|op| ranges(op, cut).into_iter().map(|range| Self { op: *op, range }))
            .collect();
        if pieces.len() <= MOST_PIECES {
            return pieces;
        }
        ops.iter().map(|op| Self { op: *op, range: 0..length(op) }).collect()
    }
}

fn ranges(op: &Op, cut: Option<usize>) -> Vec<Range<usize>> {
    let len = length(op);
    let at = match *op {
        Op::Read(read) => read.at,
        Op::Write { at, .. } | Op::Punch { at, .. } => at,
        Op::Barrier { .. } | Op::Grow { .. } => return alloc::vec![0..0],
    };
    let middle = match (op, cut) {
        (_, Some(cut)) => cut,
        (Op::Write { medium: Medium::DiffArea, .. }, None) if is_superblock(at) => {
            WITHIN_SUPERBLOCK
        }
        (Op::Read(_), None) if at == PAIR_OFFSET => (Place::Second.offset() - PAIR_OFFSET) as usize,
        _ if at % UNIT as u64 == 0 && len.is_multiple_of(UNIT) => {
            return (0..len).step_by(UNIT).map(|start| start..start + UNIT).collect();
        }
        _ => len / 2,
    };
    alloc::vec![0..middle, middle..len]
}

fn length(op: &Op) -> usize {
    match *op {
        Op::Read(read) => read.into.len,
        Op::Write { from, .. } => from.len,
        Op::Punch { len, .. } => len as usize,
        Op::Barrier { .. } | Op::Grow { .. } => 0,
    }
}

fn is_superblock(at: u64) -> bool {
    at == Place::First.offset() || at == Place::Second.offset()
}

/// Between the serial number and the generation, so that a torn superblock is neither.
const WITHIN_SUPERBLOCK: usize = 64;

/// Where the read of a journal is torn: within the record that comes next, so that this one can be
/// read before it lands and the one behind it after that.
fn journal_cut(ops: &[Op], diff: &Image) -> Option<usize> {
    let &[Op::Read(ReadOp { medium: Medium::DiffArea, at, into })] = ops else { return None };
    if at == PAIR_OFFSET || at as usize + into.len > diff.size() {
        return None;
    }
    let mut bytes = alloc::vec![0; into.len];
    diff.read(at as usize, &mut bytes);
    let written = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let cut = written.next_multiple_of(8) + 40;
    (cut < into.len / 2).then_some(cut)
}
