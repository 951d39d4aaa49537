//! A passive node: it reads shadow copies straight from the media, while another node writes.

use alloc::rc::Rc;
use core::cell::Cell;

use js_sys::Uint8Array;
use shadowvol::journal::{CopyInfo, Load};
use shadowvol::machine::Medium;
use shadowvol::passive::{CatchUp, Passive as State, Read, TRUST};
use shadowvol::{CopyId, Error as EngineError, Geometry};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::medium::RawMedium;
use crate::node::{Node, Request, nothing, run_alone};
use crate::perform::{Media, size_of};
use crate::task::{Nothing, start};
use crate::value::{self, object};
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

struct Inner {
    node: Node<State>,
    media: Media,
    geometry: Geometry,
    closed: Cell<bool>,
    read_bytes: Cell<u64>,
    gone: Cell<u64>,
}

#[wasm_bindgen]
impl RawPassive {
    /// Opens the shadow copies of a volume.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn open(origin: &RawMedium, diff: &RawMedium) -> Result<JsValue, JsValue> {
        let media = Media { origin: origin.backend(), diff: diff.backend() };
        start(async move {
            peek(&media).await?;
            Self::load(media).await
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
    ///
    /// # Errors
    ///
    /// As the promise.
    #[wasm_bindgen(js_name = shadowCopies)]
    pub fn shadow_copies(&self) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.catch_up().await?;
            let copies: js_sys::Array = inner.node.with(|state| {
                let of = |info: &CopyInfo| JsValue::from(inner.copy(info.clone()));
                state.view().copies().map(of).collect()
            });
            Ok(copies)
        })
    }

    /// The shadow copy with this number; the newest finished one for 0, and nothing if there is none.
    ///
    /// # Errors
    ///
    /// As the promise.
    #[wasm_bindgen(js_name = shadowCopy)]
    pub fn shadow_copy(&self, copy: u32) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.catch_up().await?;
            let found = inner.node.with(|state| match CopyId::new(copy) {
                Some(copy) => state.view().copy(copy).cloned().map(Some),
                None => Ok(state.view().newest_finished().cloned()),
            })?;
            Ok(found.map_or(JsValue::UNDEFINED, |info| inner.copy(info).into()))
        })
    }

    /// What may differ between two shadow copies.
    ///
    /// # Errors
    ///
    /// As the promise.
    pub fn changes(&self, since: u32, until: u32) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.0);
        start(async move {
            inner.catch_up().await?;
            let (since, until) = (number(since)?, number(until)?);
            let changed = inner.node.with(|state| state.view().changes(since, Some(until)))?;
            Ok(value::extents(&inner.geometry, &changed))
        })
    }

    /// What the node has done since it was opened.
    #[must_use]
    pub fn stats(&self) -> JsValue {
        let inner = &self.0;
        let of = |number: u64| JsValue::from(number as f64);
        inner.node.with(|state| {
            let counters = state.counters();
            object([
                ("copies", of(state.view().copies().len() as u64)),
                ("reads", of(counters.reads)),
                ("readBytes", of(inner.read_bytes.get())),
                ("tailReads", of(counters.tail_reads)),
                ("records", of(counters.records)),
                ("redirectedChunks", of(counters.redirected_chunks)),
                ("redirectedReads", of(counters.redirected_reads)),
                ("restarts", of(counters.restarts)),
                ("reloads", of(counters.reloads)),
                ("gone", of(inner.gone.get())),
                ("epoch", of(state.superblock().epoch.0)),
                ("tableChunks", of(state.view().table().chunks())),
                ("tableBytes", of(state.view().heap_bytes() as u64)),
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
    ///
    /// # Errors
    ///
    /// As the promise.
    #[wasm_bindgen(js_name = readInto)]
    pub fn read_into(&self, offset: f64, buffer: Uint8Array) -> Result<JsValue, JsValue> {
        let inner = Rc::clone(&self.inner);
        let (copy, time) = (self.info.id, self.info.about.time);
        start(async move {
            inner.check_open()?;
            let length = u64::from(buffer.length());
            inner.geometry.check(offset as u64, length)?;
            let mut space = inner.node.space(length as usize);
            let mut job = inner.node.job(Read::new(copy, time, offset as u64, length));
            let request = Request { data: None, user: &mut space[..length as usize] };
            let done = inner.node.drive(&mut job, &inner.media, request, &nothing).await;
            match &done {
                Ok(()) => {
                    buffer.copy_from(&space[..length as usize]);
                    inner.read_bytes.set(inner.read_bytes.get() + length);
                }
                Err(Error::Engine(EngineError::Gone { .. }, _)) => {
                    inner.gone.set(inner.gone.get() + 1);
                }
                Err(_) => {}
            }
            inner.node.keep(space);
            done.map(|()| Nothing)
        })
    }
}

impl Inner {
    fn check_open(&self) -> Result<(), Error> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    async fn catch_up(&self) -> Result<(), Error> {
        self.check_open()?;
        self.node.run(CatchUp::new(), &self.media).await.map(drop)
    }

    fn copy(self: &Rc<Self>, info: CopyInfo) -> RawShadowCopy {
        RawShadowCopy { inner: Rc::clone(self), info }
    }
}
