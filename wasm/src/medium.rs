//! A medium: bytes in wasm memory, or a JavaScript object.

use alloc::format;
use alloc::rc::Rc;

use js_sys::Uint8Array;
use shadowvol::backend::{Memory, Pages, ReadAt};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::object::Object;
use crate::perform::show;

/// One medium of a volume, to hand over when it is opened.
#[wasm_bindgen]
#[derive(Clone)]
pub struct RawMedium(Backend);

#[derive(Clone)]
pub(crate) enum Backend {
    Memory(Memory),
    Object(Rc<Foreign>),
}

/// A JavaScript object, and what it can do.
pub(crate) struct Foreign {
    pub(crate) object: Object,
    pub(crate) direct: bool,
    pub(crate) grows: bool,
    pub(crate) punches: bool,
}

#[wasm_bindgen]
impl RawMedium {
    /// So many zeros in wasm memory, growing up to a limit.
    #[must_use]
    pub fn memory(size: f64, limit: f64) -> Self {
        Self(Backend::Memory(Memory::from(Pages::with_limit(size as u64, limit as u64))))
    }

    /// A JavaScript object.
    ///
    /// # Errors
    ///
    /// When it lacks a method that its role asks for.
    pub fn object(object: JsValue, name: &str, writable: bool) -> Result<Self, JsValue> {
        let object: Object = object.unchecked_into();
        let needed: &[&str] =
            if writable { &["size", "readAt", "writeAt", "barrier"] } else { &["size", "readAt"] };
        for method in needed {
            if !object.has(method) {
                let message = format!("the {name} has no method {method}; see the type Medium");
                return Err(Error::Other("bad-medium", message).into());
            }
        }
        let (direct, grows, punches) =
            (object.is_direct(), object.has("grow"), object.has("punch"));
        Ok(Self(Backend::Object(Rc::new(Foreign { object, direct, grows, punches }))))
    }

    /// Bytes of a medium in wasm memory.
    #[must_use]
    pub fn size(&self) -> f64 {
        match &self.0 {
            Backend::Memory(memory) => memory.size().map_or(0.0, |size| size as f64),
            Backend::Object(_) => 0.0,
        }
    }

    /// Fills a buffer from a medium in wasm memory.
    ///
    /// # Errors
    ///
    /// When the request reaches past the end.
    #[wasm_bindgen(js_name = readAt)]
    pub fn read_at(&self, offset: f64, buffer: Uint8Array, length: u32) -> Result<(), JsValue> {
        let Backend::Memory(memory) = &self.0 else { return Ok(()) };
        let done = show(memory, offset as u64, &Buffer::new(buffer, length));
        Ok(done.map_err(|error| Error::Other("out-of-range", format!("{error}")))?)
    }
}

impl RawMedium {
    pub(crate) fn backend(&self) -> Backend {
        self.0.clone()
    }
}
