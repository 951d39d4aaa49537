//! The operations of machines, done to media: at once, or as promises that are all under way.

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::ops::Range;

use js_sys::{Promise, Reflect, Uint8Array};
use shadowvol::backend::{Memory, MemoryError, ReadAt, WriteAt};
use shadowvol::machine::{self, Buffers, Fed, Medium, Next, Op, ReadOp, Span};
use shadowvol::{Damage, Error as EngineError, IoKind};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::buffer::Buffer;
use crate::error::Error;
use crate::medium::{Backend, Foreign};
use crate::node::Work;
use crate::task::attempt;

/// Zeros that are written at once.
const ZEROS: u64 = 1 << 20;

/// Both media of a volume.
#[derive(Clone)]
pub(crate) struct Media {
    pub(crate) origin: Backend,
    pub(crate) diff: Backend,
}

/// An operation that failed: what it is to the engine, and what the medium said.
pub(crate) struct Failure {
    pub(crate) error: EngineError,
    pub(crate) cause: JsValue,
}

/// An operation that has been begun.
enum Begun {
    Done(Fed),
    Later(Later),
}

/// An operation whose end is promised.
struct Later {
    op: Op,
    promise: JsFuture,
    /// Where the bytes of a read are until they are copied to where they belong.
    bytes: Option<Uint8Array>,
}

impl Media {
    fn of(&self, medium: Medium) -> &Backend {
        match medium {
            Medium::Origin => &self.origin,
            Medium::DiffArea => &self.diff,
        }
    }
}

/// Does all operations of a machine until it wants to be stepped.
pub(crate) async fn perform_all(
    work: &mut dyn Work,
    media: &Media,
    buffers: &mut Buffers<'_>,
    data: Option<&Buffer>,
) -> Result<Fed, Failure> {
    loop {
        let mut fed = Fed::Done;
        let mut failure = None;
        let mut under_way = Vec::new();
        let mut nth = 0;
        while let Some(op) = work.op(nth).filter(|_| failure.is_none()) {
            match begin(media.of(op.medium()), op, buffers, data) {
                Ok(Begun::Done(done)) => fed = done,
                Ok(Begun::Later(later)) => under_way.push(later),
                Err(cause) => failure = Some((op, cause)),
            }
            nth += 1;
        }
        for Later { op, promise, bytes } in under_way {
            match promise.await {
                Ok(value) => fed = finish(op, &value, bytes, buffers),
                Err(cause) => failure = failure.or(Some((op, cause))),
            }
        }
        if let Some((op, cause)) = failure {
            return Err(classify(media, op, cause).await);
        }
        if work.absorb(buffers) == Next::Step {
            return Ok(fed);
        }
    }
}

/// Fills a buffer of JavaScript's with bytes of a medium, past the wasm memory.
pub(crate) async fn read_into(
    backend: &Backend,
    medium: Medium,
    offset: u64,
    into: &Buffer,
) -> Result<(), Error> {
    let fail = |cause| Error::Engine(EngineError::Io { what: IoKind::Read, medium }, cause);
    match backend {
        Backend::Memory(memory) => show(memory, offset, into).map_err(|error| fail(said(&error))),
        Backend::Object(foreign) => {
            let done = foreign.object.read(offset as f64, &into.bytes).map_err(fail)?;
            if let Some(promise) = promised(&done) {
                promise.await.map_err(fail)?;
            }
            Ok(())
        }
    }
}

/// How many bytes a medium has.
pub(crate) async fn size_of(backend: &Backend, medium: Medium) -> Result<u64, Error> {
    let fail = |cause| Error::Engine(EngineError::Io { what: IoKind::Read, medium }, cause);
    match backend {
        Backend::Memory(memory) => memory.size().map_err(|error| fail(said(&error))),
        Backend::Object(foreign) => {
            let mut size = foreign.object.size().map_err(fail)?;
            if let Some(promise) = promised(&size) {
                size = promise.await.map_err(fail)?;
            }
            number(&size).ok_or_else(|| fail(JsValue::from_str("its size is no number")))
        }
    }
}

fn begin(
    backend: &Backend,
    op: Op,
    buffers: &mut Buffers<'_>,
    data: Option<&Buffer>,
) -> Result<Begun, JsValue> {
    match backend {
        Backend::Memory(memory) => {
            let done = match op {
                Op::Read(read) => memory.read_at(read.at, target(read.into, buffers)),
                Op::Write { at, from, .. } => match (from.buffer, data) {
                    (machine::Buffer::User, Some(data)) => fill(memory, at, data, from.range()),
                    _ => memory.write_at(at, &buffers.scratch[from.range()]),
                },
                Op::Barrier { .. } => memory.barrier(),
                Op::Punch { at, len } => memory.punch(at, len),
                Op::Grow { size } => {
                    let size = memory.grow(size).map_err(|error| said(&error))?;
                    return Ok(Begun::Done(Fed::Size(size)));
                }
            };
            done.map(|()| Begun::Done(Fed::Done)).map_err(|error| said(&error))
        }
        Backend::Object(foreign) => foreign.begin(op, buffers, data),
    }
}

