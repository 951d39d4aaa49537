//! The two media of a volume, whatever backends they are, and how operations are done to them.
//!
//! Backends are behind a pointer here: beside a system call a virtual one costs nothing, and every
//! caller is spared two type parameters.

use core::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol::machine::{Buffer, Buffers, Fed, LookOp, Machine, Medium, Next, Op, ReadOp, Span};
use shadowvol::{Damage, Error as EngineError};

/// An error of any backend.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// A medium that can be read, by any thread.
pub trait Source: Send + Sync {
    /// As [`ReadAt::size`].
    ///
    /// # Errors
    ///
    /// As there.
    fn source_size(&self) -> Result<u64, BoxError>;

    /// As [`ReadAt::read_at`].
    ///
    /// # Errors
    ///
    /// As there.
    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<(), BoxError>;

    /// As [`ReadAt::next_data`].
    ///
    /// # Errors
    ///
    /// As there.
    fn data_from(&self, offset: u64) -> Result<u64, BoxError>;

    /// As [`ReadAt::is_never_stale`].
    fn never_is_stale(&self) -> bool;
}

/// A medium that can be written, by any thread.
pub trait Target: Source {
    /// As [`WriteAt::write_at`].
    ///
    /// # Errors
    ///
    /// As there.
    fn store(&self, offset: u64, data: &[u8]) -> Result<(), BoxError>;

    /// As [`WriteAt::barrier`].
    ///
    /// # Errors
    ///
    /// As there.
    fn order(&self) -> Result<(), BoxError>;

    /// As [`WriteAt::grow`].
    ///
    /// # Errors
    ///
    /// As there.
    fn enlarge(&self, size: u64) -> Result<u64, BoxError>;

    /// As [`WriteAt::prepare`].
    fn expect_writes(&self, offset: u64, length: u64);

    /// As [`WriteAt::punch`].
    ///
    /// # Errors
    ///
    /// As there.
    fn clear(&self, offset: u64, length: u64) -> Result<(), BoxError>;
}

impl<B: ReadAt + Send + Sync> Source for B
where
    B::Error: Into<BoxError>,
{
    fn source_size(&self) -> Result<u64, BoxError> {
        self.size().map_err(Into::into)
    }

    fn fill(&self, offset: u64, buffer: &mut [u8]) -> Result<(), BoxError> {
        self.read_at(offset, buffer).map_err(Into::into)
    }

    fn data_from(&self, offset: u64) -> Result<u64, BoxError> {
        self.next_data(offset).map_err(Into::into)
    }

    fn never_is_stale(&self) -> bool {
        self.is_never_stale()
    }
}

impl<B: WriteAt + Send + Sync> Target for B
where
    B::Error: Into<BoxError>,
{
    fn store(&self, offset: u64, data: &[u8]) -> Result<(), BoxError> {
        self.write_at(offset, data).map_err(Into::into)
    }

    fn order(&self) -> Result<(), BoxError> {
        self.barrier().map_err(Into::into)
    }

    fn enlarge(&self, size: u64) -> Result<u64, BoxError> {
        self.grow(size).map_err(Into::into)
    }

    fn expect_writes(&self, offset: u64, length: u64) {
        self.prepare(offset, length);
    }

    fn clear(&self, offset: u64, length: u64) -> Result<(), BoxError> {
        self.punch(offset, length).map_err(Into::into)
    }
}

/// Both media of a volume, to read only: all that a passive node has (invariant 7).
#[derive(Clone)]
pub struct ReadMedia {
    /// The volume's own bytes.
    pub origin: Arc<dyn Source>,
    /// Journal and slots.
    pub diff: Arc<dyn Source>,
}

/// Both media of a volume.
#[derive(Clone)]
pub struct Media {
    /// The volume's own bytes.
    pub origin: Arc<dyn Target>,
    /// Journal and slots.
    pub diff: Arc<dyn Target>,
}

impl Media {
    /// The same media without the right to write.
    #[must_use]
    pub fn read_only(&self) -> ReadMedia {
        ReadMedia { origin: Arc::clone(&self.origin) as _, diff: Arc::clone(&self.diff) as _ }
    }

    fn medium(&self, medium: Medium) -> &dyn Target {
        match medium {
            Medium::Origin => &*self.origin,
            Medium::DiffArea => &*self.diff,
        }
    }
}

