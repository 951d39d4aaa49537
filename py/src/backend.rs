//! A Python object as a medium.
//!
//! Requests of it come from any thread, without the interpreter, and attach to it. Its methods get
//! memory of the interpreter's own: a view of the engine's memory could be kept in a slice of it,
//! and would dangle.

use core::error::Error as StdError;
use core::fmt;
use std::io;
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView};
use pyo3::{intern, types::PyString};
use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::{Media, ReadMedia, Source, Target};

use crate::buffer::Input;
use crate::memory::Memory;

/// The media of an active node, given as Python objects.
pub(crate) fn media(origin: &Bound<'_, PyAny>, diff: &Bound<'_, PyAny>) -> PyResult<Media> {
    Ok(Media { origin: target(origin, "origin")?, diff: target(diff, "diff")? })
}

/// The media of a passive node, given as Python objects.
pub(crate) fn read_media(
    origin: &Bound<'_, PyAny>,
    diff: &Bound<'_, PyAny>,
) -> PyResult<ReadMedia> {
    Ok(ReadMedia { origin: source(origin, "origin")?, diff: source(diff, "diff")? })
}

fn target(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Arc<dyn Target>> {
    if let Ok(memory) = object.cast::<Memory>() {
        return Ok(Arc::new(memory.get().shared()));
    }
    Ok(Arc::new(Backend::new(object, name, &["size", "read_at", "write_at", "barrier"])?))
}

fn source(object: &Bound<'_, PyAny>, name: &str) -> PyResult<Arc<dyn Source>> {
    if let Ok(memory) = object.cast::<Memory>() {
        return Ok(Arc::new(memory.get().shared()));
    }
    Ok(Arc::new(Backend::new(object, name, &["size", "read_at"])?))
}

/// A Python object with the methods of `shadowvol.Backend`.
struct Backend(Py<PyAny>);

/// What a method of the object raised.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) exception: PyErr,
    /// The operating system's reason, if it was one: the engine looks for a lack of space.
    system: Option<io::Error>,
}

impl Backend {
    fn new(object: &Bound<'_, PyAny>, name: &str, methods: &[&str]) -> PyResult<Self> {
        for &method in methods {
            if !object.getattr_opt(method)?.is_some_and(|found| found.is_callable()) {
                let class = object.get_type().name()?;
                return Err(PyTypeError::new_err(format!(
                    "{name} is of type {class}, which has no method {method}; see shadowvol.Backend"
                )));
            }
        }
        Ok(Self(object.clone().unbind()))
    }

    fn attach<T>(
        &self,
        call: impl FnOnce(Python<'_>, &Bound<'_, PyAny>) -> PyResult<T>,
    ) -> Result<T, Raised> {
        let called = Python::try_attach(|py| call(py, self.0.bind(py)).map_err(Raised::from));
        called.unwrap_or_else(|| Err(PyRuntimeError::new_err("the interpreter has ended").into()))
    }
}

impl ReadAt for Backend {
    type Error = Raised;

    fn size(&self) -> Result<u64, Raised> {
        self.attach(|py, object| object.call_method0(intern!(py, "size"))?.extract())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Raised> {
        self.attach(|py, object| {
            let lent = PyByteArray::new_with(py, buffer.len(), |_| Ok(()))?;
            lend(object, intern!(py, "read_at"), offset, lent.as_any())?;
            // The export keeps it from being resized while it is copied.
            let filled: Input = lent.extract()?;
            if filled.bytes().len() != buffer.len() {
                return Err(PyRuntimeError::new_err("read_at resized its buffer"));
            }
            buffer.copy_from_slice(filled.bytes());
            Ok(())
        })
    }
}

impl WriteAt for Backend {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), Raised> {
        self.attach(|py, object| {
            lend(object, intern!(py, "write_at"), offset, PyBytes::new(py, data).as_any())
        })
    }

    fn barrier(&self) -> Result<(), Raised> {
        self.attach(|py, object| object.call_method0(intern!(py, "barrier")).map(drop))
    }

    fn grow(&self, size: u64) -> Result<u64, Raised> {
        self.attach(|py, object| match object.getattr_opt(intern!(py, "grow"))? {
            Some(grow) => grow.call1((size,))?.extract(),
            None => object.call_method0(intern!(py, "size"))?.extract(),
        })
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), Raised> {
        let punched = self.attach(|py, object| {
            let Some(punch) = object.getattr_opt(intern!(py, "punch"))? else { return Ok(false) };
            punch.call1((offset, length)).map(|_| true)
        })?;
        if punched { Ok(()) } else { self.write_zeros(offset, length) }
    }
}

impl Backend {
    fn write_zeros(&self, offset: u64, length: u64) -> Result<(), Raised> {
        static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
        let mut done = 0;
        while done < length {
            let len = (length - done).min(ZEROS.len() as u64);
            self.write_at(offset + done, &ZEROS[..len as usize])?;
            done += len;
        }
        Ok(())
    }
}

/// Calls a method with a view of `memory`, and releases the view.
fn lend(
    object: &Bound<'_, PyAny>,
    method: &Bound<'_, PyString>,
    offset: u64,
    memory: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let view = PyMemoryView::from(memory)?;
    let called = object.call_method1(method, (offset, &view));
    let released = view.call_method0(intern!(object.py(), "release"));
    called?;
    released.map(drop)
}

impl From<PyErr> for Raised {
    fn from(exception: PyErr) -> Self {
        let number = Python::attach(|py| {
            let errno = exception.value(py).getattr_opt(intern!(py, "errno")).ok()??;
            errno.extract().ok()
        });
        Self { exception, system: number.map(io::Error::from_raw_os_error) }
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exception.fmt(f)
    }
}

impl StdError for Raised {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.system.as_ref().map(|error| error as _)
    }
}
