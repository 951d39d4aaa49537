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
    numbers.iter().for_each(|&(name, number)| set_number(&object, name, number));
    object.into()
}

/// Gives a fresh object a number.
#[cfg(feature = "engine")]
pub(crate) fn set_number(object: &Object, name: &str, number: u64) {
    set(object, name, &JsValue::from_f64(number as f64));
}

fn fill(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    properties.iter().for_each(|(name, value)| set(&object, name, value));
    object.into()
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A fresh object takes any property.
    let _ = Reflect::set(object, &name.into(), value);
}
