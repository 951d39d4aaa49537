//! Reverting the volume to a shadow copy, in place and while it is in use.

use alloc::rc::Rc;
use alloc::vec::Vec;

use js_sys::Function;
use shadowvol::active::{Delete, Revert, Settle, Settled};
use shadowvol::{CopyId, Error as EngineError};
use wasm_bindgen::prelude::*;

use super::copies::number;
use super::{Inner, RawVolume, now};
use crate::error::Error;
use crate::node::Request;
use crate::task::start;

#[wasm_bindgen]
impl RawVolume {
    /// Reverts the volume to a shadow copy, or goes on with that.
    pub fn revert(&self, copy: u32, drop_newer: bool, progress: Option<Function>) -> JsValue {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.revert(number(copy)?, drop_newer, progress.as_ref()).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// The shadow copy that the volume is being reverted to; 0 for none.
    #[must_use]
    pub fn reverting(&self) -> u32 {
        self.0.node.with(|active| active.reverting().map_or(0, CopyId::number))
    }
}

impl Inner {
    async fn revert(
        self: &Rc<Self>,
        copy: CopyId,
        drop_newer: bool,
        progress: Option<&Function>,
    ) -> Result<(), Error> {
        self.check_open()?;
        if drop_newer {
            let newer = self.newer_than(copy)?;
            if !newer.is_empty() {
                let mut job = self.node.job(Delete::new(newer, now()));
                self.request(&mut job, Request::default()).await?;
            }
        }
        self.request(&mut self.node.job(Revert::new(copy)), Request::default()).await?;
        let chunk = self.geometry.chunk.bytes();
        let before = self.settled.get();
        let total = self.node.with(|active| {
            let unsettled = active.view().all_unsettled();
            unsettled.iter().map(|&extent| active.geometry().length_of(extent)).sum::<u64>()
        });
        loop {
            self.check_open()?;
            let settled = self.settle(Settle::new()).await;
            if !self.tell(settled)?.more {
                return Ok(());
            }
            let done = ((self.settled.get() - before) * chunk).min(total);
            let Some(progress) = progress else { continue };
            let goes_on = progress
                .call2(&JsValue::UNDEFINED, &(done as f64).into(), &(total as f64).into())
                .map_err(Error::Thrown)?;
            if goes_on == JsValue::FALSE {
                let message = "the revert was paused; revert to the same copy to go on with it";
                return Err(Error::Other("cancelled", message.into()));
            }
        }
    }

    fn newer_than(&self, copy: CopyId) -> Result<Vec<CopyId>, Error> {
        self.node.with(|active| {
            active.view().copy(copy)?;
            if let Some(other) = active.reverting().filter(|&other| other != copy) {
                return Err(EngineError::Reverting { copy: other }.into());
            }
            let copies = active.view().copies().map(|info| info.id);
            Ok(copies.filter(|&other| other > copy).collect())
        })
    }

    /// Brings some bytes to the origin.
    pub(super) async fn settle(self: &Rc<Self>, settle: Settle) -> Result<Settled, Error> {
        let mut job = self.node.job(settle);
        self.run_inner(&mut job).await?;
        let settled = job.output()?;
        self.settled.set(self.settled.get() + settled.chunks);
        Ok(settled)
    }
}
