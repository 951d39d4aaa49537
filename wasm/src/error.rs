//! Errors as JavaScript's: a class with a `kind`, and what each kind says about itself.

#[cfg(feature = "engine")]
mod engine;

#[cfg(any(feature = "set", feature = "sim", feature = "files"))]
use alloc::string::String;

use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../error.js")]
extern "C" {
    /// Makes the error that people catch, with the numbers that belong to its kind.
    #[wasm_bindgen(js_name = errorOf)]
    fn error_of(kind: &str, message: &str, numbers: &[f64], cause: &JsValue) -> JsValue;
}

/// Why a request was refused or failed.
pub(crate) enum Error {
    /// The engine refused, or a medium failed and this is what it said.
    #[cfg(feature = "engine")]
    Engine(shadowvol::Error, JsValue),
    /// Another kind, with a message.
    #[cfg(any(feature = "set", feature = "sim", feature = "files"))]
    Other(&'static str, String),
    /// What a function of the caller has thrown.
    #[cfg(feature = "engine")]
    Thrown(JsValue),
}

#[cfg(feature = "engine")]
impl From<shadowvol::Error> for Error {
    fn from(error: shadowvol::Error) -> Self {
        Self::Engine(error, JsValue::UNDEFINED)
    }
}

impl From<Error> for JsValue {
    fn from(error: Error) -> Self {
        match error {
            #[cfg(any(feature = "set", feature = "sim", feature = "files"))]
            Error::Other(kind, message) => error_of(kind, &message, &[], &Self::UNDEFINED),
            #[cfg(feature = "engine")]
            Error::Engine(error, cause) => engine::translate(&error, &cause),
            #[cfg(feature = "engine")]
            Error::Thrown(thrown) => thrown,
        }
    }
}
