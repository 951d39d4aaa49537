//! The operations of machines, done to media: at once, or as promises that are all under way.

use core::ops::Range;

use js_sys::{Promise, Uint8Array};
use shadowvol::backend::{Memory, MemoryError, ReadAt, WriteAt};
use shadowvol::machine::{self, Buffers, Fed, Medium, Op, ReadOp, Span};
use shadowvol::{Damage, Error};
use wasm_bindgen::{JsCast, JsValue};

use crate::buffer::Buffer;
use crate::medium::{Backend, Foreign};

/// Both media of a volume.
pub(crate) struct Media {
    pub(crate) origin: Backend,
    pub(crate) diff: Backend,
}

/// An operation that has been begun.
pub(crate) enum Begun {
    Done(Fed),
    Failed(Error),
    /// This is the promise of its result.
    Later(JsValue),
}

impl Media {
    pub(crate) fn begin(&self, op: Op, buffers: &mut Buffers<'_>, data: Option<&Buffer>) -> Begun {
        let backend = match op.medium() {
            Medium::Origin => &self.origin,
            Medium::DiffArea => &self.diff,
        };
        match backend {
            Backend::Object(foreign) => foreign.begin(op, buffers, data),
            Backend::Memory(memory) => match in_memory(memory, op, buffers, data) {
                Ok(fed) => Begun::Done(fed),
                Err(error) => Begun::Failed(classify(op, error.is_full(), self.diff.known_size())),
            },
        }
    }
}

fn in_memory(
    memory: &Memory,
    op: Op,
    buffers: &mut Buffers<'_>,
    data: Option<&Buffer>,
) -> Result<Fed, MemoryError> {
    match op {
        Op::Read(read) => memory.read_at(read.at, target(read.into, buffers))?,
        Op::Write { at, from, .. } => match (from.buffer, data) {
            (machine::Buffer::User, Some(data)) => fill(memory, at, data, from.range())?,
            _ => memory.write_at(at, &buffers.scratch[from.range()])?,
        },
        Op::Barrier { .. } => memory.barrier()?,
        Op::Punch { at, len } => memory.punch(at, len)?,
        Op::Grow { size } => return Ok(Fed::Size(memory.grow(size)?)),
    }
    Ok(Fed::Done)
}

impl Foreign {
    fn begin(&self, op: Op, buffers: &mut Buffers<'_>, data: Option<&Buffer>) -> Begun {
        let port = &self.port;
        let value = match op {
            Op::Read(read) if self.direct => port.fill(read.at as f64, target(read.into, buffers)),
            Op::Read(read) => port.read(read.at as f64, read.into.len as u32),
            Op::Write { at, from, .. } => match (from.buffer, data) {
                (machine::Buffer::User, Some(data)) => {
                    data.part(from.range(), |part| port.write(at as f64, part))
                }
                _ => port.store(at as f64, &buffers.scratch[from.range()]),
            },
            Op::Barrier { .. } => port.barrier(),
            Op::Punch { at, len } => port.punch(at as f64, len as f64),
            Op::Grow { size } => port.grow(size as f64),
        };
        match value.is_instance_of::<Promise>() {
            true => Begun::Later(value),
            false => Begun::Done(finish(op, &value, buffers)),
        }
    }
}

/// What an operation that went well comes to.
pub(crate) fn finish(op: Op, value: &JsValue, buffers: &mut Buffers<'_>) -> Fed {
    match op {
        Op::Read(read) => {
            // A direct medium has filled the buffer itself.
            if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
                bytes.copy_to(target(read.into, buffers));
            }
            Fed::Done
        }
        Op::Grow { .. } => Fed::Size(value.as_f64().unwrap_or(0.0) as u64),
        _ => Fed::Done,
    }
}

/// A medium without space is not a broken one, and one that ends too early is a damaged one. `size` is
/// the diff area's, if it is known.
pub(crate) fn classify(op: Op, is_full: bool, size: Option<u64>) -> Error {
    match op {
        Op::Write { medium: Medium::DiffArea, from, .. } if is_full => {
            let limit = size.unwrap_or(0);
            Error::DiffAreaFull { needed: from.len as u64, free: 0, limit }
        }
        Op::Read(ReadOp { medium: Medium::DiffArea, at, into })
            if size.is_some_and(|size| size < at.saturating_add(into.len as u64)) =>
        {
            Error::Corrupt { what: Damage::Truncated, at }
        }
        _ => op.failure(),
    }
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
