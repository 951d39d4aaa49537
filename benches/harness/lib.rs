//! How the benches measure: every figure is a ratio to the plain way of doing the same, in one run.
//!
//! These machines are noisy, so an absolute time says little. Each [`Contest`] runs all sides in
//! turn, a slice of the work at a time, adds up the slices of a round, and takes the median of the
//! rounds' ratios. A [`Pace`] measures what requests that are due at certain times have to wait.
//! `benches/README.md` describes what a [`Table`] saves.

mod axes;
mod buffer;
mod contest;
mod interval;
mod line;
mod log;
mod machine;
mod outcome;
mod pace;
mod pattern;
mod place;
mod plain;
mod settings;
mod stage;
mod table;
mod vast;
mod way;
mod writer;

use core::error::Error;

pub use axes::{Axes, Bytes};
pub use buffer::Buffer;
pub use contest::Contest;
pub use interval::{Interval, histogram, note};
pub use machine::{Machine, utc};
pub use outcome::{Ahead, Outcome, Side};
pub use pace::Pace;
pub use pattern::{Pattern, Shuffle};
pub use place::{Place, is_chosen, places};
pub use plain::Plain;
pub use settings::{Settings, settings};
pub use stage::{STATES, Stage};
pub use table::{Table, Versus, folder};
pub use vast::vast;
pub use way::{Way, by, each};
pub use writer::beside;

/// What a bench returns.
pub type Result<T> = core::result::Result<T, Box<dyn Error + Send + Sync>>;
