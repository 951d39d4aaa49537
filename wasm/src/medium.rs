//! A medium: bytes in wasm memory, or a JavaScript object.

use alloc::rc::Rc;

use js_sys::Uint8Array;
use shadowvol::backend::{Memory, Pages, ReadAt};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::perform::show;
use crate::port::Port;

/// One medium of a volume, to hand over when it is opened.
#[wasm_bindgen]
#[derive(Clone)]
pub struct RawMedium(Backend);

#[derive(Clone)]
pub(crate) enum Backend {
    Memory(Memory),
    Object(Rc<Foreign>),
}

/// A JavaScript object, and whether it may see wasm memory.
pub(crate) struct Foreign {
    pub(crate) port: Port,
    pub(crate) direct: bool,
}

#[wasm_bindgen]
impl RawMedium {
    /// So many zeros in wasm memory, growing up to a limit.
    #[must_use]
    pub fn memory(size: f64, limit: f64) -> Self {
        Self(Backend::Memory(Memory::from(Pages::with_limit(size as u64, limit as u64))))
    }

    /// A JavaScript object.
    #[must_use]
    pub fn object(port: Port) -> Self {
        let direct = port.direct();
        Self(Backend::Object(Rc::new(Foreign { port, direct })))
    }

    /// Bytes of a medium in wasm memory.
    #[must_use]
    pub fn size(&self) -> f64 {
        self.0.known_size().map_or(0.0, |size| size as f64)
    }

    /// Fills a buffer from a medium in wasm memory; false if the request reaches past the end.
    #[wasm_bindgen(js_name = readAt)]
    #[must_use]
    pub fn read_at(&self, offset: f64, buffer: Uint8Array, length: u32) -> bool {
        match &self.0 {
            Backend::Memory(memory) => {
                show(memory, offset as u64, &Buffer::new(buffer, length)).is_ok()
            }
            Backend::Object(_) => false,
        }
    }
}

impl RawMedium {
    pub(crate) fn backend(&self) -> Backend {
        self.0.clone()
    }
}

impl Backend {
    /// How many bytes it has, if nobody has to be asked.
    pub(crate) fn known_size(&self) -> Option<u64> {
        match self {
            Self::Memory(memory) => memory.size().ok(),
            Self::Object(_) => None,
        }
    }

    /// As [`ReadAt::is_never_stale`].
    pub(crate) fn is_never_stale(&self) -> bool {
        matches!(self, Self::Memory(_))
    }
}
