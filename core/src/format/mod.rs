//! The on-media format: pure parsing and emitting, no I/O. `core/docs/format.md` specifies it.

pub mod checksum;
