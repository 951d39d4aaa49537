//! Hostile and random inputs for the engine.
//!
//! Each target is a function of bytes that panics when a promise is broken. The programs in
//! `fuzz_targets` hand it what a fuzzer finds (`make fuzz`); the tests hand it bytes with a seed
//! and every input in `regressions`, so that all of it runs under a stable compiler too.
//!
//! | target | what the bytes become | what must hold |
//! |---|---|---|
//! | [`files`] | an image with a file system, or what was one | an error or an end; bounded work and memory |
//! | [`opening`] | a diff area, from a real one or from nothing | an error or sound behaviour; bounded work and memory |
//! | [`records`] | superblocks and records | what parses is emitted as what parses to the same |
//! | [`sequence`] | operations, faults and crashes | what byte arrays would do |

mod damage;
mod files;
mod forge;
mod image;
mod number;
mod opening;
mod random;
mod records;
mod sequence;

pub use files::files;
pub use opening::opening;
pub use random::Random;
pub use records::records;
pub use sequence::sequence;
