//! Ranges of a volume in bytes.

use shadowvol::{Extent, Geometry};

/// A range of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteExtent {
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub length: u64,
}

/// The bytes of these chunks, without what lies behind the end of the volume.
pub(crate) fn byte_extents(geometry: &Geometry, extents: &[Extent]) -> Vec<ByteExtent> {
    let bytes = |extent: &Extent| ByteExtent {
        offset: geometry.offset_of(extent.first),
        length: geometry.length_of(*extent),
    };
    extents.iter().map(bytes).collect()
}
