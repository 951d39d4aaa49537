//! Errors as JavaScript's: a class with a `kind`, and what each kind says about itself.

#[cfg(feature = "engine")]
mod engine;

use alloc::string::String;

use js_sys::Object;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "../error.js")]
extern "C" {
    /// The class that people catch.
    type ShadowvolError;

    #[wasm_bindgen(constructor)]
    fn new(kind: &str, message: &str, facts: &Object, cause: &JsValue) -> ShadowvolError;
}

/// Why a request was refused or failed.
pub(crate) enum Error {
    /// The engine refused, or a medium failed and this is what it said.
    #[cfg(feature = "engine")]
    Engine(shadowvol::Error, JsValue),
    /// Another kind, with a message.
    Other(&'static str, String),
    /// What a function of the caller has thrown.
    #[cfg(feature = "engine")]
    Thrown(JsValue),
}

impl Error {
    #[cfg(feature = "engine")]
    pub(crate) fn closed() -> Self {
        Self::Other("closed", "it is closed; open it again".into())
    }
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
            Error::Other(kind, message) => {
                ShadowvolError::new(kind, &message, &Object::new(), &Self::UNDEFINED).into()
            }
            #[cfg(feature = "engine")]
            Error::Engine(error, cause) => engine::translate(&error, &cause),
            #[cfg(feature = "engine")]
            Error::Thrown(thrown) => thrown,
        }
    }
}
