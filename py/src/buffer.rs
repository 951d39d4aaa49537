//! Memory of Python objects, used in place.

use core::ffi::c_int;
use core::slice;

use pyo3::exceptions::PyBufferError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Contiguous bytes to write from.
pub(crate) struct Input(Export);

/// Contiguous bytes to read into.
pub(crate) struct Output(Export);

/// An object's bytes, without gaps and without regard to what they mean to it.
///
/// `PyUntypedBuffer` asks for strides as well, and refuses objects of ctypes, which have none.
struct Export(Box<ffi::Py_buffer>);

impl Export {
    fn of(object: Borrowed<'_, '_, PyAny>, flags: c_int) -> PyResult<Self> {
        let mut buffer = Box::new(ffi::Py_buffer::new());
        // SAFETY: both pointers are good for the call, and the interpreter is attached. The
        // structure may hold pointers into itself; it is never moved out of its box.
        let got = unsafe { ffi::PyObject_GetBuffer(object.as_ptr(), &raw mut *buffer, flags) };
        if got != 0 {
            return Err(PyErr::fetch(object.py()));
        }
        let export = Self(buffer);
        if export.0.buf.is_null() && export.0.len > 0 {
            return Err(PyBufferError::new_err("the buffer has no address"));
        }
        Ok(export)
    }

    fn len(&self) -> usize {
        // Invariant: no exporter has a negative length.
        self.0.len.unsigned_abs()
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        // At the interpreter's end there is nobody left to give it back to.
        Python::try_attach(|_| {
            // SAFETY: it was filled by `PyObject_GetBuffer`, and is released once.
            unsafe { ffi::PyBuffer_Release(&raw mut *self.0) }
        });
    }
}

impl Input {
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.0.len() == 0 {
            return &[];
        }
        // SAFETY: the exporter keeps this many bytes at this address until `self` is dropped, and
        // they have no gaps, because `PyBUF_SIMPLE` was asked for. Nobody changes them meanwhile:
        // that is the caller's side of the contract (the head of `_shadowvol.pyi`), and they are
        // only handed to the operating system, copied or summed up, so that a caller who breaks it
        // finds his own bytes mixed.
        unsafe { slice::from_raw_parts(self.0.0.buf.cast(), self.0.len()) }
    }
}

impl Output {
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        if self.0.len() == 0 {
            return &mut [];
        }
        // SAFETY: as in `Input::bytes`; they may be written, because `PyBUF_WRITABLE` was asked
        // for, and `&mut self` keeps this from being done twice with one export.
        unsafe { slice::from_raw_parts_mut(self.0.0.buf.cast(), self.0.len()) }
    }
}

impl FromPyObject<'_, '_> for Input {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Export::of(object, ffi::PyBUF_SIMPLE).map(Self)
    }
}

impl FromPyObject<'_, '_> for Output {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        Export::of(object, ffi::PyBUF_WRITABLE).map(Self)
    }
}

/// New `bytes` of this length, which `fill` fills while the interpreter lock is released.
pub(crate) fn filled<'py>(
    py: Python<'py>,
    length: u64,
    fill: impl FnOnce(&mut [u8]) -> PyResult<()> + Send,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, usize::try_from(length)?, |bytes| py.detach(|| fill(bytes)))
}
