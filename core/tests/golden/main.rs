//! The format, byte for byte, and a reader that knows only its description.
//!
//! A diff area outlives the program that wrote it. Each record kind and the superblock are pinned
//! as bytes, so that a change of the format cannot happen by accident; and a whole small diff area
//! made by the engine is read back by a reader that was written from `docs/format.md` and uses
//! nothing of the crate. If that page is wrong, so is the reader. What verifies and yet cannot be is
//! refused, each rule at its limit.

mod bytes;
mod made;
mod reader;
mod refusals;
