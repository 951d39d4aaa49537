//! Point-in-time shadow copies of a block volume, without an operating system.
//!
//! One **active** node writes a volume and takes shadow copies. Any number of **passive** nodes
//! read those copies straight from the shared storage while it goes on: no lock, no message, no
//! pause. This crate is the protocol between them, and nothing else: no I/O, no clock, no
//! randomness, no threads. [`docs::design`] tells how it works and why it is right,
//! [`docs::format`] what is on the media.
//!
//! | layer | what it is | who uses it |
//! |---|---|---|
//! | [`active`], [`passive`] | the two roles, as step machines | drivers: threads, promises, simulators |
//! | [`machine`] | how step machines are driven | whoever writes a driver |
//! | [`set`] | several volumes at one instant, with applications that take part | drivers; simulators |
//! | [`journal`] | append, follow, load and rewrite the list of records | the roles |
//! | [`table`], [`Slots`] | which record answers for a chunk; which slots are free | the roles |
//! | [`format`](mod@format) | records, superblocks, checksums as bytes | the journal; readers in other languages |
//! | [`backend`] | what a medium must promise; wrappers; a suite that checks it | hosts, tests |
//! | `sim`, a feature | the protocol explored: every interleaving, every crash | tests, pages, notebooks |
//!
//! ```text
//! ACTIVE write(extent, bytes)                        PASSIVE read(copy k, extent)
//! W1 look up   chunks the newest copy still lacks    R1 look up   slots known from the journal
//! W2 preserve  read their old bytes, write to slots  R2 read      the rest from the origin
//! W3 commit    append records, barrier               R3 confirm   catch up with the journal;
//! W4 overwrite the origin                                         preserved meanwhile: to slots
//!                                                    R4 read      slots; catch up; copy alive?
//!                                                                 yes: right. no: Gone
//! ```
//!
//! # What is not offered
//!
//! * Files, threads and locks: see `shadowvol_host`.
//! * A writer for passives, or a lock for actives: an epoch in the superblock narrows the window in
//!   which a paused active can still write, and only the storage or a dead node closes it.
//! * Encryption, compression, deduplication: chunks are kept as they are.
//! * Resizing a volume.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod active;
mod aside;
pub mod backend;
mod description;
mod error;
mod extents;
pub mod format;
mod geometry;
pub mod journal;
pub mod machine;
pub mod passive;
mod rules;
mod scratch;
pub mod set;
#[cfg(feature = "sim")]
pub mod sim;
mod slots;
pub mod table;
mod units;

/// The design, the format, and what is proven, to read.
pub mod docs {
    #[doc = include_str!("../docs/design.md")]
    pub mod design {}

    #[doc = include_str!("../docs/format.md")]
    pub mod format {}

    #[doc = include_str!("../docs/proof.md")]
    pub mod proof {}
}

pub use description::{Attributes, Description, Id};
pub use error::{Damage, Error, IoKind};
pub use geometry::Geometry;
pub use rules::{Rule, Rules};
pub use slots::Slots;
pub use table::{Amended, Cursor, Found, Piece, Plan, Run, Source, Table};
pub use units::{
    ChunkIndex, ChunkSize, Content, CopyId, Epoch, Extent, Generation, Segment, Sequence,
    SlotIndex, VolumeId,
};
