//! The class `Mount`: a volume and its shadow copies as files.

#[cfg(not(target_os = "linux"))]
mod elsewhere;

use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use pyo3::prelude::*;
#[cfg(target_os = "linux")]
use shadowvol_host::mount::{Mount as HostMount, MountOptions};
use shadowvol_host::{Error, Passive, Volume};

#[cfg(not(target_os = "linux"))]
use self::elsewhere::{HostMount, MountOptions};
use crate::errors::raise;
use crate::process::close_at_exit;
use crate::session::{Close, Session};

/// How often a signal's handler can run while it is waited.
const GLANCE: Duration = Duration::from_millis(100);

/// A folder in which a volume and its shadow copies are files.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Mount {
    session: Arc<Session<HostMount>>,
    dir: PathBuf,
    volume: Option<PathBuf>,
}

impl Close for HostMount {
    /// Nobody comes back to try again, so it goes out of sight, whoever uses it.
    fn close(&self) -> Result<(), Error> {
        self.unmount().or_else(|busy| self.detach().and(Err(busy)))
    }
}

#[pymethods]
impl Mount {
    /// The folder.
    #[getter]
    fn dir(&self) -> &PathBuf {
        &self.dir
    }

    /// The file that is the live volume; None if a passive node is mounted.
    #[getter]
    fn volume(&self) -> Option<&PathBuf> {
        self.volume.as_ref()
    }

    /// Whether it is mounted still.
    #[getter]
    fn mounted(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(!self.session.is_closed() && self.session.get(py)?.is_mounted())
    }

    /// The file that is the shadow copy with this number.
    fn copy(&self, id: u32) -> PathBuf {
        self.dir.join("copies").join(format!("{id}.img"))
    }

    /// Wait until somebody unmounts it; whether that has happened.
    #[pyo3(signature = (timeout = None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        if self.session.is_closed() {
            return Ok(true);
        }
        let mount = self.session.get(py)?;
        let span = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0));
        // What is too long to be counted is for ever.
        let until = timeout.and_then(|timeout| Instant::now().checked_add(span(timeout).ok()?));
        loop {
            let left =
                until.map_or(GLANCE, |until| until.saturating_duration_since(Instant::now()));
            if py.detach(|| mount.wait(left.min(GLANCE))) {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
            py.check_signals()?;
        }
    }

    /// Unmount it. Doing it twice is fine.
    fn unmount(&self, py: Python<'_>) -> PyResult<()> {
        if self.session.is_closed() {
            return Ok(());
        }
        let mount = self.session.get(py)?;
        py.detach(|| mount.unmount()).map_err(raise)
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
        format!("<Mount {:?}>", self.dir)
    }
}

impl Mount {
    pub(crate) fn of_volume(
        py: Python<'_>,
        volume: Arc<Volume>,
        dir: PathBuf,
        allow_other: bool,
    ) -> PyResult<Self> {
        Self::start(py, || HostMount::volume(volume, dir, MountOptions { allow_other }))
    }

    pub(crate) fn of_passive(
        py: Python<'_>,
        node: Arc<Passive>,
        dir: PathBuf,
        allow_other: bool,
    ) -> PyResult<Self> {
        Self::start(py, || HostMount::passive(node, dir, MountOptions { allow_other }))
    }

    fn start(
        py: Python<'_>,
        mount: impl FnOnce() -> Result<HostMount, Error> + Send,
    ) -> PyResult<Self> {
        let mount = py.detach(mount).map_err(raise)?;
        let (dir, volume) = (mount.dir().to_owned(), mount.volume_path());
        let session = Session::new(mount);
        close_at_exit(&session);
        Ok(Self { session, dir, volume })
    }
}