impl Foreign {
    fn begin(
        &self,
        op: Op,
        buffers: &mut Buffers<'_>,
        data: Option<&Buffer>,
    ) -> Result<Begun, JsValue> {
        let object = &self.object;
        let mut staged = None;
        let value = match op {
            Op::Read(read) if self.direct => {
                object.fill(read.at as f64, target(read.into, buffers))?
            }
            Op::Read(read) => {
                let bytes = Uint8Array::new_with_length(read.into.len as u32);
                let value = object.read(read.at as f64, &bytes)?;
                staged = Some(bytes);
                value
            }
            Op::Write { at, from, .. } => match (from.buffer, data) {
                (machine::Buffer::User, Some(data)) => {
                    data.part(from.range(), |part| object.write(at as f64, part))?
                }
                _ if self.direct => object.store(at as f64, &buffers.scratch[from.range()])?,
                _ => {
                    let bytes = Uint8Array::from(&buffers.scratch[from.range()]);
                    object.write(at as f64, &bytes)?
                }
            },
            Op::Barrier { .. } => object.barrier()?,
            Op::Punch { at, len } if self.punches => object.punch(at as f64, len as f64)?,
            Op::Punch { at, len } => self.write_zeros(at, len)?,
            Op::Grow { size } if self.grows => object.grow(size as f64)?,
            Op::Grow { .. } => object.size()?,
        };
        match promised(&value) {
            Some(_) if self.direct => {
                Err(js_sys::Error::new("a medium that says that it is direct gave a promise")
                    .into())
            }
            Some(promise) => Ok(Begun::Later(Later { op, promise, bytes: staged })),
            None => Ok(Begun::Done(finish(op, &value, staged, buffers))),
        }
    }
}

impl Foreign {
    /// Writes zeros, piece by piece, for an object that cannot punch holes.
    fn write_zeros(&self, at: u64, len: u64) -> Result<JsValue, JsValue> {
        let object = self.object.clone();
        let task = Box::pin(async move {
            let zeros = Uint8Array::new_with_length(len.min(ZEROS) as u32);
            let mut done = 0;
            while done < len {
                let piece = zeros.subarray(0, (len - done).min(ZEROS) as u32);
                let value = object.write((at + done) as f64, &piece).map_err(Error::Thrown)?;
                if let Some(promise) = promised(&value) {
                    promise.await.map_err(Error::Thrown)?;
                }
                done += u64::from(piece.length());
            }
            Ok(JsValue::UNDEFINED)
        });
        Ok(attempt(task)?)
    }
}

/// What an operation that went well comes to.
fn finish(op: Op, value: &JsValue, bytes: Option<Uint8Array>, buffers: &mut Buffers<'_>) -> Fed {
    match op {
        Op::Read(read) => {
            if let Some(bytes) = bytes {
                bytes.copy_to(target(read.into, buffers));
            }
            Fed::Done
        }
        Op::Grow { .. } => Fed::Size(number(value).unwrap_or(0)),
        _ => Fed::Done,
    }
}

/// A medium without space is not a broken one, and one that ends too early is a damaged one.
async fn classify(media: &Media, op: Op, cause: JsValue) -> Failure {
    let error = match op {
        Op::Write { medium: Medium::DiffArea, from, .. } if is_full(&cause) => {
            let limit = size_of(&media.diff, Medium::DiffArea).await.unwrap_or(0);
            EngineError::DiffAreaFull { needed: from.len as u64, free: 0, limit }
        }
        Op::Read(ReadOp { medium: Medium::DiffArea, at, into }) => {
            match size_of(&media.diff, Medium::DiffArea).await {
                Ok(size) if size < at.saturating_add(into.len as u64) => {
                    EngineError::Corrupt { what: Damage::Truncated, at }
                }
                _ => op.failure(),
            }
        }
        _ => op.failure(),
    };
    Failure { error, cause }
}

/// Whether an error is a lack of space, as browsers and Node tell it.
fn is_full(cause: &JsValue) -> bool {
    let text =
        |name: &str| Reflect::get(cause, &name.into()).ok().and_then(|text| text.as_string());
    text("name").is_some_and(|name| name == "QuotaExceededError")
        || text("code").is_some_and(|code| matches!(&*code, "ENOSPC" | "EDQUOT" | "EFBIG"))
}

/// The promise of a value, if it is one.
fn promised(value: &JsValue) -> Option<JsFuture> {
    if let Some(promise) = value.dyn_ref::<Promise>() {
        return Some(JsFuture::from(promise.clone()));
    }
    // Promises of another realm or library.
    let is_like_one = value.is_object()
        && Reflect::get(value, &"then".into()).is_ok_and(|then| then.is_function());
    is_like_one.then(|| JsFuture::from(Promise::resolve(value)))
}

fn number(value: &JsValue) -> Option<u64> {
    let number = value.as_f64()?;
    (number >= 0.0 && number == (number as u64) as f64).then_some(number as u64)
}

pub(crate) fn said(error: &MemoryError) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    if error.is_full() {
        thrown.set_name("QuotaExceededError");
    }
    thrown.into()
}

fn target<'a>(into: Span, buffers: &'a mut Buffers<'_>) -> &'a mut [u8] {
    match into.buffer {
        machine::Buffer::User => &mut buffers.user[into.range()],
        machine::Buffer::Scratch => &mut buffers.scratch[into.range()],
    }
}

/// Fills a buffer of JavaScript's with bytes of a medium in wasm memory.
pub(crate) fn show(memory: &Memory, offset: u64, into: &Buffer) -> Result<(), MemoryError> {
    memory.with(|pages| {
        pages.show(offset, into.length, |range, bytes| match bytes {
            Some(bytes) => into.write(range.start, bytes),
            None => into.clear(range),
        })
    })
}

/// Writes bytes of JavaScript's to a medium in wasm memory.
fn fill(memory: &Memory, at: u64, data: &Buffer, from: Range<usize>) -> Result<(), MemoryError> {
    memory.with(|pages| {
        pages.fill(at, from.len(), |range, bytes| data.read(from.start + range.start, bytes))
    })
}
