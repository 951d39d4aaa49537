//! What can go wrong, as values to match on. Who knows the path adds it.

use core::fmt;

use crate::found::Found;

/// A request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error<E> {
    /// The source could not be read.
    #[error(transparent)]
    Source(E),
    /// There is something in the source, or in the request, that does not let it be done.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// What is in the way of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There is no ext4 file system.
    #[error("no ext4 file system begins here, but {found}")]
    NotExt4 {
        /// What is there instead.
        found: Found,
    },
    /// The file system, or the file, has something that is not read here.
    #[error("this has {feature}, which cannot be read here: mount a fork of the copy instead")]
    Unsupported {
        /// What it is.
        feature: &'static str,
    },
    /// Something contradicts its checksum or itself.
    #[error(
        "the file system is damaged: {part} {number} is not as it must be; \
         run e2fsck on a fork of the copy"
    )]
    Damaged {
        /// What is damaged.
        part: Part,
        /// Which one.
        number: u64,
    },
    /// There is no file of this name.
    #[error("there is no such file")]
    NoSuchFile,
    /// A part of the path, or all of it, should be a directory.
    #[error("this is no directory")]
    NotADirectory,
    /// A directory has no bytes to read.
    #[error("this is a directory; list it")]
    IsADirectory,
    /// Devices, pipes and sockets have no bytes in the file system.
    #[error("this is no regular file but a device, a pipe or a socket")]
    Special,
    /// Only symbolic links have a target.
    #[error("this is no symbolic link")]
    NotALink,
    /// Symbolic links lead to each other.
    #[error("there are too many symbolic links on the way")]
    TooManyLinks,
}

/// A part of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The superblock, number 0.
    Superblock,
    /// The descriptor of the group with this number.
    Group,
    /// The inode with this number.
    Inode,
    /// The list of extents or blocks of the inode with this number.
    Map,
    /// The directory with this inode.
    Directory,
    /// The journal, at its block with this number.
    Journal,
    /// The block with this number.
    Block,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Superblock => "superblock",
            Self::Group => "group",
            Self::Inode => "inode",
            Self::Map => "the list of blocks of inode",
            Self::Directory => "the directory of inode",
            Self::Journal => "the journal's block",
            Self::Block => "block",
        })
    }
}

impl Part {
    pub(crate) fn damaged(self, number: impl Into<u64>) -> Problem {
        Problem::Damaged { part: self, number: number.into() }
    }
}
