//! Step machines: how the protocol asks for I/O without doing any.
//!
//! A machine is a small value that says which media operations it wants next and is told how they
//! went. It holds no borrow of a backend, so the blocking driver, an asynchronous one, the
//! simulator and a page in a browser all run the same protocol. A driver does this, in this order:
//!
//! 1. [`Machine::step`], with the node's shared state locked.
//! 2. On [`Step::Io`], unlock and do all of [`Machine::ops`], in any order or at once. On
//!    success call [`Machine::absorb`], still unlocked, which looks at the bytes, and do as it
//!    says: more operations, or back to 1 with [`Fed::Done`]. When an operation fails, wait for
//!    those under way and feed [`Fed::Failed`].
//! 3. On [`Step::Wait`], unlock, wait until another machine of the node has changed the state, and
//!    go back to 1 with [`Fed::Again`]. [`Wait`] says what to do meanwhile, and when not to wait.
//! 4. On [`Step::Done`], the machine has ended; wake the machines that wait.
//!
//! A machine that was begun must be stepped until it is done: it may hold claims on chunks.

use core::fmt;
use core::ops::Range;

use crate::error::{Error, IoKind};
use crate::format::checksum::Checksum;
use crate::units::Extent;

pub use crate::scratch::Scratch;

/// One of the two media of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    /// The volume's own bytes.
    Origin,
    /// Journal and slots.
    DiffArea,
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Origin => "origin",
            Self::DiffArea => "diff area",
        })
    }
}

/// Which buffer the bytes of an operation are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Buffer {
    /// The caller's: what to write, or where to read to.
    User,
    /// The machine's working space.
    Scratch,
}

/// A range of bytes in one of the buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The buffer.
    pub buffer: Buffer,
    /// The first byte in it.
    pub start: usize,
    /// How many bytes.
    pub len: usize,
}

impl Span {
    /// A range of the caller's buffer.
    #[must_use]
    pub const fn user(start: usize, len: usize) -> Self {
        Self { buffer: Buffer::User, start, len }
    }

    /// A range of the working space.
    #[must_use]
    pub const fn scratch(start: usize, len: usize) -> Self {
        Self { buffer: Buffer::Scratch, start, len }
    }

    /// The range as an index of its buffer.
    #[must_use]
    pub const fn range(self) -> Range<usize> {
        self.start..self.start + self.len
    }
}

/// A read of a medium: all that a passive node asks for, but for [`LookOp`] (invariant 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReadOp {
    /// The medium to read.
    pub medium: Medium,
    /// First byte of the medium.
    pub at: u64,
    /// Where the bytes go.
    pub into: Span,
}

impl ReadOp {
    /// The error that its failure is.
    #[must_use]
    pub const fn failure(&self) -> Error {
        Error::Io { what: IoKind::Read, medium: self.medium }
    }
}

/// What a passive node asks of a medium when it wants to know where nothing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookOp {
    /// Fill a buffer with bytes of a medium.
    Read(ReadOp),
    /// Find out, without reading them, how many bytes of the origin are zeros; feed back the number.
    Zeros {
        /// The first byte.
        at: u64,
        /// How many at most.
        most: u64,
    },
}

impl LookOp {
    /// The error that its failure is.
    #[must_use]
    pub const fn failure(&self) -> Error {
        match self {
            Self::Read(read) => read.failure(),
            Self::Zeros { .. } => Error::Io { what: IoKind::Read, medium: Medium::Origin },
        }
    }
}

/// One media operation of an active node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Fill a buffer with bytes of a medium.
    Read(ReadOp),
    /// Write the bytes of `from` to byte `at` of the medium on.
    Write {
        /// The medium to write.
        medium: Medium,
        /// First byte of the medium.
        at: u64,
        /// Where the bytes are.
        from: Span,
    },
    /// Order all earlier writes to the medium before all later ones; make them durable if the
    /// volume is.
    Barrier {
        /// The medium to order.
        medium: Medium,
    },
    /// Turn bytes of the origin into zeros, and give back their space where that is possible.
    Punch {
        /// First byte of the origin.
        at: u64,
        /// How many bytes.
        len: u64,
    },
    /// Make the diff area at least `size` bytes large, if it can grow; feed back its size.
    Grow {
        /// Bytes wanted.
        size: u64,
    },
}

