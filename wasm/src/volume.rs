//! The active node: many requests at once on one volume.

mod chores;
mod copies;
mod facts;
mod open;
mod revert;
mod side;

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use js_sys::{Array, Uint8Array};
use shadowvol::active::{Active, Commit, Compact, Flush, MakeRoom, Read, Seal, Settle, Write};
use shadowvol::machine::{Machine, Medium, Op, Wait};
use shadowvol::{Error as EngineError, Geometry, IoKind};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::medium::Backend;
use crate::node::{Job, Node, Request, Under, Work};
use crate::passive::RawPassive;
use crate::perform::{Media, read_into, said, show};
use crate::task::{answer, start};
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
    /// The machines of the last write and commit, for the next ones.
    write: Cell<Option<Box<Job<Write>>>>,
    commit: Cell<Option<Box<Job<Commit>>>>,
    tally: Tally,
    events: RefCell<Array>,
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
    #[wasm_bindgen(js_name = readInto)]
    pub fn read_into(&self, offset: f64, buffer: Uint8Array, length: u32) -> JsValue {
        let (offset, buffer) = (offset as u64, Buffer::new(buffer, length));
        match self.0.read_at_once(offset, &buffer) {
            Ok(true) => return JsValue::UNDEFINED,
            Ok(false) => {}
            Err(error) => return answer(Err(error)),
        }
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.read(offset, &buffer).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Writes bytes from `offset` on. They must stay as they are until it is done.
    pub fn write(&self, offset: f64, data: Uint8Array, length: u32) -> JsValue {
        let (inner, data) = (Rc::clone(&self.0), Buffer::new(data, length));
        start(async move {
            inner.check_open()?;
            inner.tally.write(data.len());
            let spare = inner.write.take();
            let mut job = spare.unwrap_or_else(|| Box::new(inner.node.job(Write::new(0, 0))));
            job.again().begin(offset as u64, data.len());
            let request = Request { data: Some(&data), ..Request::default() };
            let done = inner.request(&mut *job, request).await;
            inner.write.set(Some(job));
            done.map(|()| JsValue::UNDEFINED)
        })
    }

    /// Makes a range read as zeros.
    pub fn discard(&self, offset: f64, length: f64) -> JsValue {
        self.0.tally.write(0);
        self.0.begin(Write::discard(offset as u64, length as u64))
    }

    /// Ends when every write that ended before is durable.
    pub fn flush(&self) -> JsValue {
        if let Some(error) = self.0.node.with(|active| active.ended().cloned()) {
            let closed = self.0.check_open();
            return answer(closed.and_then(|()| self.0.tell(Err(error.into()))));
        }
        self.0.begin(Flush::new())
    }

    /// Writes the journal anew.
    pub fn compact(&self) -> JsValue {
        self.0.begin(Compact::new())
    }

    /// A passive node on the volume's own media.
    pub fn reader(&self) -> JsValue {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.check_open()?;
            Ok(RawPassive::load(inner.media.clone()).await?.into())
        })
    }

    /// Flushes, and gives up the role.
    pub fn close(&self) -> JsValue {
        let inner = Rc::clone(&self.0);
        start(async move {
            if !inner.closed.replace(true) {
                inner.seal().await?;
            }
            Ok(JsValue::UNDEFINED)
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

    /// Fills a buffer with bytes of the volume, if they are in wasm memory; says whether they are.
    fn read_at_once(&self, offset: u64, buffer: &Buffer) -> Result<bool, Error> {
        self.check_open()?;
        self.geometry.check(offset, buffer.len())?;
        self.tally.read(buffer.len());
        match &self.media.origin {
            Backend::Memory(memory) if !self.is_split() => {
                let fail = EngineError::Io { what: IoKind::Read, medium: Medium::Origin };
                show(memory, offset, buffer).map_err(|error| Error::Engine(fail, said(&error)))?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Whether a revert is under way: the volume's bytes are in two places.
    fn is_split(&self) -> bool {
        self.node.with(|active| active.reverting().is_some())
    }

    /// Fills a buffer with bytes of the volume, wherever they are.
    async fn read(self: &Rc<Self>, offset: u64, buffer: &Buffer) -> Result<(), Error> {
        if !self.is_split() {
            let done = read_into(&self.media.origin, Medium::Origin, offset, buffer).await;
            // Unless a revert has begun meanwhile, these are the volume's.
            if done.is_err() || !self.is_split() {
                return done;
            }
        }
        let mut space = self.node.space(buffer.length);
        let mut job = self.node.job(Read::new(offset, buffer.len()));
        let request = Request { data: None, user: &mut space[..buffer.length] };
        let done = self.request(&mut job, request).await;
        if done.is_ok() {
            buffer.write(0, &space[..buffer.length]);
        }
        self.node.keep(space);
        done
    }

    /// Begins a caller's request that comes to nothing but its end.
    fn begin<M: Machine<Shared = Active, Op = Op> + 'static>(
        self: &Rc<Self>,
        machine: M,
    ) -> JsValue {
        self.begin_work(Box::new(self.node.job(machine)))
    }

    /// The same for machines whose kind is forgotten, so that it is in the module once.
    fn begin_work(self: &Rc<Self>, mut work: Box<dyn Work>) -> JsValue {
        let inner = Rc::clone(self);
        start(async move {
            inner.request(&mut *work, Request::default()).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Drives a caller's machine; whoever waits for a commit does it, for all who wait.
    async fn request(
        self: &Rc<Self>,
        work: &mut dyn Work,
        request: Request<'_>,
    ) -> Result<(), Error> {
        self.check_open()?;
        let serve = |wait| self.serve(wait);
        let done = self.node.drive(work, &self.media, request, &serve).await;
        self.begin_chores();
        self.tell(done)
    }

    fn serve<'a>(self: &'a Rc<Self>, wait: Wait) -> Under<'a, ()> {
        Box::pin(async move {
            let mut work: Box<dyn Work> = match wait {
                // A creation with a gate waits there by itself, and nobody else runs meanwhile.
                Wait::Turn | Wait::Barrier | Wait::Gate | Wait::Yield => return Ok(()),
                Wait::Commit => {
                    let spare = self.commit.take();
                    let mut job = spare.unwrap_or_else(|| Box::new(self.node.job(Commit::new())));
                    job.again().begin();
                    let done = self.run_inner(&mut *job).await;
                    self.commit.set(Some(job));
                    return done;
                }
                Wait::Room(slots) => Box::new(self.node.job(MakeRoom::new(slots, now()))),
                Wait::Settle(extent) => return self.settle(Settle::within(extent)).await.map(drop),
            };
            self.run_inner(&mut *work).await
        })
    }

    /// Drives a machine that another one waits for.
    async fn run_inner(self: &Rc<Self>, work: &mut dyn Work) -> Result<(), Error> {
        let serve = |wait| self.serve(wait);
        self.node.drive(work, &self.media, Request::default(), &serve).await
    }

    async fn seal(self: &Rc<Self>) -> Result<(), Error> {
        self.node.wait_until(|active| active.close_to_writes() || active.ended().is_some()).await;
        self.node.wait_until(|_| !self.working.get()).await;
        self.collect_events();
        if let Some(error) = self.node.with(|active| active.ended().cloned()) {
            return if self.told.get() { Ok(()) } else { Err(error.into()) };
        }
        self.run_inner(&mut self.node.job(Flush::new())).await?;
        self.run_inner(&mut self.node.job(Seal::new([0; 32]))).await
    }
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    (js_sys::Date::now() * 1e6) as i64
}
