//! The active node: many requests at once on one volume.
//!
//! A request gives its number, with which `ts/driver.ts` goes on, or 0 if it is done.

mod chores;
mod copies;
mod facts;
mod open;
mod side;

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use js_sys::Uint8Array;
use shadowvol::active::{
    Active, Commit, Compact, Flush, MakeRoom, Read, Revert, Seal, Settle, Write,
};
use shadowvol::machine::{Machine, Medium, Wait};
use shadowvol::{Error as EngineError, Geometry, IoKind};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::driver::{Driver, Request, Serve};
use crate::medium::Backend;
use crate::perform::show;
use crate::work::{Job, Operation, Output, Work};
pub(crate) use copies::number;

/// A live volume: the active node.
#[wasm_bindgen]
pub struct RawVolume(Rc<Inner>);

/// What the requests share.
struct Inner {
    driver: Rc<Driver>,
    active: Rc<RefCell<Active>>,
    geometry: Geometry,
    /// The machines of the last write and commit, for the next ones.
    write: Cell<Option<Box<Job<Write>>>>,
    commit: Cell<Option<Box<Job<Commit>>>>,
}

#[wasm_bindgen]
impl RawVolume {
    /// Fills a buffer with the bytes from `offset` on. While no revert is under way, an origin that is a
    /// JavaScript object is read without this.
    #[wasm_bindgen(js_name = readInto)]
    #[must_use]
    pub fn read_into(&self, offset: f64, buffer: Uint8Array, length: u32) -> u32 {
        let inner = &self.0;
        let (offset, buffer) = (offset as u64, Buffer::new(buffer, length));
        if let Err(error) = inner.geometry.check(offset, buffer.len()) {
            return inner.driver.ended(Err(error.into()));
        }
        match &inner.driver.media.origin {
            Backend::Memory(memory) if inner.active.borrow().reverting().is_none() => {
                match show(memory, offset, &buffer) {
                    Ok(()) => 0,
                    Err(_) => {
                        let error = EngineError::Io { what: IoKind::Read, medium: Medium::Origin };
                        inner.driver.ended(Err(error.into()))
                    }
                }
            }
            _ => {
                let read = Read::new(offset, buffer.len());
                let mut request = inner.request();
                request.read_into(buffer);
                inner.driver.begin(Box::new(inner.job(read)), request)
            }
        }
    }

    /// Writes bytes from `offset` on. They must stay as they are until it is done.
    #[must_use]
    pub fn write(&self, offset: f64, data: Uint8Array, length: u32) -> u32 {
        let inner = &self.0;
        let data = Buffer::new(data, length);
        let spare = inner.write.take();
        let mut job = spare.unwrap_or_else(|| Box::new(inner.job(Write::new(0, 0))));
        job.again().begin(offset as u64, data.len());
        let mut request = inner.request();
        request.data = Some(data);
        inner.driver.begin_again(job, request, &inner.write)
    }

    /// Makes a range read as zeros.
    #[must_use]
    pub fn discard(&self, offset: f64, length: f64) -> u32 {
        self.0.begin(Write::discard(offset as u64, length as u64))
    }

    /// Ends when every write that ended before is durable.
    #[must_use]
    pub fn flush(&self) -> u32 {
        self.0.begin(Flush::new())
    }

    /// Writes the journal anew.
    #[must_use]
    pub fn compact(&self) -> u32 {
        self.0.begin(Compact::new())
    }

    /// Begins a revert to a shadow copy, or goes on with one.
    #[must_use]
    pub fn revert(&self, copy: u32) -> u32 {
        match number(copy) {
            Ok(copy) => self.0.begin(Revert::new(copy)),
            Err(error) => self.0.driver.ended(Err(error)),
        }
    }

    /// Brings some bytes of a revert to the origin. Comes to whether there are more.
    #[must_use]
    pub fn settle(&self) -> u32 {
        self.0.begin(Settle::new())
    }

    /// Gives up the role.
    #[must_use]
    pub fn seal(&self) -> u32 {
        self.0.begin(Seal::new([0; 32]))
    }
}

impl Inner {
    fn job<M: Machine<Shared = Active>>(&self, machine: M) -> Job<M> {
        Job::new(machine, &self.active)
    }

    fn request(self: &Rc<Self>) -> Box<Request> {
        self.driver.request(Some(Rc::clone(self) as Rc<dyn Serve>))
    }

    fn begin<M>(self: &Rc<Self>, machine: M) -> u32
    where
        M: Machine<Shared = Active, Op: Operation, Output: Into<Output>> + 'static,
    {
        self.begin_work(Box::new(self.job(machine)))
    }

    fn begin_work(self: &Rc<Self>, work: Box<dyn Work>) -> u32 {
        self.driver.begin(work, self.request())
    }

    /// Whoever waits for a commit does it, for all who wait.
    fn commit(self: &Rc<Self>) -> u32 {
        let spare = self.commit.take();
        let mut job = spare.unwrap_or_else(|| Box::new(self.job(Commit::new())));
        job.again().begin();
        self.driver.begin_again(job, self.request(), &self.commit)
    }
}

impl Serve for Inner {
    fn serve(self: Rc<Self>, wait: Wait) -> u32 {
        match wait {
            // None of these is anything to begin.
            Wait::Turn | Wait::Barrier | Wait::Gate | Wait::Yield => 0,
            Wait::Commit => self.commit(),
            Wait::Room(slots) => self.begin(MakeRoom::new(slots, now())),
            Wait::Settle(extent) => self.begin(Settle::within(extent)),
        }
    }
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    (js_sys::Date::now() * 1e6) as i64
}
