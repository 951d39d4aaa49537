//! What requests come to, as plain JavaScript objects.

use js_sys::{Array, Object, Reflect};
use shadowvol::journal::CopyInfo;
use shadowvol::{Extent, Geometry};
use wasm_bindgen::JsValue;

/// An object with these properties.
pub(crate) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // A fresh object takes any property.
        let _ = Reflect::set(&object, &name.into(), &value);
    }
    object.into()
}

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
