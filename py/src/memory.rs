//! The class `Memory`.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use shadowvol::backend::{MemoryError, ReadAt, WriteAt};
use shadowvol_host::SharedMemory;

use crate::buffer::{Input, Output};

/// A medium in memory, to be shared by several nodes: a Backend without Python calls.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Memory(SharedMemory);

impl Memory {
    /// Another handle on the same bytes.
    pub(crate) fn shared(&self) -> SharedMemory {
        self.0.clone()
    }
}

#[pymethods]
impl Memory {
    #[new]
    #[pyo3(signature = (size = 0))]
    fn new(size: u64) -> Self {
        Self(SharedMemory::new(size))
    }

    /// How many bytes there are.
    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.0.size()).map_err(refuse)
    }

    /// Fill buffer with the bytes from offset on.
    #[pyo3(signature = (offset, buffer, /))]
    fn read_at(&self, py: Python<'_>, offset: u64, mut buffer: Output) -> PyResult<()> {
        let bytes = buffer.bytes();
        py.detach(|| self.0.read_at(offset, bytes)).map_err(refuse)
    }

    /// Write data from offset on.
    #[pyo3(signature = (offset, data, /))]
    fn write_at(&self, py: Python<'_>, offset: u64, data: Input) -> PyResult<()> {
        let bytes = data.bytes();
        py.detach(|| self.0.write_at(offset, bytes)).map_err(refuse)
    }

    /// Do nothing: writes are visible at once, in order.
    fn barrier(&self) -> PyResult<()> {
        self.0.barrier().map_err(refuse)
    }

    /// Make the medium at least size bytes large; returns how large it is now.
    #[pyo3(signature = (size, /))]
    fn grow(&self, py: Python<'_>, size: u64) -> PyResult<u64> {
        py.detach(|| self.0.grow(size)).map_err(refuse)
    }

    /// Turn a range into zeros.
    #[pyo3(signature = (offset, length, /))]
    fn punch(&self, py: Python<'_>, offset: u64, length: u64) -> PyResult<()> {
        py.detach(|| self.0.punch(offset, length)).map_err(refuse)
    }
}

fn refuse(error: MemoryError) -> PyErr {
    PyValueError::new_err(error.to_string())
}
