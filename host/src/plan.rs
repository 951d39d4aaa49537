//! How large the diff area must be, found by replaying what was done to a volume.
//!
//! [`plan`] reads a [trace](crate::trace) once and replays it for every chunk size and schedule
//! that is asked for. It does what the engine does, without the bytes: a chunk is preserved when it
//! is overwritten or discarded for the first time since the newest copy, whole, however little of
//! it was written; its slot is in use until no live copy needs it. The time in the trace says when
//! copies are taken and deleted.
//!
//! 1. `sweep` reads the trace in batches and gives each to all lanes, which work in parallel.
//! 2. A lane is a chunk size with the copies that are taken: every so often (`scheduled`), or those
//!    that the trace tells of (`recorded`). It finds out which chunks a write preserves: `marks`
//!    and `stamps` know what was preserved before, `ledger` which copies need it.
//! 3. `need` adds up what that takes, with the `journal`'s `records`.
//!
//! What holds: without other requests under way at the same time, the slots are exactly those that
//! the engine has in use, if no old bytes are zeros. Zeros take no slot, and a trace does not tell
//! where they are, so a volume with zeros needs less. The journal is counted as if free space were
//! in one piece, while it is appended to, and as if every chunk stood alone, when it is written
//! anew. Memory grows with the part of the volume that is written, and not with the trace: by a bit
//! for each chunk and lane with a schedule, four bytes for each chunk of a lane with the trace's
//! own copies, and some bytes for each copy taken.

mod journal;
mod lane;
mod ledger;
mod marks;
mod need;
mod options;
mod pages;
mod recorded;
mod records;
mod row;
mod scheduled;
mod stamps;
mod sweep;

pub use options::{Grid, Keep, PlanOptions};
pub use row::{Change, Interval, Plan, Row, Schedule, TraceFacts};
pub use sweep::{plan, plan_trace};
