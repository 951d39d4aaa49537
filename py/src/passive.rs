//! The class `Passive`: a node that reads.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyType};
use shadowvol_host::{Error, Passive as HostPassive, PassiveOptions};

use crate::backend;
use crate::copy::ShadowCopy;
use crate::errors::{raise, refuse};
use crate::extent;
use crate::fork::Fork;
use crate::mount::Mount;
use crate::number::Id;
use crate::session::Session;
use crate::stats::{PassiveStats, Space};
use crate::words::Choice;

/// A passive node: reads shadow copies straight from the storage, while an active node writes.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Passive {
    session: Arc<Session<HostPassive>>,
    size: u64,
    chunk_size: u64,
}

#[pymethods]
impl Passive {
    /// Open the shadow copies of an image for reading.
    #[classmethod]
    #[pyo3(signature = (path, *, diff = None, caching = "auto", mapping = "auto"))]
    fn open(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        path: PathBuf,
        diff: Option<PathBuf>,
        caching: &str,
        mapping: &str,
    ) -> PyResult<Self> {
        let (caching, mapping) = (Choice::parse(caching)?, Choice::parse(mapping)?);
        let options = PassiveOptions { diff, caching, mapping };
        Self::start(py, || HostPassive::open(&path, &options))
    }

    /// Open the shadow copies of a volume on media of your own.
    #[classmethod]
    fn open_on(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        origin: &Bound<'_, PyAny>,
        diff: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let media = backend::read_media(origin, diff)?;
        Self::start(py, || HostPassive::open_on(media))
    }

    /// Bytes of the volume.
    #[getter]
    fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of a chunk, the unit of preservation.
    #[getter]
    fn chunk_size(&self) -> u64 {
        self.chunk_size
    }

    /// What flushed writes and shadow copies survive.
    #[getter]
    fn durability(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.run(py, |node| Ok(node.durability().word()))
    }

    /// What a write of the active node does when the diff area is full.
    #[getter]
    fn on_full(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.run(py, |node| Ok(node.on_full().word()))
    }

    /// Whether the node was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.session.is_closed()
    }

    /// The shadow copy with this number, as the journal has it now.
    fn shadow_copy(&self, py: Python<'_>, id: Id) -> PyResult<ShadowCopy> {
        let copy = self.run(py, |node| node.shadow_copy(id.0))?;
        Ok(ShadowCopy::of_passive(&self.session, copy))
    }

    /// The newest shadow copy, as the journal has it now.
    fn newest(&self, py: Python<'_>) -> PyResult<ShadowCopy> {
        let copy = self.run(py, HostPassive::find_newest)?;
        let copy = copy
            .ok_or_else(|| refuse(py, "NoSuchCopy", "there is no shadow copy; take one first"))?;
        Ok(ShadowCopy::of_passive(&self.session, copy))
    }

    /// The shadow copies that exist, oldest first, as the journal has them now.
    fn shadow_copies(&self, py: Python<'_>) -> PyResult<Vec<ShadowCopy>> {
        let copies = self.run(py, HostPassive::shadow_copies)?;
        Ok(copies.into_iter().map(|copy| ShadowCopy::of_passive(&self.session, copy)).collect())
    }

    /// A writable fork of the shadow copy with this number; see ShadowCopy.fork.
    #[pyo3(signature = (id, *, folder = None))]
    fn fork(&self, py: Python<'_>, id: Id, folder: Option<PathBuf>) -> PyResult<Fork> {
        self.shadow_copy(py, id)?.fork(py, folder)
    }

    /// What may differ between two shadow copies; see Volume.changes.
    fn changes<'py>(
        &self,
        py: Python<'py>,
        since_id: Id,
        until_id: Id,
    ) -> PyResult<Bound<'py, PyList>> {
        let extents = self.run(py, |node| node.changes(since_id.0, until_id.0))?;
        extent::list(py, &extents)
    }

    /// Number of the shadow copy that the volume is being reverted to, as the journal has it now.
    #[getter]
    fn reverting(&self, py: Python<'_>) -> PyResult<Option<u32>> {
        self.run(py, |node| Ok(node.reverting()?.map(shadowvol::CopyId::number)))
    }

    /// Show the shadow copies as files in a folder.
    #[pyo3(signature = (dir, *, allow_other = false))]
    fn mount(&self, py: Python<'_>, dir: PathBuf, allow_other: bool) -> PyResult<Mount> {
        Mount::of_passive(py, self.session.get(py)?, dir, allow_other)
    }

    /// What the node has done since it was opened.
    fn stats(&self, py: Python<'_>) -> PyResult<PassiveStats> {
        self.run(py, |node| Ok(node.stats().into()))
    }

    /// The room in the diff area, as far as a passive node can know it.
    fn space(&self, py: Python<'_>) -> PyResult<Space> {
        self.run(py, |node| node.space().map(Space::from))
    }

    /// Close the node. Its shadow copies cannot be read any more. Closing twice is fine.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.session.close(py)
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

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
        format!("<Passive of {} bytes, {state}>", self.size)
    }
}

impl Passive {
    fn start(
        py: Python<'_>,
        open: impl FnOnce() -> Result<HostPassive, Error> + Send,
    ) -> PyResult<Self> {
        let node = py.detach(open).map_err(raise)?;
        let (size, chunk_size) = (node.size(), node.chunk_size());
        Ok(Self { session: Session::new(node), size, chunk_size })
    }

    /// Does a request without the interpreter lock.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        request: impl FnOnce(&HostPassive) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let node = self.session.get(py)?;
        py.detach(move || request(&node)).map_err(raise)
    }
}
