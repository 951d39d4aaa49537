//! The shadow copies of a volume: taking, listing, comparing and deleting them.

use alloc::string::String;
use alloc::vec::Vec;

use js_sys::Array;
use shadowvol::active::{Create, Delete};
use shadowvol::{CopyId, Description, Error as EngineError};
use wasm_bindgen::prelude::*;

use super::{RawVolume, now};
use crate::error::Error;
use crate::value;

#[wasm_bindgen]
impl RawVolume {
    /// Takes a shadow copy, `time` milliseconds after 1970. Comes to its number.
    #[wasm_bindgen(js_name = createShadowCopy)]
    #[must_use]
    pub fn create_shadow_copy(&self, label: String, time: f64) -> u32 {
        self.0.begin(Create::new(Description::new(label, (time * 1e6) as i64)))
    }

    /// Deletes shadow copies.
    #[wasm_bindgen(js_name = deleteShadowCopies)]
    #[must_use]
    pub fn delete_shadow_copies(&self, copies: Vec<u32>) -> u32 {
        match copies.into_iter().map(number).collect() {
            Ok(copies) => self.0.begin(Delete::new(copies, now())),
            Err(error) => self.0.driver.ended(Err(error)),
        }
    }

    /// The live shadow copies, the oldest first.
    #[wasm_bindgen(js_name = shadowCopies)]
    #[must_use]
    pub fn shadow_copies(&self) -> Array {
        value::copies(self.0.active.borrow().view())
    }

    /// What may differ between two copies, or one and the volume as it is.
    #[must_use]
    pub fn changes(&self, since: u32, until: Option<u32>) -> u32 {
        let inner = &self.0;
        inner.driver.ended(value::changes(
            inner.active.borrow().view(),
            &inner.geometry,
            since,
            until,
        ))
    }

    /// The shadow copy that the volume is being reverted to; 0 for none.
    #[must_use]
    pub fn reverting(&self) -> u32 {
        self.0.active.borrow().reverting().map_or(0, CopyId::number)
    }

    /// Bytes that a revert has not yet brought to the origin.
    #[must_use]
    pub fn unsettled(&self) -> f64 {
        let unsettled = self.0.active.borrow().view().all_unsettled();
        unsettled.iter().map(|&extent| self.0.geometry.length_of(extent)).sum::<u64>() as f64
    }
}

/// A copy's number; 0 was never one.
pub(crate) fn number(copy: u32) -> Result<CopyId, Error> {
    CopyId::new(copy).ok_or_else(|| EngineError::NoSuchCopy { copy: CopyId::MAX }.into())
}
