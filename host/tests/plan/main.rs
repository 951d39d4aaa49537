//! The planner from outside: traces as tools write them, and plans against plain sets and against
//! the engine itself.
//!
//! A plan says what a real volume would have had in use, so a real volume is the oracle, with sets
//! of chunks between the two to tell which one is wrong. Each module begins with its own story.

mod engine;
mod formats;
mod golden;
#[path = "../support/random.rs"]
#[expect(dead_code, reason = "others need more of it")]
mod random;
mod recording;
mod sets;
mod support;
#[path = "../support/tiny_disk.rs"]
mod tiny_disk;
