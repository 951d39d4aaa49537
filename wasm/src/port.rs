//! A medium of JavaScript's, as the class `Port` in `ts/port.ts` shows it.
//!
//! Each method gives what it comes to, or the promise of that; none throws. Views of wasm memory are for
//! the time of the call: they are cut off when that grows.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    pub type Port;

    /// Whether it answers at once and keeps no buffer.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn direct(this: &Port) -> bool;

    /// Gives so many bytes, in a buffer of their own.
    #[wasm_bindgen(method)]
    pub(crate) fn read(this: &Port, offset: f64, length: u32) -> JsValue;

    /// Fills a view of wasm memory, if it is direct.
    #[wasm_bindgen(method)]
    pub(crate) fn fill(this: &Port, offset: f64, buffer: &mut [u8]) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn write(this: &Port, offset: f64, data: &Uint8Array) -> JsValue;

    /// Writes bytes of wasm memory.
    #[wasm_bindgen(method)]
    pub(crate) fn store(this: &Port, offset: f64, data: &[u8]) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn barrier(this: &Port) -> JsValue;

    /// Gives the size afterwards.
    #[wasm_bindgen(method)]
    pub(crate) fn grow(this: &Port, size: f64) -> JsValue;

    #[wasm_bindgen(method)]
    pub(crate) fn punch(this: &Port, offset: f64, length: f64) -> JsValue;
}
