//! The shadow copies of a volume: taking, listing, comparing and deleting them.

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use shadowvol::active::{Create, Delete};
use shadowvol::journal::CopyInfo;
use shadowvol::{CopyId, Description, Error as EngineError};
use wasm_bindgen::prelude::*;

use super::{RawVolume, now};
use crate::error::Error;
use crate::node::Request;
use crate::task::{answer, start};
use crate::value;

#[wasm_bindgen]
impl RawVolume {
    /// Takes a shadow copy.
    #[wasm_bindgen(js_name = createShadowCopy)]
    pub fn create_shadow_copy(&self, label: String) -> JsValue {
        let inner = Rc::clone(&self.0);
        start(async move {
            let about = Description::new(label, now());
            let mut job = inner.node.job(Create::new(about.clone()));
            inner.request(&mut job, Request::default()).await?;
            Ok(value::copy(&CopyInfo { id: job.output()?, about }))
        })
    }

    /// Deletes shadow copies.
    #[wasm_bindgen(js_name = deleteShadowCopies)]
    pub fn delete_shadow_copies(&self, copies: Vec<u32>) -> JsValue {
        match copies.into_iter().map(number).collect() {
            Ok(copies) => self.0.begin(Delete::new(copies, now())),
            Err(error) => answer(Err(error)),
        }
    }

    /// The live shadow copies, the oldest first.
    ///
    /// # Errors
    ///
    /// When the volume is closed.
    #[wasm_bindgen(js_name = shadowCopies)]
    pub fn shadow_copies(&self) -> Result<js_sys::Array, JsValue> {
        self.0.check_open()?;
        Ok(self.0.node.with(|active| active.view().copies().map(value::copy).collect()))
    }

    /// What may differ between two copies, or one and the volume now.
    ///
    /// # Errors
    ///
    /// When one of them was deleted or never taken, or the volume is closed.
    pub fn changes(&self, since: u32, until: Option<u32>) -> Result<JsValue, JsValue> {
        self.0.check_open()?;
        let (since, until) = (number(since)?, until.map(number).transpose()?);
        let changed = self.0.node.with(|active| active.view().changes(since, until));
        Ok(value::extents(&self.0.geometry, &changed.map_err(Error::from)?))
    }
}

/// A copy's number; 0 was never one.
pub(crate) fn number(copy: u32) -> Result<CopyId, Error> {
    CopyId::new(copy).ok_or_else(|| EngineError::NoSuchCopy { copy: CopyId::MAX }.into())
}
