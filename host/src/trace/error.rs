//! What can be wrong with a trace.

use core::time::Duration;
use std::io;

/// What is wrong with a trace, and what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// A line is not as its format has it.
    #[error("line {line}: {found:?} is not {expected}")]
    Malformed {
        /// The line's number, from 1.
        line: u64,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// Nobody said what the format is, and the content does not tell.
    #[error(
        "the trace begins with {beginning:?}, which is no format that is known by its content; \
         name it: blkparse, fio, shadowvol, or csv with its columns"
    )]
    UnknownFormat {
        /// How it begins.
        beginning: String,
    },
    /// A trace of this program, but of a newer version.
    #[error("the trace has version {found}; this program knows version {known}: update it")]
    Version {
        /// The trace's version.
        found: u32,
        /// The newest one that is known.
        known: u32,
    },
    /// A table lacks a column.
    #[error("the table has no column {name:?}; it has: {present}")]
    NoColumn {
        /// The column that was asked for.
        name: String,
        /// Those that are there.
        present: String,
    },
    /// The trace tells of more than one device.
    #[error("the trace tells of {first:?} and {other:?}: choose one device")]
    ManyDevices {
        /// The first one it tells of.
        first: String,
        /// The second one.
        other: String,
    },
    /// There is nothing to go by.
    #[error("the trace is of no use: {why}")]
    NoEvents {
        /// What is missing.
        why: String,
    },
    /// An event reaches past the volume's end.
    #[error(
        "{place}: it reaches to byte {end}, but the volume has {size}: are offset and length in \
         the unit that was given?"
    )]
    PastEnd {
        /// Where it is in the trace.
        place: String,
        /// The byte behind it.
        end: u64,
        /// Bytes of the volume.
        size: u64,
    },
    /// A block of a recorded trace is damaged.
    #[error("the block at byte {at} is damaged: its checksum is wrong, and others follow it")]
    Damaged {
        /// Where it is, in bytes from the trace's start.
        at: u64,
    },
    /// So many copies would have been taken that the unit of time is probably wrong.
    #[error(
        "the trace lasts {} s, in which a copy every {} s makes more than {most}: is the time in \
         the unit that was given?", span.as_secs(), every.as_secs_f64()
    )]
    TooManyCopies {
        /// How long the trace lasts.
        span: Duration,
        /// How often a copy is taken.
        every: Duration,
        /// The most that are counted.
        most: u64,
    },
    /// It cannot be read.
    #[error("reading it failed: {0}")]
    Io(#[from] io::Error),
}
