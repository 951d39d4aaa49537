//! Giving the volume the bytes of a shadow copy, by ordinary writes.

use shadowvol::CopyId;

use super::Volume;
use crate::error::Error;
use crate::extent::ByteExtent;

/// Bytes that are carried at once.
const PIECE: u64 = 1 << 20;

impl Volume {
    /// Gives the volume the bytes of a shadow copy. Every copy stays as it is: what they need of
    /// the present content is preserved. `progress` hears the bytes done and the bytes to do, and
    /// ends it by returning false.
    ///
    /// When it fails half way, the volume is a mixture of both states: do it again.
    ///
    /// # Errors
    ///
    /// As [`Volume::write`], and when the copy was deleted or never taken.
    pub fn revert(
        &self,
        copy: CopyId,
        mut progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<(), Error> {
        let source = self.reader()?.shadow_copy(copy)?;
        let changes = self.changes(copy, None)?;
        let total = changes.iter().map(|extent| extent.length).sum();
        let mut bytes = vec![0; PIECE.min(self.size()) as usize];
        let mut done = 0;
        for ByteExtent { offset, length } in changes {
            let mut at = offset;
            while at < offset + length {
                let len = (offset + length - at).min(PIECE) as usize;
                source.read(at, &mut bytes[..len])?;
                self.write(at, &bytes[..len])?;
                at += len as u64;
                done += len as u64;
                if !progress(done, total) {
                    return Err(Error::Cancelled);
                }
            }
        }
        self.flush()
    }
}
