//! What a volume is, what it has done since it was opened, and the room in its diff area.

use core::cell::Cell;

use wasm_bindgen::prelude::*;

use super::RawVolume;
use crate::value::numbers;

/// Requests, counted.
#[derive(Default)]
pub(super) struct Tally {
    reads: Cell<u64>,
    read_bytes: Cell<u64>,
    writes: Cell<u64>,
    written_bytes: Cell<u64>,
}

impl Tally {
    pub(super) fn read(&self, bytes: u64) {
        self.reads.set(self.reads.get() + 1);
        self.read_bytes.set(self.read_bytes.get() + bytes);
    }

    pub(super) fn write(&self, bytes: u64) {
        self.writes.set(self.writes.get() + 1);
        self.written_bytes.set(self.written_bytes.get() + bytes);
    }
}

#[wasm_bindgen]
impl RawVolume {
    /// Bytes of the volume.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn size(&self) -> f64 {
        self.0.geometry.size as f64
    }

    /// Bytes of a chunk.
    #[wasm_bindgen(getter, js_name = chunkSize)]
    #[must_use]
    pub fn chunk_size(&self) -> f64 {
        self.0.geometry.chunk.bytes() as f64
    }

    /// Whether it was closed.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn closed(&self) -> bool {
        self.0.closed.get()
    }

    /// The error that ended the role, if it has ended.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn ended(&self) -> JsValue {
        let ended = self.0.node.with(|active| active.ended().cloned());
        ended.map_or(JsValue::UNDEFINED, |error| crate::error::Error::from(error).into())
    }

    /// What the volume has done, and its space.
    #[must_use]
    pub fn stats(&self) -> JsValue {
        let inner = &self.0;
        let chunk = inner.geometry.chunk.bytes();
        inner.node.with(|active| {
            let (counters, space) = (active.counters(), active.space());
            numbers(&[
                ("copies", active.view().copies().len() as u64),
                ("reads", inner.tally.reads.get()),
                ("readBytes", inner.tally.read_bytes.get()),
                ("writes", inner.tally.writes.get()),
                ("writtenBytes", inner.tally.written_bytes.get()),
                ("preservedBytes", (counters.preserved_chunks - counters.zero_chunks) * chunk),
                ("zeroBytes", counters.zero_chunks * chunk),
                ("records", active.records()),
                ("journalBytes", counters.journal_bytes),
                ("barriers", counters.commits),
                ("compactions", counters.compactions),
                ("epoch", active.epoch().0),
                ("tableChunks", active.view().table().chunks()),
                ("tableBytes", active.view().heap_bytes() as u64),
                ("usedBytes", space.used),
                ("freeBytes", space.free),
                ("limit", space.limit),
                ("capacity", space.capacity),
            ])
        })
    }
}
