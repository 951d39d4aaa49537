//! What can go wrong, as values small enough to match on. Each message says what to do next.
//!
//! Media errors have their source in the driver that did the I/O; here they are [`Error::Io`] with
//! the operation that failed.

use crate::machine::Medium;
use crate::units::{CopyId, Epoch};

/// An error of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
// A kind of one byte would leave three beside it, which each move of an error takes two steps for.
#[repr(u32)]
#[non_exhaustive]
pub enum Error {
    /// The shadow copy was deleted, perhaps while it was being read.
    #[error("shadow copy {copy} is gone: it was deleted; read another copy")]
    Gone {
        /// The copy that was asked for.
        copy: CopyId,
    },
    /// No shadow copy with this number was ever taken.
    #[error("there is no shadow copy {copy}; list the copies to see which exist")]
    NoSuchCopy {
        /// The copy that was asked for.
        copy: CopyId,
    },
    /// All copy numbers are used up.
    #[error("no copy number is left in this diff area; make a new one")]
    CopiesExhausted,
    /// The shadow copy may not be deleted yet.
    #[error("shadow copy {copy} is retained: it cannot be deleted before its day")]
    Retained {
        /// The copy that was to be deleted.
        copy: CopyId,
        /// When it may be, in nanoseconds since 1970 (UTC).
        until: i64,
    },
    /// A shadow copy that was retained is to be so for a shorter time.
    #[error("shadow copy {copy} is retained; its retention can be made longer, not shorter")]
    RetentionShortened {
        /// The copy.
        copy: CopyId,
    },
    /// The volume is being reverted to a shadow copy, and that has to end first.
    #[error(
        "the volume is being reverted to shadow copy {copy}; \
         finish it first: revert again to the same copy"
    )]
    Reverting {
        /// The copy that it is being reverted to.
        copy: CopyId,
    },
    /// The shadow copy is unfinished: nobody but its maker may use it.
    #[error("shadow copy {copy} is unfinished: wait until its maker has finished it")]
    Unfinished {
        /// The copy.
        copy: CopyId,
    },
    /// The shadow copy is finished, so that it is a constant.
    #[error("shadow copy {copy} is finished and cannot be changed; write to a fork of it")]
    Finished {
        /// The copy.
        copy: CopyId,
    },
    /// A chunk of an unfinished shadow copy is to be amended for a second time.
    #[error(
        "shadow copy {copy} was amended there before, and each chunk can be only once; \
         delete it and take another one"
    )]
    Amended {
        /// The copy.
        copy: CopyId,
    },
    /// Only whole chunks can be amended.
    #[error("{length} bytes from {offset} on are not whole chunks of the volume")]
    PartialChunk {
        /// First byte of the request.
        offset: u64,
        /// Bytes of the request.
        length: u64,
    },
    /// The diff area has no room for old bytes, and the policy says that the write fails.
    #[error(
        "the diff area is full: {needed} bytes are needed, {free} are free of {limit}; \
         delete shadow copies, raise the limit, or free space on the medium"
    )]
    DiffAreaFull {
        /// Bytes of slots that the request needs.
        needed: u64,
        /// Bytes of slots that are free.
        free: u64,
        /// The diff area's limit in bytes: its cap, or what its medium can hold.
        limit: u64,
    },
    /// A newer holder has taken the active role; nothing was acknowledged after that.
    #[error(
        "this node was fenced: epoch {holder} has taken the active role from epoch {mine}; \
         open the volume again to take it back"
    )]
    Fenced {
        /// The epoch of this node.
        mine: Epoch,
        /// The epoch that was found on the medium.
        holder: Epoch,
    },
    /// An earlier failure ended the active role of this node.
    #[error("an earlier journal write failed and ended the active role; open the volume again")]
    RoleEnded,
    /// The request reaches past the end of the volume.
    #[error("{length} bytes at {offset} reach past the end of the volume of {size} bytes")]
    OutOfRange {
        /// First byte of the request.
        offset: u64,
        /// Bytes of the request.
        length: u64,
        /// Bytes of the volume.
        size: u64,
    },
    /// The chunk size is not a power of two from 4 KiB to 1 MiB.
    #[error("a chunk of {bytes} bytes: use a power of two from 4096 to 1048576")]
    ChunkSize {
        /// What was asked for.
        bytes: u64,
    },
    /// A label is longer than a record can carry.
    #[error("the label has {bytes} bytes; use {limit} at most")]
    LabelTooLong {
        /// Bytes of the label in UTF-8.
        bytes: usize,
        /// The most that fit.
        limit: usize,
    },
    /// The medium does not begin like a diff area.
    #[error("this is not a shadowvol diff area; give the right file, or make one first")]
    NotADiffArea,
    /// The diff area was made by a version that this one does not know.
    #[error("the diff area has format {found}; this version reads format {known}: update it")]
    UnknownFormat {
        /// The format of the diff area.
        found: u32,
        /// The format that this version reads and writes.
        known: u32,
    },
    /// The origin does not have the size that the diff area was made for.
    #[error(
        "the origin has {found} bytes, the diff area was made for {recorded}; \
         give the origin that belongs to it"
    )]
    OriginSize {
        /// Bytes when the diff area was made.
        recorded: u64,
        /// Bytes now.
        found: u64,
    },
    /// The diff area belongs to another origin.
    #[error(
        "the diff area belongs to another origin; give the origin that belongs to it, or, if \
         this is a faithful copy of it, open with the origin trusted"
    )]
    OtherOrigin,
    /// The origin was changed while no active node was running.
    #[error(
        "the origin was changed behind the engine's back, so its shadow copies may be wrong; \
         drop them, or, if its content is the same, open with the origin trusted"
    )]
    ExternalWrite,
    /// A coherent volume was not closed before the machine went down.
    #[error(
        "the machine went down while the volume was open in coherent mode, so its shadow copies \
         may be wrong; drop them, and use durable mode where power can fail"
    )]
    CoherentCrash,
    /// The diff area holds something it never should.
    #[error(
        "the diff area is damaged: {what} at byte {at}; `shadowvol check` lists the copies affected"
    )]
    Corrupt {
        /// What does not agree.
        what: Damage,
        /// Where, in bytes from the diff area's start.
        at: u64,
    },
    /// The diff area has no room for a journal.
    #[error(
        "the diff area may take {found} bytes, and needs {needed} at least; \
         give it a larger medium, or a higher limit"
    )]
    DiffAreaTooSmall {
        /// Bytes that a new diff area needs.
        needed: u64,
        /// Bytes that the medium has, or the limit.
        found: u64,
    },
    /// A creation was called off before its record was written; it has left nothing behind.
    #[error("the creation of a shadow copy was called off; take it again")]
    CreationCancelled,
    /// An operation on a medium failed.
    #[error("{what} the {medium} failed")]
    Io {
        /// What was being done.
        what: IoKind,
        /// The medium it was done to.
        medium: Medium,
    },
}

/// What does not agree in a damaged diff area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Neither superblock verifies.
    #[error("no superblock verifies")]
    Superblock,
    /// A superblock verifies, but its fields contradict each other.
    #[error("the superblock contradicts itself")]
    Geometry,
    /// A record verifies, but its content cannot be right.
    #[error("a journal record contradicts itself")]
    Record,
    /// A slot's bytes do not have the checksum of their record.
    #[error("a slot does not have its record's checksum")]
    Slot,
    /// The medium ends before the place that a record names.
    #[error("the diff area ends too early")]
    Truncated,
}

/// What was being done to a medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IoKind {
    /// Reading bytes.
    #[error("reading")]
    Read,
    /// Writing bytes.
    #[error("writing")]
    Write,
    /// Ordering writes.
    #[error("a barrier on")]
    Barrier,
    /// Turning a range into zeros.
    #[error("discarding on")]
    Punch,
    /// Making it larger.
    #[error("growing")]
    Grow,
}
