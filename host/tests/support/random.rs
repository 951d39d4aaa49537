//! Numbers that look random and are the same for the same seed.

/// Whether the long forms are wanted.
pub(crate) fn is_long() -> bool {
    std::env::var_os("SHADOWVOL_LONG").is_some_and(|value| value != "0")
}

/// The generator (SplitMix64).
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A range in a volume: sometimes a sector, sometimes most of it.
    pub(crate) fn range(&mut self, size: u64, most: u64) -> (u64, usize) {
        let offset = self.below(size);
        let length = self.below(most.min(size - offset) + 1);
        (offset, length as usize)
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.next().to_le_bytes()[..part.len()]);
        }
        bytes
    }
}
