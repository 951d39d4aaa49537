//! What an operating system gives: files and devices, threads, barriers, locks.

pub mod checksum;
pub mod file;
pub mod identity;
pub mod lock;
mod memory;
pub mod stamp;

pub use file::{Caching, Durability, File, FileError, FileOptions, ReadOnlyFile};
pub use memory::SharedMemory;
