//! Point-in-time shadow copies of a block volume.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod active;
pub mod backend;
mod error;
pub mod format;
mod geometry;
pub mod journal;
pub mod machine;
pub mod passive;
mod slots;
pub mod table;
mod units;

pub use error::{Damage, Error, IoKind};
pub use geometry::Geometry;
pub use slots::Slots;
pub use table::{Cursor, Found, Piece, Plan, Run, Source, Table};
pub use units::{
    ChunkIndex, ChunkSize, Content, CopyId, Epoch, Extent, Generation, Segment, Sequence,
    SlotIndex, VolumeId,
};
