//! Numbers as Python has them, without bounds, and as the engine has them.

use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;
use shadowvol::backend::PastEnd;
use shadowvol::{CopyId, Error as EngineError};

use crate::errors::{raise_engine, refuse};

/// An offset or a length in bytes.
pub(crate) struct Bytes(pub(crate) u64);

impl FromPyObject<'_, '_> for Bytes {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let number = bounded(object)?.ok_or_else(|| {
            let message = format!("{} bytes: no volume reaches there", object.as_any());
            refuse(object.py(), "OutOfRange", &message)
        })?;
        Ok(Self(number))
    }
}

/// The same as a plain number, for arguments with a default.
pub(crate) fn bytes(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    object.extract().map(|bytes: Bytes| bytes.0)
}

/// The number of a shadow copy.
pub(crate) struct Id(pub(crate) CopyId);

impl FromPyObject<'_, '_> for Id {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let number = bounded(object)?.and_then(|number| u32::try_from(number).ok());
        let id = number.and_then(CopyId::new).ok_or_else(|| {
            let message = format!("there is no shadow copy {}: they count from 1", object.as_any());
            let error = refuse(object.py(), "NoSuchCopy", &message);
            match error.value(object.py()).setattr("copy", object) {
                Ok(()) => error,
                Err(broken) => broken,
            }
        })?;
        Ok(Self(id))
    }
}

/// The number, or nothing when it is negative or too large for the engine.
fn bounded(object: Borrowed<'_, '_, PyAny>) -> PyResult<Option<u64>> {
    match object.extract() {
        Ok(number) => Ok(Some(number)),
        Err(error) if error.is_instance_of::<PyOverflowError>(object.py()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Refuses a request that reaches past the end before memory is taken for it.
pub(crate) fn within(offset: u64, length: u64, size: u64) -> PyResult<()> {
    PastEnd::check(offset, length, size)
        .map_err(|_| raise_engine(EngineError::OutOfRange { offset, length, size }))
}
