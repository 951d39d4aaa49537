//! Reading shadow copies whole.

use shadowvol::CopyId;
use shadowvol_host::{Error, Passive};

/// A number that stands for these bytes.
pub(crate) fn digest(bytes: &[u8]) -> u64 {
    let fold = |all: u64, &byte: &u8| (all ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold)
}

/// Reads a whole shadow copy.
pub(crate) fn whole(node: &Passive, copy: CopyId) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; node.size() as usize];
    node.shadow_copy(copy)?.read(0, &mut bytes)?;
    Ok(bytes)
}
