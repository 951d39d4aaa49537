//! The active node: many requests at once on one volume.

mod chores;
mod copies;
mod facts;
mod open;
mod revert;
mod side;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use js_sys::Uint8Array;
use shadowvol::Geometry;
use shadowvol::active::{Active, Commit, Compact, Flush, MakeRoom, Read, Seal, Settle, Write};
use shadowvol::machine::{Machine, Medium, Op, Wait};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::node::{Node, Request, Under, Work};
use crate::passive::RawPassive;
use crate::perform::{Media, read_into};
use crate::task::{Nothing, start};
pub(crate) use copies::number;
use facts::Tally;
pub(crate) use open::peek;

/// A live volume: the active node. Requests give their result, or the promise of one.
#[wasm_bindgen]
pub struct RawVolume(Rc<Inner>);

/// What the requests share.
struct Inner {
    node: Node<Active>,
    media: Media,
    geometry: Geometry,
    tally: Tally,
    events: RefCell<VecDeque<JsValue>>,
    /// The chores are being done.
    working: Cell<bool>,
    /// A compaction found no room while the journal was so large: it is tried again when it is larger.
    too_large: Cell<u64>,
    closed: Cell<bool>,
    /// A caller was told that the role has ended.
    told: Cell<bool>,
    /// Chunks that were settled since the volume was opened.
    settled: Cell<u64>,
}

#[wasm_bindgen]
impl RawVolume {
    /// Fills a buffer with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// As the promise, which says what is wrong.
    #[wasm_bindgen(js_name = readInto)]
    pub fn read_into(&self, offset: f64, buffer: Uint8Array) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move { inner.read(offset as u64, &buffer).await.map(|()| Nothing) })
    }

    /// Writes bytes from `offset` on. They must stay as they are until it is done.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn write(&self, offset: f64, data: Uint8Array) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.check_open()?;
            let length = u64::from(data.length());
            inner.tally.write(length);
            let mut job = inner.node.job(Write::new(offset as u64, length));
            let request = Request { data: Some(&data), ..Request::default() };
            inner.request(&mut job, request).await.map(|()| Nothing)
        })
    }

    /// Makes a range read as zeros.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn discard(&self, offset: f64, length: f64) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.tally.write(0);
            inner.ask(Write::discard(offset as u64, length as u64)).await.map(|()| Nothing)
        })
    }

    /// Ends when every write that ended before is durable.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn flush(&self) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.check_open()?;
            if let Some(error) = inner.node.with(|active| active.ended().cloned()) {
                return inner.tell(Err(error.into()));
            }
            inner.ask(Flush::new()).await.map(|()| Nothing)
        })
    }

    /// Writes the journal anew.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn compact(&self) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move { inner.ask(Compact::new()).await.map(|()| Nothing) })
    }

    /// A passive node on the volume's own media.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn reader(&self) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.check_open()?;
            RawPassive::load(inner.media.clone()).await
        })
    }

    /// Flushes, and gives up the role.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn close(&self) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            if inner.closed.replace(true) {
                return Ok(Nothing);
            }
            inner.seal().await.map(|()| Nothing)
        })
    }
}

impl Inner {
    fn check_open(&self) -> Result<(), Error> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    /// Notes whether the caller hears that the role has ended.
    fn tell<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if done.is_err() && self.node.with(|active| active.ended().is_some()) {
            self.told.set(true);
        }
        done
    }

    /// Fills a buffer with bytes of the volume, wherever they are.
    async fn read(self: &Rc<Self>, offset: u64, buffer: &Uint8Array) -> Result<(), Error> {
        self.check_open()?;
        let length = u64::from(buffer.length());
        self.geometry.check(offset, length)?;
        self.tally.read(length);
        let is_split = || self.node.with(|active| active.reverting().is_some());
        if !is_split() {
            let done = read_into(&self.media.origin, Medium::Origin, offset, buffer).await;
            // Unless a revert has begun meanwhile, these are the volume's.
            if done.is_err() || !is_split() {
                return done;
            }
        }
        let mut space = self.node.space(length as usize);
        let mut job = self.node.job(Read::new(offset, length));
        let request = Request { data: None, user: &mut space[..length as usize] };
        let done = self.request(&mut job, request).await;
        if done.is_ok() {
            buffer.copy_from(&space[..length as usize]);
        }
        self.node.keep(space);
        done
    }

    /// Drives a machine that has no bytes of a caller.
    async fn ask<M: Machine<Shared = Active, Op = Op>>(
        self: &Rc<Self>,
        machine: M,
    ) -> Result<M::Output, Error> {
        let mut job = self.node.job(machine);
        self.request(&mut job, Request::default()).await?;
        job.output()
    }

    /// Drives a caller's machine; whoever waits for a commit does it, for all who wait.
    fn request<'a>(
        self: &'a Rc<Self>,
        work: &'a mut (dyn Work + 'a),
        request: Request<'a>,
    ) -> Under<'a, ()> {
        Box::pin(async move {
            self.check_open()?;
            let serve = |wait| self.serve(wait);
            let done = self.node.drive(work, &self.media, request, &serve).await;
            self.begin_chores();
            self.tell(done)
        })
    }

    fn serve<'a>(self: &'a Rc<Self>, wait: Wait) -> Under<'a, ()> {
        Box::pin(async move {
            match wait {
                // A creation with a gate waits there by itself.
                Wait::Turn | Wait::Gate => Ok(()),
                Wait::Commit => self.run_inner(Commit::new()).await,
                Wait::Room(slots) => {
                    if self.node.with(|active| active.could_shrink()) {
                        // Without room for it, the diff area grows, or copies go, or nothing helps.
                        let _ = self.run_inner(Compact::within_room()).await;
                    }
                    self.run_inner(MakeRoom::new(slots, now())).await
                }
                Wait::Settle(extent) => self.settle(Settle::within(extent)).await.map(drop),
            }
        })
    }

    /// Drives a machine that another one waits for.
    async fn run_inner<M: Machine<Shared = Active, Op = Op>>(
        self: &Rc<Self>,
        machine: M,
    ) -> Result<M::Output, Error> {
        let serve = |wait| self.serve(wait);
        let mut job = self.node.job(machine);
        self.node.drive(&mut job, &self.media, Request::default(), &serve).await?;
        job.output()
    }

    async fn seal(self: &Rc<Self>) -> Result<(), Error> {
        self.node.wait_until(|active| active.close_to_writes() || active.ended().is_some()).await;
        self.node.wait_until(|_| !self.working.get()).await;
        self.collect_events();
        if let Some(error) = self.node.with(|active| active.ended().cloned()) {
            return if self.told.get() { Ok(()) } else { Err(error.into()) };
        }
        self.run_inner(Flush::new()).await?;
        self.run_inner(Seal::new([0; 32])).await
    }
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    (js_sys::Date::now() * 1e6) as i64
}
