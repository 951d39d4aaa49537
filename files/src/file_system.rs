//! The face of it all.

use alloc::vec;
use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use crate::directory::Entry;
use crate::error::{Error, Part, Problem};
use crate::found::Found;
use crate::inode::{Inode, Kind};
use crate::journal::Replayed;
use crate::map::Piece;
use crate::path::Links;
use crate::reader::Reader;
use crate::superblock::{self, Superblock};

/// An ext4 file system. It holds no source: each request is given the one that it was opened in,
/// whose bytes must not have changed since.
#[derive(Clone, Debug)]
pub struct FileSystem {
    superblock: Superblock,
    replayed: Replayed,
}

impl FileSystem {
    /// The file system that begins at the source's first byte.
    ///
    /// # Errors
    ///
    /// [`Problem::NotExt4`] if none does, [`Problem::Unsupported`] and [`Problem::Damaged`] if it
    /// cannot be read, or what the source says.
    pub fn open<S: ReadAt>(source: &S) -> Result<Self, Error<S::Error>> {
        let size = source.size().map_err(Error::Source)?;
        let found = if size < superblock::PLACE + superblock::BYTES as u64 {
            None
        } else {
            let mut bytes = vec![0; superblock::BYTES];
            source.read_at(superblock::PLACE, &mut bytes).map_err(Error::Source)?;
            Superblock::parse(&bytes)?
        };
        let Some(superblock) = found else {
            let found = Found::look(source).map_err(Error::Source)?;
            return Err(Problem::NotExt4 { found }.into());
        };
        let mut file_system = Self { superblock, replayed: Replayed::default() };
        if let Some(inode) = file_system.superblock.journal {
            let reader = file_system.reader(source);
            let journal = reader.inode(inode)?;
            file_system.replayed = Replayed::of(&reader, &journal)?;
            // The journal may have a newer superblock, too.
            let damaged = Part::Superblock.damaged(0_u32);
            let reader = file_system.reader(source);
            let block = reader.block(superblock::PLACE / file_system.superblock.block_size)?;
            let at = (superblock::PLACE % file_system.superblock.block_size) as usize;
            let bytes = block.get(at..at + superblock::BYTES).ok_or(damaged)?;
            file_system.superblock = Superblock::parse(bytes)?.ok_or(damaged)?;
        }
        let Superblock { blocks, block_size, .. } = file_system.superblock;
        if blocks * block_size > size {
            return Err(Part::Superblock.damaged(0_u32).into());
        }
        Ok(file_system)
    }

    /// Its name; empty if it has none.
    #[must_use]
    pub fn label(&self) -> &[u8] {
        let label = &self.superblock.label;
        label.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    /// Its identity.
    #[must_use]
    pub fn uuid(&self) -> [u8; 16] {
        self.superblock.uuid
    }

    /// How many blocks are read from the journal instead, because it had not been replayed.
    #[must_use]
    pub fn replayed(&self) -> usize {
        self.replayed.len()
    }

    /// The file at a path, which begins at the root.
    ///
    /// # Errors
    ///
    /// When there is none, or it cannot be reached.
    pub fn find<S: ReadAt>(
        &self,
        source: &S,
        path: &[u8],
        links: Links,
    ) -> Result<Inode, Error<S::Error>> {
        self.reader(source).find(path, links)
    }

    /// The inode with this number, as [`Entry`] has it.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn inode<S: ReadAt>(&self, source: &S, number: u32) -> Result<Inode, Error<S::Error>> {
        self.reader(source).inode(number)
    }

    /// The names in a directory, in no order, without `.` and `..`.
    ///
    /// # Errors
    ///
    /// When it is none, or it cannot be read.
    pub fn list<S: ReadAt>(
        &self,
        source: &S,
        directory: &Inode,
    ) -> Result<Vec<Entry>, Error<S::Error>> {
        self.reader(source).list(directory)
    }

    /// What a symbolic link has in it.
    ///
    /// # Errors
    ///
    /// When it is none, or it cannot be read.
    pub fn target<S: ReadAt>(&self, source: &S, link: &Inode) -> Result<Vec<u8>, Error<S::Error>> {
        self.reader(source).target(link)
    }

    /// Where bytes of a file are, in order: `length` from `offset` on, or those up to its end.
    ///
    /// # Errors
    ///
    /// When it is no regular file, or where they are cannot be read.
    pub fn pieces<S: ReadAt>(
        &self,
        source: &S,
        file: &Inode,
        offset: u64,
        length: u64,
    ) -> Result<Vec<Piece>, Error<S::Error>> {
        match file.kind {
            Kind::File => self.reader(source).pieces(file, offset, length),
            Kind::Directory => Err(Problem::IsADirectory.into()),
            _ => Err(Problem::Special.into()),
        }
    }

    fn reader<'a, S>(&'a self, source: &'a S) -> Reader<'a, S> {
        Reader { source, superblock: &self.superblock, replayed: &self.replayed }
    }
}