impl fmt::Debug for ReadMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadMedia")
    }
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Media")
    }
}

/// An operation that failed: what it is to the engine, and what the backend said.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: EngineError,
    pub(crate) source: BoxError,
}

/// Something that does a machine's operations.
pub(crate) trait Perform<O> {
    /// Does one; `data` are the caller's bytes to write.
    fn perform(&self, op: &O, buffers: &mut Buffers<'_>, data: &[u8]) -> Performed;
}

/// What became of an operation. A failure is rare, and what is rare shall not make results large.
type Performed = Result<Fed, Box<Failure>>;

/// Does all operations of a machine until it wants to be stepped.
pub(crate) fn perform_all<M: Machine>(
    machine: &mut M,
    media: &impl Perform<M::Op>,
    buffers: &mut Buffers<'_>,
    data: &[u8],
) -> Performed {
    loop {
        let mut fed = Fed::Done;
        for op in machine.ops() {
            fed = media.perform(op, buffers, data)?;
        }
        if machine.absorb(buffers) == Next::Step {
            return Ok(fed);
        }
    }
}

impl Perform<ReadOp> for ReadMedia {
    fn perform(&self, op: &ReadOp, buffers: &mut Buffers<'_>, _: &[u8]) -> Performed {
        let medium = match op.medium {
            Medium::Origin => &*self.origin,
            Medium::DiffArea => &*self.diff,
        };
        read(medium, op, buffers)
    }
}

impl Perform<LookOp> for ReadMedia {
    fn perform(&self, op: &LookOp, buffers: &mut Buffers<'_>, data: &[u8]) -> Performed {
        match *op {
            LookOp::Read(read) => self.perform(&read, buffers, data),
            LookOp::Zeros { at, most } => match self.origin.data_from(at) {
                Ok(data) => Ok(Fed::Zeros(data.saturating_sub(at).min(most))),
                Err(source) => Err(Box::new(Failure { error: op.failure(), source })),
            },
        }
    }
}

impl Perform<Op> for Media {
    fn perform(&self, op: &Op, buffers: &mut Buffers<'_>, data: &[u8]) -> Performed {
        let medium = self.medium(op.medium());
        let done = match *op {
            Op::Read(op) => return read(medium, &op, buffers),
            Op::Write { at, from, .. } => medium.store(at, bytes(from, buffers, data)),
            Op::Barrier { .. } => medium.order(),
            Op::Punch { at, len } => medium.clear(at, len),
            Op::Grow { size } => match medium.enlarge(size) {
                Ok(size) => return Ok(Fed::Size(size)),
                Err(source) => Err(source),
            },
        };
        done.map(|()| Fed::Done).map_err(|source| {
            let error = classify(op, medium, &source);
            Box::new(Failure { error, source })
        })
    }
}

fn bytes<'a>(from: Span, buffers: &'a Buffers<'_>, data: &'a [u8]) -> &'a [u8] {
    match from.buffer {
        Buffer::User => &data[from.range()],
        Buffer::Scratch => &buffers.scratch[from.range()],
    }
}

fn read<S: Source + ?Sized>(medium: &S, op: &ReadOp, buffers: &mut Buffers<'_>) -> Performed {
    let into = match op.into.buffer {
        Buffer::User => &mut buffers.user[op.into.range()],
        Buffer::Scratch => &mut buffers.scratch[op.into.range()],
    };
    let end = op.at.saturating_add(into.len() as u64);
    medium.fill(op.at, into).map(|()| Fed::Done).map_err(|source| {
        let short =
            op.medium == Medium::DiffArea && medium.source_size().is_ok_and(|size| size < end);
        let error = if short {
            EngineError::Corrupt { what: Damage::Truncated, at: op.at }
        } else {
            op.failure()
        };
        Box::new(Failure { error, source })
    })
}

/// A medium without space is not a broken one: nothing was overwritten, and there may be some later.
fn classify(op: &Op, medium: &dyn Target, source: &BoxError) -> EngineError {
    let Op::Write { medium: Medium::DiffArea, from, .. } = op else { return op.failure() };
    if is_full(&**source) {
        let limit = medium.source_size().unwrap_or(0);
        return EngineError::DiffAreaFull { needed: from.len as u64, free: 0, limit };
    }
    op.failure()
}

/// Whether an error is, or comes from, a lack of space.
fn is_full(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge);
        }
        next = error.source();
    }
    false
}
