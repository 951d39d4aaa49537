//! A volume in a folder: programs that know nothing of it read and write it as a file, and read its
//! shadow copies as files.
//!
//! What is written through the folder is in the volume, and what is written, discarded or reverted
//! beside the folder is seen in it at once. Copies come and go as the volume has them. Folders that
//! cannot be mounted on are refused with a word on what to do, and however a mount ends, nothing is
//! left of it.
//!
//! This needs /dev/fuse and the right to mount; where they are missing the tests say that nothing was
//! tested, and pass.
#![cfg(target_os = "linux")]

mod bed;
mod copies;
mod ends;
mod live;
#[path = "../support/random.rs"]
mod random;
mod refusals;
