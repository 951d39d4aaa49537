//! Working space for machines.

use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::mem;
use core::ops::{Deref, DerefMut};

/// Where long working space begins: at a multiple of this. Direct I/O asks for it, and the kernel copies
/// to and from other places at half the speed.
const ALIGNMENT: usize = 4096;

/// Bytes that a machine works in, and that its driver keeps for the next one.
///
/// ```
/// use shadowvol::machine::Scratch;
/// let mut scratch = Scratch::new();
/// scratch.reach(10_000);
/// assert_eq!(scratch[..], [0; 10_000]);
/// ```
#[derive(Debug, Default)]
pub struct Scratch {
    memory: Vec<u8>,
    /// Where the bytes begin in it.
    start: usize,
}

impl Scratch {
    /// No bytes, and no memory.
    #[must_use]
    pub const fn new() -> Self {
        Self { memory: Vec::new(), start: 0 }
    }

    /// Makes it this long at least, with zeros behind what there is.
    #[inline]
    pub fn reach(&mut self, length: usize) {
        if self.len() < length {
            self.extend(length);
        }
    }

    fn extend(&mut self, length: usize) {
        if self.memory.capacity() < self.start + length {
            let spare = if length < ALIGNMENT { 0 } else { ALIGNMENT - 1 };
            let mut memory = Vec::<u8>::with_capacity(length + spare);
            // Further off than the spare memory reaches is nowhere.
            let start = memory.as_ptr().align_offset(ALIGNMENT);
            let start = if start <= spare { start } else { 0 };
            memory.resize(start, 0);
            memory.extend_from_slice(self);
            *self = Self { memory, start };
        }
        self.memory.resize(self.start + length, 0);
    }

    /// Forgets its bytes, and keeps its memory.
    pub fn clear(&mut self) {
        self.memory.truncate(self.start);
    }

    /// Takes these bytes in the place of its own, and gives its memory for them.
    pub(crate) fn take(&mut self, bytes: &mut Vec<u8>) {
        self.start = 0;
        mem::swap(&mut self.memory, bytes);
        bytes.clear();
    }
}

impl Deref for Scratch {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..]
    }
}

impl From<Vec<u8>> for Scratch {
    fn from(memory: Vec<u8>) -> Self {
        Self { memory, start: 0 }
    }
}

impl Clone for Scratch {
    fn clone(&self) -> Self {
        Self::from(self.to_vec())
    }
}

impl PartialEq for Scratch {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for Scratch {}

impl Hash for Scratch {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_begins_at_a_multiple_and_keeps_its_bytes() {
        let mut scratch = Scratch::new();
        for length in [1, 100, ALIGNMENT - 1, ALIGNMENT, 3 * ALIGNMENT, 1 << 20] {
            scratch.reach(length);
            assert_eq!(scratch.len(), length);
            assert!(length < ALIGNMENT || scratch.as_ptr().addr().is_multiple_of(ALIGNMENT));
            assert!(scratch[..length - 1].iter().all(|byte| matches!(byte, 0 | 7)));
            scratch[length - 1] = 7;
            assert_eq!(scratch.clone(), scratch);
        }
        assert_eq!(scratch.iter().filter(|byte| **byte == 7).count(), 6);
        scratch.reach(5);
        assert_eq!(scratch.len(), 1 << 20, "it gets no shorter");
        scratch.clear();
        assert!(scratch.is_empty());
        scratch.reach(ALIGNMENT);
        assert!(scratch.as_ptr().addr().is_multiple_of(ALIGNMENT));
        assert!(scratch.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn bytes_and_memory_change_places() {
        let mut scratch = Scratch::new();
        scratch.reach(2 * ALIGNMENT);
        let mut bytes = Vec::from([1, 2, 3]);
        scratch.take(&mut bytes);
        assert_eq!(scratch[..], [1, 2, 3]);
        assert!(bytes.is_empty() && bytes.capacity() >= 2 * ALIGNMENT);
    }
}
