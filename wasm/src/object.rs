//! A JavaScript object as a medium: what it must have, and how its methods are called.
//!
//! Its methods get memory of JavaScript's own, because a view of wasm memory would be cut off when
//! that grows, and could be kept. An object that answers at once and keeps nothing says so
//! (`direct`), and is given such views: it spares a copy.

use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// An object with the methods of `Medium` in `ts/medium.ts`.
    #[derive(Clone)]
    pub(crate) type Object;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn size(this: &Object) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = readAt)]
    pub(crate) fn read(this: &Object, offset: f64, buffer: &Uint8Array)
    -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = readAt)]
    pub(crate) fn fill(this: &Object, offset: f64, buffer: &mut [u8]) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = writeAt)]
    pub(crate) fn write(this: &Object, offset: f64, data: &Uint8Array) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch, js_name = writeAt)]
    pub(crate) fn store(this: &Object, offset: f64, data: &[u8]) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn barrier(this: &Object) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn grow(this: &Object, size: f64) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn punch(this: &Object, offset: f64, length: f64) -> Result<JsValue, JsValue>;
}

impl Object {
    /// Whether it has this method.
    pub(crate) fn has(&self, method: &str) -> bool {
        Reflect::get(self, &method.into()).is_ok_and(|found| found.is_function())
    }

    /// Whether it answers at once and keeps no buffer.
    pub(crate) fn is_direct(&self) -> bool {
        Reflect::get(self, &"direct".into()).is_ok_and(|found| found == JsValue::TRUE)
    }
}
