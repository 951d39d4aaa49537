//! How the benches measure: every figure is a ratio to plain files in the same run.
//!
//! These machines are noisy, so an absolute time says little. Each [`Contest`] runs ours and the
//! plain way in turn, a slice of the work at a time, adds up the slices of a round, and takes the
//! median of the rounds' ratios.

mod contest;
mod pattern;
mod place;
mod stage;
mod table;

pub use contest::{Contest, Outcome};
pub use pattern::{Pattern, Shuffle};
pub use place::{Place, places};
pub use stage::{Result, Stage};
pub use table::{Row, Table};
