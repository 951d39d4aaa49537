//! Backups from outside: volumes that are written, backed up, damaged, killed and restored, and
//! compared byte for byte with what they were.
//!
//! A backup is a constant as its shadow copy is, so equality with the truth of the instant is the
//! oracle here, too. Each module begins with its own story. Seeds are fixed; `SHADOWVOL_LONG=1` runs
//! the long forms.

mod bases;
mod damage;
#[cfg(target_os = "linux")]
mod holes;
mod images;
mod kill;
mod model;
mod prune;
#[path = "../support/random.rs"]
mod random;
mod reader;
#[path = "../support/same.rs"]
mod same;
mod support;
mod together;
