//! The class `Volume`: the active node.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyType};
use shadowvol::journal::CopyInfo;
use shadowvol::{Attributes, ChunkSize, CopyId, Description};
use shadowvol_host::owner::this_process;
use shadowvol_host::{CreateOptions, Error, OpenOptions, RevertOptions, Volume as HostVolume};

use crate::backend;
use crate::buffer::{Input, Output, filled};
use crate::copy::ShadowCopy;
use crate::errors::{raise, raise_engine, raise_writable, refuse};
use crate::event::{Callback, Event};
use crate::extent;
use crate::mount::Mount;
use crate::number::{Bytes, Id, bytes, within};
use crate::process::close_at_exit;
use crate::progress::watched;
use crate::recording::Recording;
use crate::session::Session;
use crate::stats::VolumeStats;
use crate::when::When;
use crate::words::Choice;

/// A live volume: the active node, which reads, writes and takes shadow copies.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Volume {
    session: Arc<Session<HostVolume>>,
    callback: Callback,
    size: u64,
    chunk_size: u64,
}

#[pymethods]
#[expect(clippy::too_many_arguments, reason = "Python names its arguments")]
impl Volume {
    /// Make a diff area for an image, and open the volume.
    #[classmethod]
    #[pyo3(signature = (
        path, *, diff = None, size = None, chunk_size = 4096, limit = None, on_full = "fail",
        durability = "durable", caching = "auto", on_event = None,
    ))]
    fn create(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        path: PathBuf,
        diff: Option<PathBuf>,
        size: Option<Bytes>,
        #[pyo3(from_py_with = bytes)] chunk_size: u64,
        limit: Option<Bytes>,
        on_full: &str,
        durability: &str,
        caching: &str,
        on_event: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback = Callback::new(on_event);
        let options = CreateOptions {
            diff,
            size: size.map(|size| size.0),
            chunk: ChunkSize::from_bytes(chunk_size).map_err(raise_engine)?,
            limit: limit.map(|limit| limit.0),
            on_full: Choice::parse(on_full)?,
            durability: Choice::parse(durability)?,
            caching: Choice::parse(caching)?,
            on_event: callback.on_event(),
        };
        Self::start(py, callback, || HostVolume::create(&path, &options))
    }

    /// Take the active role of a volume whose diff area exists.
    #[classmethod]
    #[pyo3(signature = (
        path, *, diff = None, durability = None, limit = None, on_full = None,
        external_write = "error", caching = "auto", on_event = None,
    ))]
    fn open(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        path: PathBuf,
        diff: Option<PathBuf>,
        durability: Option<&str>,
        limit: Option<Bytes>,
        on_full: Option<&str>,
        external_write: &str,
        caching: &str,
        on_event: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let callback = Callback::new(on_event);
        let options = OpenOptions {
            diff,
            durability: durability.map(Choice::parse).transpose()?,
            limit: limit.map(cap),
            on_full: on_full.map(Choice::parse).transpose()?,
            on_external_write: Choice::parse(external_write)?,
            caching: Choice::parse(caching)?,
            on_event: callback.on_event(),
        };
        Self::start(py, callback, || HostVolume::open(&path, &options))
    }

    /// Make a diff area on a medium of your own, and open the volume.
    #[classmethod]
    #[pyo3(signature = (
        origin, diff, *, chunk_size = 4096, limit = None, on_full = "fail",
        durability = "durable", on_event = None,
    ))]
    fn create_on(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        origin: &Bound<'_, PyAny>,
        diff: &Bound<'_, PyAny>,
        #[pyo3(from_py_with = bytes)] chunk_size: u64,
        limit: Option<Bytes>,
        on_full: &str,
        durability: &str,
        on_event: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let media = backend::media(origin, diff)?;
        let callback = Callback::new(on_event);
        let options = CreateOptions {
            chunk: ChunkSize::from_bytes(chunk_size).map_err(raise_engine)?,
            limit: limit.map(|limit| limit.0),
            on_full: Choice::parse(on_full)?,
            durability: Choice::parse(durability)?,
            on_event: callback.on_event(),
            ..CreateOptions::default()
        };
        Self::start(py, callback, || HostVolume::create_on(media, &options))
    }

    /// Take the active role of a volume on media of your own.
    #[classmethod]
    #[pyo3(signature = (
        origin, diff, *, durability = None, limit = None, on_full = None,
        external_write = "error", on_event = None,
    ))]
    fn open_on(
        _cls: &Bound<'_, PyType>,
        py: Python<'_>,
        origin: &Bound<'_, PyAny>,
        diff: &Bound<'_, PyAny>,
        durability: Option<&str>,
        limit: Option<Bytes>,
        on_full: Option<&str>,
        external_write: &str,
        on_event: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let media = backend::media(origin, diff)?;
        let callback = Callback::new(on_event);
        let options = OpenOptions {
            durability: durability.map(Choice::parse).transpose()?,
            limit: limit.map(cap),
            on_full: on_full.map(Choice::parse).transpose()?,
            on_external_write: Choice::parse(external_write)?,
            on_event: callback.on_event(),
            ..OpenOptions::default()
        };
        Self::start(py, callback, || HostVolume::open_on(media, &options))
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
        self.run(py, |volume| Ok(volume.durability().word()))
    }

    /// What a write does when the diff area is full.
    #[getter]
    fn on_full(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.run(py, |volume| Ok(volume.on_full().word()))
    }

    /// Whether the volume was closed.
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
        let volume = self.session.get(py)?;
        within(offset.0, length.0, self.size)?;
        filled(py, length.0, move |buffer| volume.read(offset.0, buffer).map_err(raise))
    }

    /// Fill buffer with the bytes from offset on; returns their number.
    fn readinto(&self, py: Python<'_>, offset: Bytes, mut buffer: Output) -> PyResult<usize> {
        let bytes = buffer.bytes();
        self.run(py, |volume| volume.read(offset.0, bytes).map(|()| bytes.len()))
    }

    /// Write data from offset on; returns the number of bytes, always all of them.
    fn write(&self, py: Python<'_>, offset: Bytes, data: Input) -> PyResult<usize> {
        let bytes = data.bytes();
        self.run(py, |volume| volume.write(offset.0, bytes).map(|()| bytes.len()))
    }

    /// Return when every write that returned before is durable, in durable mode.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, HostVolume::flush)
    }

    /// Make a range read as zeros, and give back its space where that is possible.
    fn discard(&self, py: Python<'_>, offset: Bytes, length: Bytes) -> PyResult<()> {
        self.run(py, |volume| volume.discard(offset.0, length.0))
    }

    /// Take a shadow copy: the volume as it is now, for good.
    #[pyo3(signature = (
        label = "", *, auto_release = false, expires = None, retain_until = None
    ))]
    fn create_shadow_copy(
        &self,
        py: Python<'_>,
        label: &str,
        auto_release: bool,
        expires: Option<When>,
        retain_until: Option<When>,
    ) -> PyResult<ShadowCopy> {
        let mut about = Description {
            owner: this_process(),
            expires: expires.map_or(0, When::expiry),
            retained_until: retain_until.map_or(0, |when| when.0),
            ..Description::new(label, 0)
        };
        about.attributes.set(Attributes::AUTO_RELEASE, auto_release);
        let info = self.run(py, |volume| volume.create_described(about))?;
        Ok(ShadowCopy::of_volume(&self.session, info, self.size))
    }

    /// Change what is known of a shadow copy; what is not given stays.
    #[pyo3(signature = (id, *, label = None, auto_release = None, expires = None, retain_until = None))]
    fn describe_shadow_copy(
        &self,
        py: Python<'_>,
        id: Id,
        label: Option<String>,
        auto_release: Option<bool>,
        expires: Option<When>,
        retain_until: Option<When>,
    ) -> PyResult<ShadowCopy> {
        let info = self.run(py, |volume| {
            let mut about = volume.shadow_copy(id.0)?.about;
            about.label = label.unwrap_or(about.label);
            about.expires = expires.map_or(about.expires, When::expiry);
            about.retained_until = retain_until.map_or(about.retained_until, |when| when.0);
            if let Some(auto_release) = auto_release {
                about.attributes.set(Attributes::AUTO_RELEASE, auto_release);
                about.owner = this_process();
            }
            volume.describe_shadow_copy(id.0, about)?;
            volume.shadow_copy(id.0)
        })?;
        Ok(ShadowCopy::of_volume(&self.session, info, self.size))
    }

    /// Delete the shadow copies that nobody is left to delete; returns them.
    fn gc(&self, py: Python<'_>) -> PyResult<Vec<ShadowCopy>> {
        self.copies(py, HostVolume::collect_orphans)
    }

    /// Delete the oldest persistent copies with a label, all but so many; returns them.
    fn rotate(&self, py: Python<'_>, label: &str, keep: usize) -> PyResult<Vec<ShadowCopy>> {
        self.copies(py, |volume| volume.rotate(label, keep))
    }

    /// The shadow copy with this number.
    fn shadow_copy(&self, py: Python<'_>, id: Id) -> PyResult<ShadowCopy> {
        let info = self.run(py, |volume| volume.shadow_copy(id.0))?;
        Ok(ShadowCopy::of_volume(&self.session, info, self.size))
    }

    /// The newest shadow copy.
    fn newest(&self, py: Python<'_>) -> PyResult<ShadowCopy> {
        let info = self.run(py, HostVolume::find_newest)?;
        let info = info
            .ok_or_else(|| refuse(py, "NoSuchCopy", "there is no shadow copy; take one first"))?;
        Ok(ShadowCopy::of_volume(&self.session, info, self.size))
    }

    /// The shadow copies that exist, oldest first.
    fn shadow_copies(&self, py: Python<'_>) -> PyResult<Vec<ShadowCopy>> {
        self.copies(py, HostVolume::shadow_copies)
    }

    /// Delete a shadow copy. Copies can be deleted in any order; no data is moved.
    fn delete_shadow_copy(&self, py: Python<'_>, id: Id) -> PyResult<()> {
        self.run(py, |volume| volume.delete_shadow_copies(&[id.0]))
    }

    /// Revert the volume to a shadow copy in place, or go on with that.
    #[pyo3(signature = (id, *, drop_newer = false, progress = None))]
    fn revert(
        &self,
        py: Python<'_>,
        id: Id,
        drop_newer: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let volume = self.session.get(py)?;
        let options = RevertOptions { drop_newer };
        watched(py, progress, move |watch| volume.revert(id.0, options, watch))
    }

    /// Number of the shadow copy that the volume is being reverted to.
    #[getter]
    fn reverting(&self, py: Python<'_>) -> PyResult<Option<u32>> {
        self.run(py, |volume| Ok(volume.reverting()?.map(CopyId::number)))
    }

    /// What may differ between two shadow copies, or between one and the volume now.
    #[pyo3(signature = (since_id, until_id = None))]
    fn changes<'py>(
        &self,
        py: Python<'py>,
        since_id: Id,
        until_id: Option<Id>,
    ) -> PyResult<Bound<'py, PyList>> {
        let until: Option<CopyId> = until_id.map(|id| id.0);
        let extents = self.run(py, |volume| volume.changes(since_id.0, until))?;
        extent::list(py, &extents)
    }

    /// Write down what is done to the volume from now on, in a new file.
    fn record(&self, py: Python<'_>, path: PathBuf) -> PyResult<Recording> {
        self.run(py, |volume| volume.record(&path)).map(Recording::new)
    }

    /// Rewrite the journal without the records that answer for nothing any more.
    fn compact(&self, py: Python<'_>) -> PyResult<()> {
        self.run(py, HostVolume::compact)
    }

    /// Show the volume and its shadow copies as files in a folder.
    #[pyo3(signature = (dir, *, allow_other = false))]
    fn mount(&self, py: Python<'_>, dir: PathBuf, allow_other: bool) -> PyResult<Mount> {
        Mount::of_volume(py, self.session.get(py)?, dir, allow_other)
    }

    /// The events since the last call, oldest first.
    fn events(&self, py: Python<'_>) -> PyResult<Vec<Event>> {
        let events = self.run(py, |volume| Ok(volume.events()))?;
        Ok(events.iter().map(Event::from).collect())
    }

    /// What the node has done since it was opened, and the space it has.
    fn stats(&self, py: Python<'_>) -> PyResult<VolumeStats> {
        self.run(py, |volume| Ok(volume.stats().into()))
    }

    /// Flush, and give up the active role. Closing twice is fine.
    #[pyo3(signature = (*, release = true))]
    fn close(&self, py: Python<'_>, release: bool) -> PyResult<()> {
        self.session.end(py, if release { HostVolume::close } else { HostVolume::leave })
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
        let state = if self.session.is_closed() { "closed" } else { "active" };
        format!("<Volume of {} bytes, {state}>", self.size)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.callback.visit(visit)
    }

    fn __clear__(&self) {
        self.callback.clear();
    }
}

