//! Discarding. Much of a large range may be zeros, which take no room once they are known to be: all
//! of a sparse volume can be discarded with little.

use shadowvol::Error as EngineError;
use shadowvol::active::{Active, Write};
use shadowvol::format::superblock::OnFull;

use super::Volume;
use crate::error::Error;
use crate::trace::Change;

/// Bytes that a large discard preserves at once.
const LEAST_PIECE: u64 = 1 << 20;
const GREATEST_PIECE: u64 = 64 << 20;

impl Volume {
    /// Makes a range read as zeros, and gives back its space where that is possible.
    ///
    /// # Errors
    ///
    /// As [`Volume::write`].
    pub fn discard(&self, offset: u64, length: u64) -> Result<(), Error> {
        self.check_open()?;
        self.preserve_ahead(offset, length)?;
        let done = self.tell(self.inner.run_one(&mut Write::discard(offset, length)));
        self.inner.noted(done, Change::Discard { offset, length })
    }

    /// Preserves in pieces what a large discard is about to overwrite, so that it need not ask for
    /// room for all of it at once.
    fn preserve_ahead(&self, offset: u64, length: u64) -> Result<(), Error> {
        if length <= LEAST_PIECE {
            return Ok(());
        }
        self.inner.geometry.check(offset, length)?;
        let mut most = GREATEST_PIECE;
        let mut done = 0;
        while done < length {
            let piece = self.inner.node.with(|active| room_ahead(active) / 4);
            let piece = piece.clamp(LEAST_PIECE, most).min(length - done);
            match self.inner.run_one(&mut Write::ahead(offset + done, piece)) {
                Err(error) if piece > LEAST_PIECE && is_full(&error) => {
                    most = (piece / 2).max(LEAST_PIECE);
                }
                ended => {
                    self.tell(ended)?;
                    done += piece;
                }
            }
        }
        Ok(())
    }
}

/// Room that can be asked for without harm: where copies go for want of it, only what is there.
fn room_ahead(active: &Active) -> u64 {
    let space = active.space();
    match active.superblock().on_full {
        OnFull::FailWrite => space.free,
        OnFull::DropOldest => space.capacity - space.used,
    }
}

fn is_full(error: &Error) -> bool {
    matches!(error.engine(), Some(EngineError::DiffAreaFull { .. }))
}
