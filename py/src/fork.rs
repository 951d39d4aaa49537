//! The class `Fork`: a shadow copy that can be written to, and is thrown away.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use shadowvol_host::set::Draft as HostDraft;
use shadowvol_host::{CopyOptions, Error, Fork as HostFork};

use crate::buffer::{Input, Output, filled};
use crate::errors::{raise, refuse};
use crate::extent;
use crate::number::{Bytes, within};
use crate::progress::watched;
use crate::session::{Close, Session};
use crate::words::Choice;

/// A writable fork of a shadow copy. What is written to it is gone when it is closed.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Fork {
    session: Arc<Session<Arc<HostFork>>>,
    copy: u32,
    size: u64,
    chunk_size: u64,
}

impl Close for Arc<HostFork> {
    /// It vanishes with its last user.
    fn close(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Fork {
    pub(crate) fn new(fork: Arc<HostFork>) -> Self {
        let (copy, size, chunk_size) = (fork.origin().id.number(), fork.size(), fork.chunk_size());
        Self { session: Session::new(fork), copy, size, chunk_size }
    }

    fn get(&self, py: Python<'_>) -> PyResult<Arc<HostFork>> {
        if self.session.is_closed() {
            let message =
                "the fork is closed, and what was written to it is discarded; make another";
            return Err(refuse(py, "Closed", message));
        }
        self.session.get(py).map(|fork| (*fork).clone())
    }

    /// Does a request without the interpreter lock.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        request: impl FnOnce(&HostFork) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let fork = self.get(py)?;
        py.detach(move || request(&fork)).map_err(raise)
    }
}

#[pymethods]
impl Fork {
    /// Number of the shadow copy that it is a fork of.
    #[getter]
    fn id(&self) -> u32 {
        self.copy
    }

    /// Bytes of the volume.
    #[getter]
    fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of a chunk: what is written is kept in whole chunks.
    #[getter]
    fn chunk_size(&self) -> u64 {
        self.chunk_size
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.session.is_closed()
    }

    /// The length bytes from offset on.
    fn read<'py>(
        &self,
        py: Python<'py>,
        offset: Bytes,
        length: Bytes,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let fork = self.get(py)?;
        within(offset.0, length.0, self.size)?;
        filled(py, length.0, move |buffer| fork.read(offset.0, buffer).map_err(raise))
    }

    /// Fill buffer with the bytes from offset on; returns their number.
    fn readinto(&self, py: Python<'_>, offset: Bytes, mut buffer: Output) -> PyResult<usize> {
        let bytes = buffer.bytes();
        self.run(py, move |fork| fork.read(offset.0, bytes).map(|()| bytes.len()))
    }

    /// Write data from offset on; returns its length.
    fn write(&self, py: Python<'_>, offset: Bytes, data: Input) -> PyResult<usize> {
        let bytes = data.bytes();
        self.run(py, |fork| fork.write(offset.0, bytes).map(|()| bytes.len()))
    }

    /// Make a range read as zeros.
    fn discard(&self, py: Python<'_>, offset: Bytes, length: Bytes) -> PyResult<()> {
        self.run(py, |fork| fork.discard(offset.0, length.0))
    }

    /// Does nothing: what was written is there for all readers of the fork, and never outlives it.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, |fork| {
            fork.flush();
            Ok(())
        })
    }

    /// What was written or discarded: whole chunks, in order.
    fn changes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let extents = self.run(py, |fork| Ok(fork.changes()))?;
        extent::list(py, &extents)
    }

    /// The fork as a raw file object (an io.RawIOBase) to read and write.
    fn open(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        slf.py().import("shadowvol._raw")?.getattr("ForkIO")?.call1((slf,))
    }

    /// Copy the whole fork into a file; returns the bytes written, holes left out.
    #[pyo3(signature = (path, *, sparse = true, format = "raw", progress = None))]
    fn copy_to(
        &self,
        py: Python<'_>,
        path: PathBuf,
        sparse: bool,
        format: &str,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<u64> {
        let fork = self.get(py)?;
        let options = CopyOptions { sparse, format: Choice::parse(format)? };
        watched(py, progress, move |watch| fork.copy_to(&path, options, watch))
    }

    /// Discard it. Closing twice is fine.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.session.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (exc_type, exc_value, traceback))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_value: &Bound<'_, PyAny>,
        traceback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exc_type, exc_value, traceback);
        self.session.close(py)
    }

    fn __repr__(&self) -> String {
        let state = if self.session.is_closed() { "closed" } else { "open" };
        format!("<Fork of shadow copy {}, {state}>", self.copy)
    }
}

/// A shadow copy of a set that participants may still write to.
#[pyclass(frozen, module = "shadowvol._shadowvol")]
pub(crate) struct Draft(pub(crate) HostDraft);

#[pymethods]
impl Draft {
    /// The copy, to be read and written to until the set is finished.
    fn writable(&self, py: Python<'_>) -> PyResult<Fork> {
        py.detach(|| self.0.writable()).map(Fork::new).map_err(raise)
    }
}
