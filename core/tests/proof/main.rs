//! What is proven: in no world that is explored is any promise ever broken, and without any one of
//! the rules one is.
//!
//! The worlds and their stories are in `shadowvol::sim::scenarios`; what the proof covers, and what
//! not, is in `core/docs/proof.md`.

mod data;
mod map;
mod player;
mod rules;
mod sets;
mod worlds;

use shadowvol::sim::{First, Limits};

/// More states than any of the worlds here has.
const LIMITS: Limits = Limits { states: 2_000_000, first: First::Deepest };
