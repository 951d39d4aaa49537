//! What an operating system gives: files and devices, threads, barriers, locks.
//!
//! [`Volume`] is the active node of a volume, [`Passive`] a passive one; both drive the step
//! machines of [`shadowvol`] with the caller's threads. Below them lie the media: [`File`],
//! [`ReadOnlyFile`], [`SharedMemory`], or any backend of your own. [`Fork`] is a copy that can be
//! written to, [`Files`] the files inside a copy. [`set`] takes copies of several volumes at one
//! instant, with the applications that use them.

pub mod backup;
mod check;
pub mod checksum;
mod clock;
mod error;
#[cfg(feature = "schedules")]
#[doc(hidden)]
pub mod explored;
mod extent;
pub mod file;
mod files;
mod fork;
pub mod identity;
mod image;
pub mod lock;
mod media;
mod memory;
#[cfg(target_os = "linux")]
pub mod mount;
mod node;
pub mod owner;
mod partial;
mod passive;
pub mod plan;
pub mod set;
pub mod stamp;
mod sync;
pub mod trace;
mod volume;

pub use check::{CheckReport, Finding, check};
pub use error::Error;
pub use extent::ByteExtent;
pub use file::{Caching, Durability, File, FileError, FileOptions, Mapping, ReadOnlyFile};
pub use files::Files;
pub use fork::{Fork, ForkOptions};
pub use image::Format;
pub use media::{BoxError, Media, ReadMedia, Source, Target};
pub use memory::SharedMemory;
pub use passive::{CopyOptions, Passive, PassiveOptions, PassiveStats, ShadowCopy};
pub use volume::{
    CreateOptions, DropReason, Event, OnEvent, OnExternalWrite, OpenOptions, RevertOptions, Volume,
    VolumeStats, diff_path,
};
