//! Looking at a diff area's superblock before the volume is opened.

use shadowvol::Error;
use shadowvol::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::machine::{Buffers, Fed, Medium, Next, Op, ReadOp, Span, Step};

use crate::work::{Output, Work};

/// Reads the superblock in force, and finds whether the origin has the size that it tells. Comes to
/// whether the volume is coherent.
pub(crate) struct Peek {
    origin_size: u64,
    diff_size: u64,
    /// A pair that is being written while it is read can fail to verify twice in a row, not often.
    tries: u32,
    found: Option<Result<Superblock, Error>>,
}

impl Peek {
    pub(crate) const fn new(origin_size: u64, diff_size: u64) -> Self {
        Self { origin_size, diff_size, tries: 3, found: None }
    }

    fn check(&self, superblock: &Superblock) -> Result<Output, Error> {
        let (recorded, found) = (superblock.geometry.size, self.origin_size);
        if recorded != found {
            return Err(Error::OriginSize { recorded, found });
        }
        Ok(Output::Flag(superblock.coherent))
    }
}

impl Work for Peek {
    fn op(&self, nth: usize) -> Option<Op> {
        let into = Span::scratch(0, PAIR_BYTES);
        let read = ReadOp { medium: Medium::DiffArea, at: PAIR_OFFSET, into };
        (nth == 0).then_some(Op::Read(read))
    }

    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next {
        let found = Superblock::newest(&buffers.scratch[..PAIR_BYTES], buffers.checksum);
        self.found = Some(found.map(|(superblock, _)| superblock));
        Next::Step
    }

    fn step(&mut self, buffers: &mut Buffers<'_>, fed: Fed) -> Step<Output> {
        if let Fed::Failed(error) = fed {
            return Step::Done(Err(error));
        }
        if self.diff_size < PAIR_OFFSET + PAIR_BYTES as u64 {
            return Step::Done(Err(Error::NotADiffArea));
        }
        match self.found.take() {
            Some(Ok(superblock)) => return Step::Done(self.check(&superblock)),
            Some(Err(error)) if self.tries == 1 || !matches!(error, Error::Corrupt { .. }) => {
                return Step::Done(Err(error));
            }
            Some(Err(_)) => self.tries -= 1,
            None => {}
        }
        buffers.scratch.reach(PAIR_BYTES);
        Step::Io
    }
}
