//! The on-media format: pure parsing and emitting, no I/O.
//!
//! A parser never trusts what it reads: bytes that do not verify are `None`, "nothing is here";
//! bytes that verify but cannot be are [`Error::Corrupt`](crate::Error::Corrupt). No byte string
//! makes it panic.
#![doc = include_str!("../../docs/format.md")]

mod bytes;
pub mod checksum;
pub mod record;
pub mod superblock;
