//! Shadow copies, ranges and events, which `ts/value.ts` makes objects of.

use alloc::vec::Vec;

use js_sys::Array;
use shadowvol::Geometry;
use shadowvol::journal::{CopyInfo, View};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::volume::number;

#[wasm_bindgen(raw_module = "../value.js")]
extern "C" {
    #[wasm_bindgen(js_name = copy)]
    fn copy_of(id: u32, label: &str, time: i64, unfinished: bool) -> JsValue;

    fn extent(offset: f64, length: f64) -> JsValue;

    #[wasm_bindgen(js_name = lowSpace)]
    pub(crate) fn low_space(free: f64, limit: f64) -> JsValue;

    #[wasm_bindgen(js_name = copiesDropped)]
    pub(crate) fn copies_dropped(copies: &Array) -> JsValue;
}

/// A shadow copy's number, label and time in nanoseconds, and whether it is in the making.
pub(crate) fn copy(info: &CopyInfo) -> JsValue {
    copy_of(info.id.number(), &info.about.label, info.about.time, info.about.is_unfinished())
}

/// The live shadow copies, the oldest first.
pub(crate) fn copies(view: &View) -> Array {
    view.copies().map(copy).collect()
}

/// What may differ between two copies, or one and the volume: ranges of bytes.
pub(crate) fn changes(
    view: &View,
    geometry: &Geometry,
    since: u32,
    until: Option<u32>,
) -> Result<JsValue, Error> {
    let changed = view.changes(number(since)?, until.map(number).transpose()?)?;
    let bytes = changed
        .iter()
        .map(|&of| extent(geometry.offset_of(of.first) as f64, geometry.length_of(of) as f64));
    Ok(bytes.collect::<Array>().into())
}

/// Numbers as JavaScript has them.
pub(crate) fn numbers(numbers: &[u64]) -> Vec<f64> {
    numbers.iter().map(|&number| number as f64).collect()
}
