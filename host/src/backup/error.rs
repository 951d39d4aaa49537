//! What can be wrong with a backup repository, or with what is asked of it.

use std::path::{Path, PathBuf};

/// An error of a backup repository.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepositoryError {
    /// The folder holds no repository.
    #[error("{} is no backup repository: make one there first", path.display())]
    NotARepository {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a repository, or anything else, already.
    #[error("{} is not empty: a new repository needs a folder of its own", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The repository was made by a version that this one does not know.
    #[error("the repository has format {found}, and this program knows {known}: use a newer one")]
    UnknownFormat {
        /// The repository's.
        found: u32,
        /// This program's.
        known: u32,
    },
    /// Others work with the repository, and what was asked for must be alone with it.
    #[error("{} is in use by a backup, a restore or a pruning: try again afterwards", path.display())]
    Busy {
        /// The repository.
        path: PathBuf,
    },
    /// No backup has this name.
    #[error("there is no backup {name}: list the backups for their names")]
    NoSuchBackup {
        /// What was asked for.
        name: String,
    },
    /// The beginning of a name is that of several backups.
    #[error("{name} begins the names of several backups: write more of it")]
    Ambiguous {
        /// What was asked for.
        name: String,
    },
    /// A file of the repository is damaged.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not agree.
        what: &'static str,
    },
    /// A chunk that a backup needs is in no pack of the repository.
    #[error("chunk {hash} is missing: no whole pack has it")]
    Missing {
        /// The chunk's name.
        hash: String,
    },
    /// What should be overwritten is smaller than the volume.
    #[error("{} has {found} bytes, and the volume {needed}", path.display())]
    TooSmall {
        /// The device or image.
        path: PathBuf,
        /// Bytes of the volume.
        needed: u64,
        /// Bytes that there are.
        found: u64,
    },
    /// Overwriting an origin behind the engine's back would spoil its shadow copies.
    #[error(
        "{} has shadow copies that this would spoil: restore to another path, or remove its \
         diff area first", path.display()
    )]
    HasShadowCopies {
        /// The image.
        path: PathBuf,
    },
}

impl RepositoryError {
    /// A damaged file.
    pub(crate) fn damaged(path: &Path, what: &'static str) -> Self {
        Self::Damaged { path: path.to_owned(), what }
    }
}