impl Op {
    /// The medium that it is done to.
    #[must_use]
    pub const fn medium(&self) -> Medium {
        match self {
            Self::Read(read) => read.medium,
            Self::Write { medium, .. } | Self::Barrier { medium } => *medium,
            Self::Punch { .. } => Medium::Origin,
            Self::Grow { .. } => Medium::DiffArea,
        }
    }

    /// The error that its failure is.
    #[must_use]
    pub const fn failure(&self) -> Error {
        let what = match self {
            Self::Read(_) => IoKind::Read,
            Self::Write { .. } => IoKind::Write,
            Self::Barrier { .. } => IoKind::Barrier,
            Self::Punch { .. } => IoKind::Punch,
            Self::Grow { .. } => IoKind::Grow,
        };
        Error::Io { what, medium: self.medium() }
    }
}

/// The buffers that a machine's operations name.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// The caller's bytes, as far as a machine may look at them. A driver keeps the bytes of a
    /// write to itself and leaves this empty: no machine reads them.
    pub user: &'a mut [u8],
    /// The working space; a machine makes it as large as it needs, a driver keeps it for the next.
    pub scratch: &'a mut Scratch,
    /// The node's CRC-32C.
    pub checksum: Checksum,
}

/// What a driver tells a machine when it steps it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fed {
    /// Nothing happened yet: the first step, or the next one after a wait.
    Again,
    /// All operations succeeded.
    Done,
    /// [`Op::Grow`] succeeded and the diff area now has this many bytes.
    Size(u64),
    /// [`LookOp::Zeros`] succeeded: so many bytes, from the first on, are zeros.
    Zeros(u64),
    /// An operation failed, or there was no room; this is the error.
    Failed(Error),
}

/// What a machine wants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step<T> {
    /// The operations of [`Machine::ops`].
    Io,
    /// That another machine of this node goes first.
    Wait(Wait),
    /// Nothing more.
    Done(Result<T, Error>),
}

/// What a machine waits for, and who brings it about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// A step of another machine of this node, whichever it is, that does not end in this or in
    /// [`Wait::Barrier`]. A step that does has changed nothing that others wait for, so it need wake
    /// nobody.
    Turn,
    /// The end of the commit that is under way. Only that one's step brings it about, so no other need
    /// wake whoever waits for it, and many may.
    Barrier,
    /// Nothing, but it has kept the state for long: whoever waits for that goes first.
    Yield,
    /// The journal's next barrier. If no [`Commit`](crate::active::Commit) is under way, run one.
    Commit,
    /// The driver's word: that the creation goes on, or, as a failure, that it does not. Only a creation
    /// that was made with a [`Gate`](crate::active::Gate) asks for it.
    Gate,
    /// Room for this many slots. If no [`MakeRoom`](crate::active::MakeRoom) is under way, run one.
    Room(u32),
    /// That the origin holds the volume's bytes of these chunks: run a
    /// [`Settle`](crate::active::Settle) of them.
    Settle(Extent),
}

/// What a machine wants after it has looked at the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// The operations of [`Machine::ops`], once more, without a step before.
    Io,
    /// To be stepped.
    Step,
}

/// What the machines of one node share, behind the node's lock, as far as it tells the driver whom to
/// wake.
pub trait Shared {
    /// Whether a commit is under way: until its end nobody who waits for [`Wait::Barrier`] need be woken.
    fn is_committing(&self) -> bool {
        false
    }
}

impl Shared for () {}

/// A protocol in steps; see the module's text for how to drive it.
pub trait Machine {
    /// What the machines of one node share.
    type Shared: Shared;
    /// What the machine is for.
    type Output;

    /// What it can ask for: [`ReadOp`] or [`LookOp`] on a passive node, [`Op`] on an active one.
    type Op: Copy;

    /// The operations wanted by the last [`Step::Io`].
    fn ops(&self) -> &[Self::Op];

    /// Looks at the bytes that the operations brought, without the shared state.
    fn absorb(&mut self, buffers: &mut Buffers<'_>) -> Next;

    /// Goes on until something is wanted from outside.
    fn step(
        &mut self,
        shared: &mut Self::Shared,
        buffers: &mut Buffers<'_>,
        fed: Fed,
    ) -> Step<Self::Output>;
}
