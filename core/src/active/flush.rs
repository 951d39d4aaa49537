//! Flushing the volume: a barrier on the origin.
//!
//! In durable mode the holder then looks whether it was fenced, as it does behind each of the
//! journal's barriers: writes of chunks that were preserved before need no record, so a holder could
//! acknowledge them for ever without looking (invariant 8).

use super::Active;
use crate::journal::read_pair;
use crate::machine::{Buffers, Fed, Machine, Medium, Next, Op, Step};

/// The machine that flushes the volume: all writes that ended before it began are safe when it ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flush {
    phase: Phase,
    ops: [Op; 1],
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Begin,
    Barrier,
    Watch,
}

impl Flush {
    /// A flush.
    #[must_use]
    pub fn new() -> Self {
        let ops = [Op::Barrier { medium: Medium::Origin }];
        Self { phase: Phase::Begin, ops, watch: false }
    }
}

impl Default for Flush {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Flush {
    type Shared = Active;
    type Output = ();
    type Op = Op;

    fn ops(&self) -> &[Op] {
        &self.ops
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        if self.phase == Phase::Barrier && self.watch {
            let pair = read_pair(0);
            buffers.scratch.reach(pair.into.len);
            self.phase = Phase::Watch;
            self.ops = [Op::Read(pair)];
            return Next::Io;
        }
        Next::Step
    }

    fn step(&mut self, active: &mut Active, buffers: &mut Buffers<'_>, fed: Fed) -> Step<()> {
        if self.phase == Phase::Begin {
            if let Some(ended) = active.refusal() {
                return Step::Done(Err(ended));
            }
            self.phase = Phase::Barrier;
            self.watch = !active.superblock.coherent;
            return Step::Io;
        }
        let done = match fed {
            // Nothing is known about writes since the last barrier, and a second try would prove
            // nothing.
            Fed::Failed(error) => Err(error),
            _ if self.phase == Phase::Watch => active.watch(buffers, 0),
            _ => Ok(()),
        };
        if let Err(error) = &done {
            active.end(*error);
        }
        Step::Done(done)
    }
}
