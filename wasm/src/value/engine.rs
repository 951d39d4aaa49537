//! Shadow copies and ranges, as JavaScript sees them.

use js_sys::Array;
use shadowvol::journal::CopyInfo;
use shadowvol::{Extent, Geometry};
use wasm_bindgen::JsValue;

use super::object;

/// A shadow copy's number, label and time in milliseconds, and whether it is in the making.
pub(crate) fn copy(info: &CopyInfo) -> JsValue {
    object([
        ("id", info.id.number().into()),
        ("label", info.about.label.as_str().into()),
        ("time", (info.about.time as f64 / 1e6).into()),
        ("unfinished", info.about.is_unfinished().into()),
    ])
}

/// Ranges of bytes, each as `{offset, length}`.
pub(crate) fn extents(geometry: &Geometry, extents: &[Extent]) -> JsValue {
    let bytes = |extent: &Extent| {
        object([
            ("offset", (geometry.offset_of(extent.first) as f64).into()),
            ("length", (geometry.length_of(*extent) as f64).into()),
        ])
    };
    extents.iter().map(bytes).collect::<Array>().into()
}
