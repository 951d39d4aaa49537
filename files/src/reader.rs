//! Blocks, as they are with what the journal has of them.

use alloc::vec;
use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use crate::error::{Error, Part};
use crate::journal::Replayed;
use crate::superblock::Superblock;

/// A source and what is known of it.
pub(crate) struct Reader<'a, S> {
    pub(crate) source: &'a S,
    pub(crate) superblock: &'a Superblock,
    pub(crate) replayed: &'a Replayed,
}

impl<S: ReadAt> Reader<'_, S> {
    /// The bytes of a block.
    pub(crate) fn block(&self, number: u64) -> Result<Vec<u8>, Error<S::Error>> {
        match self.replayed.newer(number) {
            Some(newer) => {
                let mut bytes = self.raw_block(newer.place)?;
                self.replayed.check(newer, &mut bytes)?;
                Ok(bytes)
            }
            None => self.raw_block(number),
        }
    }

    /// The bytes of a block, whatever the journal says.
    pub(crate) fn raw_block(&self, number: u64) -> Result<Vec<u8>, Error<S::Error>> {
        let Superblock { block_size, blocks, .. } = *self.superblock;
        if number >= blocks {
            return Err(Part::Block.damaged(number).into());
        }
        let mut bytes = vec![0; block_size as usize];
        self.source.read_at(number * block_size, &mut bytes).map_err(Error::Source)?;
        Ok(bytes)
    }
}
