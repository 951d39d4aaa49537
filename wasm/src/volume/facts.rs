//! What a volume is, what it has done since it was opened, and the room in its diff area.

use alloc::vec::Vec;

use wasm_bindgen::prelude::*;

use super::RawVolume;
use crate::error::Error;
use crate::value::numbers;

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

    /// The error that ended the role, if it has ended.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn ended(&self) -> JsValue {
        let ended = self.0.active.borrow().ended().cloned();
        ended.map_or(JsValue::UNDEFINED, |error| Error::from(error).into())
    }

    /// What the volume has done, and its space, in the order of `STATS` in `ts/volume.ts`.
    #[must_use]
    pub fn stats(&self) -> Vec<f64> {
        let chunk = self.0.geometry.chunk.bytes();
        let active = self.0.active.borrow();
        let (counters, space) = (active.counters(), active.space());
        numbers(&[
            active.view().copies().len() as u64,
            (counters.preserved_chunks - counters.zero_chunks) * chunk,
            counters.zero_chunks * chunk,
            active.records(),
            counters.journal_bytes,
            counters.commits,
            counters.compactions,
            active.epoch().0,
            active.view().table().chunks(),
            active.view().heap_bytes() as u64,
            space.used,
            space.free,
            space.limit,
            space.capacity,
        ])
    }
}
