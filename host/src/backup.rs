//! Backups of shadow copies in a repository: deduplicated, compressed, and complete each by itself.

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
mod work;
mod writer;

pub use base::Needed;
pub use error::RepositoryError;
pub use keep::Keep;
pub use manifest::{Backup, BackupId, Kind, Listing, Manifest};
pub use prune::{PruneOptions, PruneReport};
pub use repository::{BackupOptions, Repository};
pub use restore::RestoreOptions;
pub use verify::VerifyReport;