impl Volume {
    pub(crate) const fn session(&self) -> &Arc<Session<HostVolume>> {
        &self.session
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.size
    }

    fn start(
        py: Python<'_>,
        callback: Callback,
        open: impl FnOnce() -> Result<HostVolume, Error> + Send,
    ) -> PyResult<Self> {
        let volume = py.detach(open).map_err(raise_writable)?;
        let (size, chunk_size) = (volume.size(), volume.chunk_size());
        let session = Session::new(volume);
        close_at_exit(&session);
        Ok(Self { session, callback, size, chunk_size })
    }

    fn copies(
        &self,
        py: Python<'_>,
        request: impl FnOnce(&HostVolume) -> Result<Vec<CopyInfo>, Error> + Send,
    ) -> PyResult<Vec<ShadowCopy>> {
        let copy = |info| ShadowCopy::of_volume(&self.session, info, self.size);
        Ok(self.run(py, request)?.into_iter().map(copy).collect())
    }

    /// Does a request without the interpreter lock.
    fn run<T: Send>(
        &self,
        py: Python<'_>,
        request: impl FnOnce(&HostVolume) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        let volume = self.session.get(py)?;
        py.detach(move || request(&volume)).map_err(raise)
    }
}

/// Python says 0 for no cap.
const fn cap(limit: Bytes) -> u64 {
    if limit.0 == 0 { u64::MAX } else { limit.0 }
}
