//! A passive node: it reads shadow copies straight from the media, while another node writes.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::Cell;

use js_sys::{Array, Uint8Array};
use shadowvol::journal::{CopyInfo, Load};
use shadowvol::machine::Medium;
use shadowvol::passive::{CatchUp, Passive as State, Read, TRUST};
use shadowvol::{CopyId, Error as EngineError, Geometry};
use wasm_bindgen::prelude::*;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::medium::RawMedium;
use crate::node::{Job, Node, Request, nothing, run_alone};
use crate::perform::{Media, size_of};
use crate::task::start;
use crate::value::{self, numbers};
use crate::volume::{number, peek};

/// A passive node. Requests give their result, or the promise of one.
#[wasm_bindgen]
pub struct RawPassive(Rc<Inner>);

/// A shadow copy.
#[wasm_bindgen]
pub struct RawShadowCopy {
    inner: Rc<Inner>,
    info: CopyInfo,
}

/// A look at the state.
type Look = dyn FnOnce(&Rc<Inner>, &State) -> Result<JsValue, Error>;

struct Inner {
    node: Node<State>,
    /// The machine of the last read, for the next one.
    read: Cell<Option<Box<Job<Read>>>>,
    media: Media,
    geometry: Geometry,
    closed: Cell<bool>,
    read_bytes: Cell<u64>,
    gone: Cell<u64>,
}

#[wasm_bindgen]
impl RawPassive {
    /// Opens the shadow copies of a volume.
    pub fn open(origin: &RawMedium, diff: &RawMedium) -> JsValue {
        let media = Media { origin: origin.backend(), diff: diff.backend() };
        start(async move {
            peek(&media).await?;
            Ok(Self::load(media).await?.into())
        })
    }

    /// Bytes of the volume.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn size(&self) -> f64 {
        self.0.geometry.size as f64
    }

    /// Bytes of a chunk.
    #[wasm_bindgen(getter, js_name = chunkSize)]
    #[must_use]
    pub fn chunk_size(&self) -> f64 {
        self.0.geometry.chunk.bytes() as f64
    }

    /// Whether it was closed.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn closed(&self) -> bool {
        self.0.closed.get()
    }

    /// The live shadow copies, the oldest first.
    #[wasm_bindgen(js_name = shadowCopies)]
    pub fn shadow_copies(&self) -> JsValue {
        self.0.caught_up(|inner, state| {
            let of = |info: &CopyInfo| JsValue::from(inner.copy(info.clone()));
            Ok(state.view().copies().map(of).collect::<Array>().into())
        })
    }

    /// The shadow copy with this number; the newest finished one for 0, and nothing if there is none.
    #[wasm_bindgen(js_name = shadowCopy)]
    pub fn shadow_copy(&self, copy: u32) -> JsValue {
        self.0.caught_up(move |inner, state| {
            let found = match CopyId::new(copy) {
                Some(copy) => Some(state.view().copy(copy)?),
                None => state.view().newest_finished(),
            };
            Ok(found.map_or(JsValue::UNDEFINED, |info| inner.copy(info.clone()).into()))
        })
    }

    /// What may differ between two shadow copies.
    pub fn changes(&self, since: u32, until: u32) -> JsValue {
        self.0.caught_up(move |inner, state| {
            let changed = state.view().changes(number(since)?, Some(number(until)?))?;
            Ok(value::extents(&inner.geometry, &changed))
        })
    }

    /// What the node has done since it was opened.
    #[must_use]
    pub fn stats(&self) -> JsValue {
        let inner = &self.0;
        inner.node.with(|state| {
            let counters = state.counters();
            numbers(&[
                ("copies", state.view().copies().len() as u64),
                ("reads", counters.reads),
                ("readBytes", inner.read_bytes.get()),
                ("tailReads", counters.tail_reads),
                ("records", counters.records),
                ("redirectedChunks", counters.redirected_chunks),
                ("redirectedReads", counters.redirected_reads),
                ("restarts", counters.restarts),
                ("reloads", counters.reloads),
                ("gone", inner.gone.get()),
                ("epoch", state.superblock().epoch.0),
                ("tableChunks", state.view().table().chunks()),
                ("tableBytes", state.view().heap_bytes() as u64),
            ])
        })
    }

    /// Closes the node.
    pub fn close(&self) {
        self.0.closed.set(true);
    }
}

impl RawPassive {
    pub(crate) async fn load(media: Media) -> Result<Self, Error> {
        let loaded = run_alone(Load::new(TRUST), &media).await?;
        let geometry = loaded.superblock.geometry;
        let recorded = geometry.size;
        let found = size_of(&media.origin, Medium::Origin).await?;
        if recorded != found {
            return Err(EngineError::OriginSize { recorded, found }.into());
        }
        Ok(Self(Rc::new(Inner {
            node: Node::new(State::new(loaded)),
            read: Cell::default(),
            media,
            geometry,
            closed: Cell::new(false),
            read_bytes: Cell::new(0),
            gone: Cell::new(0),
        })))
    }
}

#[wasm_bindgen]
impl RawShadowCopy {
    /// Number, label and time.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn info(&self) -> JsValue {
        value::copy(&self.info)
    }

    /// Fills a buffer with the bytes from `offset` on, as they were.
    #[wasm_bindgen(js_name = readInto)]
    pub fn read_into(&self, offset: f64, buffer: Uint8Array, length: u32) -> JsValue {
        let (inner, buffer) = (Rc::clone(&self.inner), Buffer::new(buffer, length));
        let (copy, time) = (self.info.id, self.info.about.time);
        start(async move {
            inner.check_open()?;
            inner.geometry.check(offset as u64, buffer.len())?;
            let mut space = inner.node.space(buffer.length);
            let spare = inner.read.take();
            let mut job =
                spare.unwrap_or_else(|| Box::new(inner.node.job(Read::new(copy, 0, 0, 0))));
            job.again().begin(copy, time, offset as u64, buffer.len());
            let request = Request { data: None, user: &mut space[..buffer.length] };
            let done = inner.node.drive(&mut *job, &inner.media, request, &nothing).await;
            inner.read.set(Some(job));
            match &done {
                Ok(()) => {
                    buffer.write(0, &space[..buffer.length]);
                    inner.read_bytes.set(inner.read_bytes.get() + buffer.len());
                }
                Err(Error::Engine(EngineError::Gone { .. }, _)) => {
                    inner.gone.set(inner.gone.get() + 1);
                }
                Err(_) => {}
            }
            inner.node.keep(space);
            done.map(|()| JsValue::UNDEFINED)
        })
    }
}

impl Inner {
    fn check_open(&self) -> Result<(), Error> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    /// Looks at the state once the node has caught up with the journal.
    fn caught_up(
        self: &Rc<Self>,
        look: impl FnOnce(&Rc<Self>, &State) -> Result<JsValue, Error> + 'static,
    ) -> JsValue {
        self.catch_up(Box::new(look))
    }

    /// The same for whatever looks, so that it is in the module once.
    fn catch_up(self: &Rc<Self>, look: Box<Look>) -> JsValue {
        let inner = Rc::clone(self);
        start(async move {
            inner.check_open()?;
            let mut job = inner.node.job(CatchUp::new());
            inner.node.drive(&mut job, &inner.media, Request::default(), &nothing).await?;
            inner.node.with(|state| look(&inner, state))
        })
    }

    fn copy(self: &Rc<Self>, info: CopyInfo) -> RawShadowCopy {
        RawShadowCopy { inner: Rc::clone(self), info }
    }
}
