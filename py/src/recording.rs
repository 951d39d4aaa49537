//! The class `Recording`.

use core::mem;
use std::ffi::OsString;
use std::sync::Arc;

use pyo3::prelude::*;
use shadowvol_host::trace::Recording as HostRecording;

use crate::errors::{raise, refuse};
use crate::process::forks;

/// A recording of a volume that is under way; a context manager.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Recording {
    recording: Arc<HostRecording>,
    /// The process that began it ends it.
    forks: u64,
}

#[pymethods]
impl Recording {
    /// The trace.
    #[getter]
    fn path(&self) -> OsString {
        self.recording.path().as_os_str().to_owned()
    }

    /// Events so far.
    #[getter]
    fn events(&self, py: Python<'_>) -> PyResult<u64> {
        self.check(py)?;
        Ok(py.detach(|| self.recording.events()))
    }

    /// End it, and return when the trace is whole and durable. Stopping twice is fine.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        self.check(py)?;
        py.detach(|| self.recording.stop().map(drop)).map_err(raise)
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
        self.stop(py)
    }

    fn __repr__(&self) -> String {
        format!("<Recording to {:?}>", self.recording.path())
    }
}

impl Recording {
    pub(crate) fn new(recording: HostRecording) -> Self {
        Self { recording: Arc::new(recording), forks: forks() }
    }

    fn is_foreign(&self) -> bool {
        self.forks != forks()
    }

    fn check(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_foreign() {
            let message = "the recording was begun before this process was forked off";
            return Err(refuse(py, "Closed", message));
        }
        Ok(())
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // A child must not write to its parent's trace.
        if self.is_foreign() {
            mem::forget(Arc::clone(&self.recording));
        }
    }
}
