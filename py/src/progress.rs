//! Long operations, which report how far they are and can be interrupted.

use pyo3::prelude::*;
use shadowvol_host::Error;

use crate::errors::raise;

/// Runs a long operation without the interpreter lock. What `progress` or a signal's handler
/// raises ends it, and comes out.
pub(crate) fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<Py<PyAny>>,
    run: impl FnOnce(&mut dyn FnMut(u64, u64) -> bool) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let mut raised = None;
    let done = py.detach(|| {
        run(&mut |done, total| {
            let heard = Python::attach(|py| {
                py.check_signals()?;
                progress.as_ref().map_or(Ok(()), |call| call.call1(py, (done, total)).map(drop))
            });
            raised = heard.err();
            raised.is_none()
        })
    });
    match raised {
        Some(exception) => Err(exception),
        None => done.map_err(raise),
    }
}
