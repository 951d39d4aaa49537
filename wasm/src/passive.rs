//! A passive node: it reads shadow copies straight from the media, while another node writes.
//!
//! A request gives its number, with which `ts/driver.ts` goes on, or 0 if it is done.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};

use js_sys::{Array, Uint8Array};
use shadowvol::CopyId;
use shadowvol::journal::{Load, Loaded};
use shadowvol::passive::{CatchUp, Passive, Read, TRUST};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::driver::{Driver, RawDriver};
use crate::error::Error;
use crate::value::{self, numbers};
use crate::work::Job;

/// A passive node.
#[wasm_bindgen]
pub struct RawPassive {
    driver: Rc<Driver>,
    state: Rc<RefCell<Passive>>,
    /// The machine of the last read, for the next one.
    read: Cell<Option<Box<Job<Read>>>>,
}

#[wasm_bindgen]
impl RawDriver {
    /// Opens the shadow copies of a volume. Comes to a [`RawPassive`].
    #[must_use]
    pub fn load(&self) -> u32 {
        self.run(Load::new(TRUST))
    }
}

impl RawPassive {
    pub(crate) fn new(driver: &Rc<Driver>, loaded: Loaded) -> Self {
        let passive = Passive::new(loaded).with_never_stale(driver.media.diff.is_never_stale());
        let state = Rc::new(RefCell::new(passive));
        Self { driver: Rc::clone(driver), state, read: Cell::default() }
    }
}

#[wasm_bindgen]
impl RawPassive {
    /// Bytes of the volume.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn size(&self) -> f64 {
        self.state.borrow().geometry().size as f64
    }

    /// Bytes of a chunk.
    #[wasm_bindgen(getter, js_name = chunkSize)]
    #[must_use]
    pub fn chunk_size(&self) -> f64 {
        self.state.borrow().geometry().chunk.bytes() as f64
    }

    /// Follows the journal to its end.
    #[wasm_bindgen(js_name = catchUp)]
    #[must_use]
    pub fn catch_up(&self) -> u32 {
        let job = Box::new(Job::new(CatchUp::new(), &self.state));
        self.driver.begin(job, self.driver.request(None))
    }

    /// The live shadow copies, the oldest first.
    #[wasm_bindgen(js_name = shadowCopies)]
    #[must_use]
    pub fn shadow_copies(&self) -> Array {
        value::copies(self.state.borrow().view())
    }

    /// The shadow copy with this number; the newest finished one for 0, and nothing if there is none.
    #[wasm_bindgen(js_name = shadowCopy)]
    #[must_use]
    pub fn shadow_copy(&self, copy: u32) -> u32 {
        let state = self.state.borrow();
        let found = match CopyId::new(copy) {
            Some(copy) => state.view().copy(copy).map(Some),
            None => Ok(state.view().newest_finished()),
        };
        let told = found.map(|info| info.map_or(JsValue::UNDEFINED, value::copy));
        self.driver.ended(told.map_err(Error::from))
    }

    /// What may differ between two shadow copies.
    #[must_use]
    pub fn changes(&self, since: u32, until: u32) -> u32 {
        let state = self.state.borrow();
        self.driver.ended(value::changes(state.view(), state.geometry(), since, Some(until)))
    }

    /// Fills a buffer with the bytes of a copy from `offset` on, as they were.
    #[wasm_bindgen(js_name = readInto)]
    #[must_use]
    pub fn read_into(
        &self,
        copy: u32,
        time: i64,
        offset: f64,
        buffer: Uint8Array,
        length: u32,
    ) -> u32 {
        let (offset, buffer) = (offset as u64, Buffer::new(buffer, length));
        let checked = self.state.borrow().geometry().check(offset, buffer.len());
        let copy = match checked.map_err(Error::from).and_then(|()| crate::volume::number(copy)) {
            Ok(copy) => copy,
            Err(error) => return self.driver.ended(Err(error)),
        };
        let spare = self.read.take();
        let mut job =
            spare.unwrap_or_else(|| Box::new(Job::new(Read::new(copy, 0, 0, 0), &self.state)));
        job.again().begin(copy, time, offset, buffer.len());
        let mut request = self.driver.request(None);
        request.read_into(buffer);
        self.driver.begin_again(job, request, &self.read)
    }

    /// What the node has done since it was opened, in the order of `STATS` in `ts/passive.ts`.
    #[must_use]
    pub fn stats(&self) -> Vec<f64> {
        let state = self.state.borrow();
        let counters = state.counters();
        numbers(&[
            state.view().copies().len() as u64,
            counters.reads,
            counters.tail_reads,
            counters.records,
            counters.redirected_chunks,
            counters.redirected_reads,
            counters.restarts,
            counters.reloads,
            state.superblock().epoch.0,
            state.view().table().chunks(),
            state.view().heap_bytes() as u64,
        ])
    }
}
