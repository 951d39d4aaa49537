//! Files and devices as media, on what this machine has: a disk, memory, a loop device, a file
//! system of 2 MiB.
//!
//! Every way of opening runs the one conformance suite. What the suite cannot know is shown beside
//! it: two writers to one block of direct I/O lose nothing, a full disk is told as full, a passive
//! is never answered from a cache that another host does not share, and of two actives on one host
//! one is refused. Tests that need root, a loop device or bindfs say so and pass where there is none.

mod conformance;
mod device;
mod full;
mod lock;
mod open;
mod place;
#[cfg(target_os = "linux")]
mod remote;
mod sharing;
mod stamp;
#[path = "../support/tiny_disk.rs"]
mod tiny_disk;
