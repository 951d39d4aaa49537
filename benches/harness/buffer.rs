//! Memory that direct I/O takes.

use core::ops::{Deref, DerefMut};

/// As direct I/O wants it on any device.
const ALIGN: usize = 4096;

/// Bytes that begin at a multiple of 4 KiB.
#[derive(Debug)]
pub struct Buffer {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl Buffer {
    /// So many of this byte.
    #[must_use]
    pub fn new(length: usize, byte: u8) -> Self {
        let memory = vec![byte; length + ALIGN];
        let start = memory.as_ptr().addr().next_multiple_of(ALIGN) - memory.as_ptr().addr();
        Self { memory, start, length }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}
