//! What requests come to, as plain JavaScript objects.

#[cfg(feature = "engine")]
mod engine;

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;

#[cfg(feature = "engine")]
pub(crate) use engine::{copy, extents};

/// An object with these properties.
pub(crate) fn object<const N: usize>(properties: [(&str, JsValue); N]) -> JsValue {
    fill(&properties)
}

/// An object with these numbers.
#[cfg(feature = "engine")]
pub(crate) fn numbers(numbers: &[(&str, u64)]) -> JsValue {
    let object = Object::new();
    for &(name, number) in numbers {
        let _ = Reflect::set(&object, &name.into(), &JsValue::from_f64(number as f64));
    }
    object.into()
}

fn fill(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // A fresh object takes any property.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}
