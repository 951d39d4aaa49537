//! Traces: what was done to a volume, and when, as different tools write it down.
//!
//! [`Trace::open`] reads one as a stream of [`Event`]s, whatever wrote it: a volume that was being
//! [recorded](crate::Volume::record) (see `docs/trace.md`), `blkparse`, fio, or anything that makes
//! tables of comma-separated values. Traces may be compressed by gzip or zstd. Nothing is kept but
//! the line or block that is being read. Reads are left out: they change nothing.
//!
//! # The format of recordings
#![doc = include_str!("../docs/trace.md")]

mod blkparse;
mod block;
mod devices;
mod error;
mod event;
mod fio;
mod head;
mod lines;
mod native;
mod number;
mod open;
mod recorder;
mod table;

pub use blkparse::Action;
pub use error::TraceError;
pub use event::{Change, Event};
pub(crate) use head::Head;
pub use open::{Trace, TraceFormat, TraceOptions};
pub(crate) use recorder::Recorder;
pub use recorder::{Recording, RecordingSummary};
pub use table::{Column, Columns};
