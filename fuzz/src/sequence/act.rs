//! What is done to a volume.

use arbitrary::Arbitrary;

/// Something that the active node does or suffers, or that a passive node does: one half each.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Act {
    Deed(Deed),
    /// A look at once, or in the middle of what the active does next: behind so many of its
    /// operations, counted from the look before that waits for its moment too.
    Look {
        after: Option<u8>,
        look: Look,
    },
}

/// One operation of the active node, fault or crash.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Deed {
    Write {
        at: u16,
        length: Length,
        byte: u8,
    },
    Discard {
        at: u16,
        length: Length,
    },
    /// Past the end of the volume.
    WriteBeyond {
        by: u8,
    },
    Create {
        label: u8,
    },
    /// A copy that is amended, a write at a time, before it is finished, if it ever is.
    Make,
    Amend {
        nth: u8,
        at: u16,
        chunks: u8,
        byte: u8,
    },
    Finish {
        nth: u8,
    },
    Delete {
        nth: u8,
    },
    DeleteMissing {
        number: u8,
    },
    Compact,
    /// A compaction that goes on while other things are done, some operations at a time.
    BeginCompact,
    GoOnCompacting {
        operations: u8,
    },
    Sweep {
        entries: u8,
    },
    Grow,
    Flush,
    Close,
    /// The active node's process ends; nothing is lost.
    Vanish,
    LosePower {
        seed: u64,
    },
    Fault {
        origin: bool,
        after: u8,
        part: u8,
        power: Option<u64>,
    },
}

/// What a passive node does.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Look {
    CatchUp {
        second: bool,
    },
    Reopen {
        second: bool,
    },
    Read {
        second: bool,
        nth: u8,
        at: u16,
        length: Length,
    },
    /// A read that goes on while other things are done.
    Begin {
        second: bool,
        nth: u8,
        at: u16,
        length: Length,
    },
    GoOn {
        operations: u8,
    },
}

/// How many bytes.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) enum Length {
    Sector,
    Chunk,
    Bytes(u16),
    Whole,
}

impl Length {
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Sector => 512,
            Self::Chunk => 4096,
            Self::Bytes(bytes) => bytes as usize % 10_000,
            Self::Whole => usize::MAX,
        }
    }
}

/// The volume that it is done to.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(super) struct Shape {
    pub(super) size: u16,
    /// Slots that the diff area may have beyond the least.
    pub(super) room: u8,
    pub(super) segment: u8,
    pub(super) drops_oldest: bool,
    pub(super) coherent: bool,
}
