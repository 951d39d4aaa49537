//! The engine from outside: volumes and passive nodes driven by threads and processes, compared
//! byte for byte with what was recorded at the instant of each shadow copy.
//!
//! A shadow copy is a constant, so equality with the truth of its instant is the whole oracle: a
//! stale byte is as wrong as a new one. Each module begins with its own story. Seeds are fixed;
//! `SHADOWVOL_LONG=1` runs the long forms.

mod bad_input;
mod elsewhere;
mod fork;
mod full;
mod kill;
mod many_copies;
mod model;
#[path = "../support/notes.rs"]
mod notes;
#[path = "../support/random.rs"]
mod random;
mod retention;
mod revert;
mod revert_kill;
#[path = "../support/same.rs"]
mod same;
#[path = "../support/sectors.rs"]
mod sectors;
mod support;
mod threads;
mod trace;
#[path = "../support/whole.rs"]
mod whole;
