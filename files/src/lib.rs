//! The files of an ext4 file system inside anything whose bytes can be read: a shadow copy, say.
//!
//! It reads and never writes, knows no threads and no clock, and does no I/O but
//! [`ReadAt::read_at`] on a source that each request is given. What was learnt when it was opened
//! is in the [`FileSystem`], which is plain data. So one request can be done again from its
//! beginning: who has the bytes by promises only lets it run over those that have come, brings what
//! it missed, and lets it run again. And it says *where* a file's bytes are ([`Piece`]) rather than
//! copying them.
//!
//! # Why it is here
//!
//! Because it must not be wrong. Of the readers that exist without std, `ext4-view` (1.0.0) gives
//! what lay on the disk before for space that was reserved and not yet written. It and `ext4plus`
//! (0.1.0-rc.2) replay a journal without regard to what was revoked from earlier transactions, and
//! up to the end of its ring only. A copy that is taken of a mounted file system has such journals.
//!
//! # Guarantees
//!
//! 1. If a request returned `Ok`, it is what Linux would show after mounting the source read-write,
//!    as far as checksums can tell: those of the superblock, group descriptors, inodes, extents,
//!    directories and the journal are checked where the file system has them. The bytes of files
//!    have none.
//! 2. A journal that was not replayed is replayed in memory. What it has that is not understood
//!    here is an error, and so is every feature that changes where things are.
//! 3. Nothing in the source makes it panic or go on for ever.
//!
//! # What is not there
//!
//! Extended attributes; files that are encrypted or inside their inodes; journals on other devices,
//! fast commits, meta block groups. Partition tables: slice the source.
//!
//! | file         | what is in it                                         |
//! |--------------|-------------------------------------------------------|
//! | `superblock` | what the file system is                               |
//! | `journal`    | which blocks have newer bytes in the journal          |
//! | `reader`     | blocks, as they are with the journal                  |
//! | `inode`      | a file without its name                               |
//! | `map`        | where a file's blocks are                             |
//! | `directory`  | names                                                 |
//! | `path`       | from a path to an inode, through symbolic links       |
//! | `found`      | what is there if no ext4 is                           |

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod bytes;
mod checksum;
mod directory;
mod error;
mod file_system;
mod found;
mod inode;
mod journal;
mod map;
mod path;
mod reader;
mod superblock;

pub use directory::Entry;
pub use error::{Error, Part, Problem};
pub use file_system::FileSystem;
pub use found::Found;
pub use inode::{Inode, Kind, Time};
pub use map::Piece;
pub use path::Links;
pub use shadowvol::backend::{ReadAt, Slice};
