//! Backups of shadow copies in a repository: deduplicated, compressed, and complete each by itself.
//!
//! A backup is made through a [`ShadowCopy`](crate::ShadowCopy), that is, by a passive node: it
//! runs beside the active one, in another process or on another host. It cuts the volume into
//! chunks, stores those that the repository does not have, and then a map of their names, which is
//! a tree. A backup that builds on another reads only what the engine says has changed since, and
//! takes the rest of its map from there. From outside in:
//!
//! 1. [`Repository`] is what is used: made, opened, listed, added to, restored from, verified,
//!    pruned. What a backup builds on is chosen in `base`, what a pruning keeps in `keep`.
//! 2. `take`, `restore`, `verify` and `prune` go through maps (`tree`), in parallel (`work`).
//! 3. `store` and `writer` have chunks by their names: `index` and its `table`s say where they are.
//! 4. `pack` and `blob` are bytes on the disk, `folder` and `lock` what keeps writers apart.
//!
//! What holds: if [`Repository::backup`] returned, the backup survives the loss of power. If
//! [`Repository::restore`] returned, what it wrote is what the shadow copy was. Memory does not grow
//! with the volume but by the list of what has changed, and two thousandths of the index.
//!
//! # The format
#![doc = include_str!("../docs/repository.md")]

mod base;
mod blob;
mod config;
mod error;
mod folder;
mod hash;
mod index;
mod keep;
mod lock;
mod manifest;
mod pack;
mod prune;
mod repository;
mod restore;
mod store;
mod table;
mod take;
mod tree;
mod verify;
pub(crate) mod work;
mod writer;

pub use base::Needed;
pub use error::RepositoryError;
pub use keep::Keep;
pub use manifest::{Backup, BackupId, Kind, Listing, Manifest};
pub use prune::{PruneOptions, PruneReport};
pub use repository::{BackupOptions, Repository};
pub use restore::RestoreOptions;
pub use verify::VerifyReport;
