//! The class `ShadowCopy`.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use shadowvol::journal::CopyInfo;
use shadowvol::{Attributes, Error as EngineError};
use shadowvol_host::{CopyOptions, Error, ForkOptions, Passive, ShadowCopy as HostCopy, Volume};

use crate::buffer::{Output, filled};
use crate::errors::raise;
use crate::files::FileTree;
use crate::fork::Fork;
use crate::number::{Bytes, bytes, within};
use crate::progress::watched;
use crate::session::Session;
use crate::when::{time, time_if_any};
use crate::words::Choice;

/// The volume as it was at one instant: a constant, until it is deleted.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct ShadowCopy {
    owner: Owner,
    info: CopyInfo,
    size: u64,
    /// Through which it is read. A volume's is made when it is read for the first time.
    copy: OnceLock<HostCopy>,
}

/// What a copy is read through stays open as long as the copy is used, unless it is closed.
enum Owner {
    Volume(Arc<Session<Volume>>),
    Passive(Arc<Session<Passive>>),
}

impl ShadowCopy {
    pub(crate) fn of_volume(volume: &Arc<Session<Volume>>, info: CopyInfo, size: u64) -> Self {
        Self { owner: Owner::Volume(Arc::clone(volume)), info, size, copy: OnceLock::new() }
    }

    pub(crate) fn of_passive(node: &Arc<Session<Passive>>, copy: HostCopy) -> Self {
        let (info, size) = (copy.info().clone(), copy.size());
        Self { owner: Owner::Passive(Arc::clone(node)), info, size, copy: OnceLock::from(copy) }
    }

    pub(crate) fn open_copy(&self, py: Python<'_>) -> PyResult<HostCopy> {
        let volume = match &self.owner {
            Owner::Passive(node) => node.get(py).map(|_| None)?,
            Owner::Volume(volume) => Some(volume.get(py)?),
        };
        if let Some(copy) = self.copy.get() {
            return Ok(copy.clone());
        }
        let volume = volume.ok_or(Error::Closed).map_err(raise)?;
        let id = self.info.id;
        let copy = py.detach(move || volume.reader()?.shadow_copy(id)).map_err(raise)?;
        Ok(self.copy.get_or_init(|| copy).clone())
    }
}

#[pymethods]
impl ShadowCopy {
    /// Its number: 1, 2, 3 ... in the order of creation, never given twice.
    #[getter]
    fn id(&self) -> u32 {
        self.info.id.number()
    }

    /// What it was called when it was taken; empty if nothing.
    #[getter]
    fn label(&self) -> &str {
        &self.info.about.label
    }

    /// When it was taken by the active node's clock, in UTC.
    #[getter]
    fn created(&self) -> SystemTime {
        time(self.info.about.time)
    }

    /// Whether it goes when its owner goes.
    #[getter]
    fn auto_release(&self) -> bool {
        self.info.about.attributes.contains(Attributes::AUTO_RELEASE)
    }

    /// Whether it is in the making: nobody but its maker may read it.
    #[getter]
    fn unfinished(&self) -> bool {
        self.info.about.is_unfinished()
    }

    /// Whether applications may have changed it after the instant, when they recovered.
    #[getter]
    fn recovered(&self) -> bool {
        self.info.about.attributes.contains(Attributes::RECOVERED)
    }

    /// What was at rest at the instant: the applications, or nothing.
    #[getter]
    fn consistency(&self) -> &'static str {
        let attributes = self.info.about.attributes;
        if attributes.contains(Attributes::APPLICATION_CONSISTENT) {
            "application"
        } else {
            "crash"
        }
    }

    /// Identity of the volume, 32 hexadecimal digits.
    #[getter]
    fn volume_id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.open_copy(py)?.volume().to_string())
    }

    /// When it may be collected whatever has become of its owner.
    #[getter]
    fn expires(&self) -> Option<SystemTime> {
        time_if_any(self.info.about.expires)
    }

    /// Until when it cannot be deleted.
    #[getter]
    fn retained_until(&self) -> Option<SystemTime> {
        time_if_any(self.info.about.retained_until)
    }

    /// The shadow copy set that it is part of, in hexadecimal.
    #[getter]
    fn set_id(&self) -> Option<String> {
        let set = self.info.about.set;
        (!set.is_none()).then(|| set.to_string())
    }

    /// Bytes of the volume.
    #[getter]
    fn size(&self) -> u64 {
        self.size
    }

    /// The length bytes from offset on, as they were.
    fn read<'py>(
        &self,
        py: Python<'py>,
        offset: Bytes,
        length: Bytes,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let copy = self.open_copy(py)?;
        within(offset.0, length.0, self.size)?;
        filled(py, length.0, move |buffer| copy.read(offset.0, buffer).map_err(raise))
    }

    /// Fill buffer with the bytes from offset on; returns their number.
    fn readinto(&self, py: Python<'_>, offset: Bytes, mut buffer: Output) -> PyResult<usize> {
        let copy = self.open_copy(py)?;
        let bytes = buffer.bytes();
        py.detach(move || copy.read(offset.0, bytes).map(|()| bytes.len())).map_err(raise)
    }

    /// The copy as a raw file object (an io.RawIOBase).
    fn open(slf: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        slf.py().import("shadowvol._raw")?.getattr("ShadowCopyIO")?.call1((slf,))
    }

    /// The files of an ext4 file system inside the copy.
    #[pyo3(signature = (*, offset = 0))]
    fn files(
        slf: Bound<'_, Self>,
        #[pyo3(from_py_with = bytes)] offset: u64,
    ) -> PyResult<Bound<'_, PyAny>> {
        let py = slf.py();
        let copy = slf.get().open_copy(py)?;
        let files = py.detach(move || copy.files(offset)).map_err(raise)?;
        let class = py.import("shadowvol._files")?.getattr("Files")?;
        class.call1((FileTree(files), slf.get().info.id.number()))
    }

    /// A writable fork of the copy, which is discarded at its end.
    #[pyo3(signature = (*, folder = None))]
    pub(crate) fn fork(&self, py: Python<'_>, folder: Option<PathBuf>) -> PyResult<Fork> {
        let copy = self.open_copy(py)?;
        let made = py.detach(move || copy.fork(&ForkOptions { folder }));
        made.map(|fork| Fork::new(Arc::new(fork))).map_err(raise)
    }

    /// Copy the whole shadow copy into a file; returns the bytes written, holes left out.
    #[pyo3(signature = (path, *, sparse = true, format = "raw", progress = None))]
    fn copy_to(
        &self,
        py: Python<'_>,
        path: PathBuf,
        sparse: bool,
        format: &str,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<u64> {
        let copy = self.open_copy(py)?;
        let options = CopyOptions { sparse, format: Choice::parse(format)? };
        watched(py, progress, move |watch| copy.copy_to(&path, options, watch))
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
        let Owner::Volume(volume) = &self.owner else { return Ok(()) };
        if !self.auto_release() {
            return Ok(());
        }
        let (volume, id) = (volume.get(py)?, self.info.id);
        match py.detach(|| volume.delete_shadow_copies(&[id])) {
            // It is gone, as it shall be.
            Err(error) if matches!(error.engine(), Some(EngineError::Gone { .. })) => Ok(()),
            done => done.map_err(raise),
        }
    }

    fn __repr__(&self) -> String {
        let (id, label) = (self.info.id, &self.info.about.label);
        if label.is_empty() {
            format!("<ShadowCopy {id}>")
        } else {
            format!("<ShadowCopy {id} {label:?}>")
        }
    }
}
