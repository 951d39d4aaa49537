//! Buffers of JavaScript's, from which and to which bytes are copied.

use core::ops::Range;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../memory.js")]
extern "C" {
    fn pull(from: &Uint8Array, start: u32, length: u32, address: *mut u8);

    fn push(into: &Uint8Array, start: u32, length: u32, address: *const u8);
}

/// A buffer of the caller's. It stays in JavaScript's memory, and each question about it costs a call
/// there: so its length comes with it.
pub(crate) struct Buffer {
    pub(crate) bytes: Uint8Array,
    pub(crate) length: usize,
}

impl Buffer {
    pub(crate) const fn new(bytes: Uint8Array, length: u32) -> Self {
        Self { bytes, length: length as usize }
    }

    pub(crate) const fn len(&self) -> u64 {
        self.length as u64
    }

    /// Copies bytes of it, from `start` on.
    pub(crate) fn read(&self, start: usize, into: &mut [u8]) {
        pull(&self.bytes, start as u32, into.len() as u32, into.as_mut_ptr());
    }

    /// Overwrites bytes of it, from `start` on.
    pub(crate) fn write(&self, start: usize, bytes: &[u8]) {
        push(&self.bytes, start as u32, bytes.len() as u32, bytes.as_ptr());
    }

    /// Turns bytes of it into zeros.
    pub(crate) fn clear(&self, range: Range<usize>) {
        self.bytes.fill(0, range.start as u32, range.end as u32);
    }

    /// Shows a part of it; a view is made only where that is not all.
    pub(crate) fn part<T>(&self, range: Range<usize>, see: impl FnOnce(&Uint8Array) -> T) -> T {
        match range.len() == self.length {
            true => see(&self.bytes),
            false => see(&self.bytes.subarray(range.start as u32, range.end as u32)),
        }
    }
}
