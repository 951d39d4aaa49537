//! Memory of Python objects, used in place.

use core::slice;

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Contiguous bytes to write from.
pub(crate) struct Input(PyUntypedBuffer);

/// Contiguous bytes to read into.
pub(crate) struct Output(PyUntypedBuffer);

impl Input {
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.0.len_bytes() == 0 {
            return &[];
        }
        // SAFETY: the exporter keeps `len_bytes` bytes at `buf_ptr` until `self` is dropped, and
        // they have no gaps, which `extract` has checked. Nobody changes them meanwhile: that is
        // the caller's side of the contract (the head of `_shadowvol.pyi`), and they are only
        // handed to the operating system, copied or summed up, so that a caller who breaks it
        // finds his own bytes mixed.
        unsafe { slice::from_raw_parts(self.0.buf_ptr().cast(), self.0.len_bytes()) }
    }
}

impl Output {
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        if self.0.len_bytes() == 0 {
            return &mut [];
        }
        // SAFETY: as in `Input::bytes`, and the exporter says that they may be written. `&mut self`
        // keeps this from being done twice with one export.
        unsafe { slice::from_raw_parts_mut(self.0.buf_ptr().cast(), self.0.len_bytes()) }
    }
}

impl FromPyObject<'_, '_> for Input {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        contiguous(object).map(Self)
    }
}

impl FromPyObject<'_, '_> for Output {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let buffer = contiguous(object)?;
        if buffer.readonly() {
            return Err(PyBufferError::new_err("the buffer is read only; give a writable one"));
        }
        Ok(Self(buffer))
    }
}

fn contiguous(object: Borrowed<'_, '_, PyAny>) -> PyResult<PyUntypedBuffer> {
    let buffer = PyUntypedBuffer::get(&object)?;
    if !buffer.is_c_contiguous() {
        return Err(PyBufferError::new_err("the buffer is not C-contiguous; copy it first"));
    }
    Ok(buffer)
}

/// New `bytes` of this length, which `fill` fills while the interpreter lock is released.
pub(crate) fn filled<'py>(
    py: Python<'py>,
    length: u64,
    fill: impl FnOnce(&mut [u8]) -> PyResult<()> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, usize::try_from(length)?, |bytes| py.detach(|| fill(bytes)))
}
