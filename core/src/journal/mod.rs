//! The journal: the append-only list of records in the diff area, the only truth about copies.
//!
//! It lies in segments, runs of slots of equal size. A segment's last record links to the next
//! one, so journal and slots share one address space and either can grow. Compaction writes a
//! new journal into free segments and makes it the truth by one superblock.
//!
//! [`Appender`] writes records, [`Tail`] follows them, [`View`] is what they say, [`Load`] reads a
//! journal from its start, [`Rewriter`] writes one from a view.

mod amended;
mod append;
mod copies;
mod load;
mod reverting;
mod rewrite;
mod runs;
mod seen;
mod sweep;
mod tail;
mod view;

pub(crate) use append::take_segment;
pub use append::{Appender, Batch};
pub use copies::CopyInfo;
pub use load::{Load, Loaded};
pub(crate) use load::{read_pair, unless_torn};
pub use rewrite::{Progress, Rewriter};
pub use runs::RunList;
pub(crate) use seen::{Found, Seen};
pub(crate) use sweep::Sweep;
pub use tail::{News, Tail};
pub use view::{Recent, Trust, View};
