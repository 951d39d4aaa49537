//! The class `Repository`.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyType;
use shadowvol_host::Error;
use shadowvol_host::backup::{
    self as host, BackupId, BackupOptions, Keep, Kind, PruneOptions, RestoreOptions,
};

use crate::backup::{Backup, PruneReport, VerifyReport};
use crate::copy::ShadowCopy;
use crate::errors::raise;
use crate::progress::watched;
use crate::words::Choice;

/// Backups of any volumes in a folder.
#[pyclass(frozen, module = "shadowvol")]
pub(crate) struct Repository {
    inner: host::Repository,
}

#[pymethods]
impl Repository {
    /// Make a repository in a folder that is not there or empty.
    #[classmethod]
    fn create(_cls: &Bound<'_, PyType>, py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = py.detach(|| host::Repository::create(path)).map_err(raise)?;
        Ok(Self { inner })
    }

    /// Open a repository.
    #[classmethod]
    fn open(_cls: &Bound<'_, PyType>, py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let inner = py.detach(|| host::Repository::open(path)).map_err(raise)?;
        Ok(Self { inner })
    }

    /// The folder.
    #[getter]
    fn path(&self) -> String {
        self.inner.path().to_string_lossy().into_owned()
    }

    /// The backups, oldest first.
    fn backups(&self, py: Python<'_>) -> PyResult<Vec<Backup>> {
        let listing = py.detach(|| self.inner.backups()).map_err(raise)?;
        listing.backups.into_iter().map(|backup| Backup::of(py, backup)).collect()
    }

    /// The backup with this name, or the one that it begins the name of; "latest" is the last.
    fn backup_named(&self, py: Python<'_>, name: &str) -> PyResult<Backup> {
        Backup::of(py, py.detach(|| self.find(name)).map_err(raise)?)
    }

    /// The shadow copies that the next backup of this kind and volume builds on.
    fn needed(&self, py: Python<'_>, copy: &ShadowCopy, kind: &str) -> PyResult<Option<u32>> {
        let (kind, volume) = (Kind::parse(kind)?, copy.open_copy(py)?.volume());
        let needed = py.detach(|| self.inner.needed(volume)).map_err(raise)?;
        Ok(match kind {
            Kind::Incremental => needed.incremental,
            Kind::Differential => needed.differential,
            Kind::Full | Kind::Copy => None,
        })
    }

    /// Back up a shadow copy.
    #[pyo3(signature = (copy, *, kind = "full", base = None, name = None, set = None,
                        consistency = None, participants = None, progress = None))]
    #[expect(clippy::too_many_arguments, reason = "each has its name in Python")]
    fn backup(
        &self,
        py: Python<'_>,
        copy: &ShadowCopy,
        kind: &str,
        base: Option<&str>,
        name: Option<String>,
        set: Option<String>,
        consistency: Option<String>,
        participants: Option<Vec<String>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Backup> {
        let kind = Choice::parse(kind)?;
        let base = base.map(|base| self.id(base)).transpose().map_err(raise)?;
        let participants = participants.unwrap_or_default();
        let options = BackupOptions { kind, base, name, set, consistency, participants };
        let copy = copy.open_copy(py)?;
        let made = watched(py, progress, |watch| self.inner.backup(&copy, &options, watch))?;
        Backup::of(py, made)
    }

    /// Restore a backup to a file or block device; returns the bytes written, holes left out.
    #[pyo3(signature = (backup, path, *, format = "raw", in_place = false, progress = None))]
    fn restore(
        &self,
        py: Python<'_>,
        backup: &str,
        path: PathBuf,
        format: &str,
        in_place: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<u64> {
        let options = RestoreOptions { format: Choice::parse(format)?, in_place };
        let id = self.id(backup).map_err(raise)?;
        watched(py, progress, |watch| self.inner.restore(id, &path, options, watch))
    }

    /// Read and check every byte of the repository, or every chunk of some backups.
    #[pyo3(signature = (backups = None, *, progress = None))]
    fn verify(
        &self,
        py: Python<'_>,
        backups: Option<Vec<String>>,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<VerifyReport> {
        let ids = backups.map(|names| self.ids(&names)).transpose().map_err(raise)?;
        let report = watched(py, progress, |watch| self.inner.verify(ids.as_deref(), watch))?;
        VerifyReport::of(py, &report)
    }

    /// Remove backups and what only they need.
    #[pyo3(signature = (*, keep_last = 0, keep_daily = 0, keep_weekly = 0, keep_monthly = 0,
                        remove = None, dry_run = false, progress = None))]
    #[expect(clippy::too_many_arguments, reason = "each has its name in Python")]
    fn prune(
        &self,
        py: Python<'_>,
        keep_last: usize,
        keep_daily: usize,
        keep_weekly: usize,
        keep_monthly: usize,
        remove: Option<Vec<String>>,
        dry_run: bool,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<PruneReport> {
        let keep =
            Keep { last: keep_last, daily: keep_daily, weekly: keep_weekly, monthly: keep_monthly };
        let remove = self.ids(&remove.unwrap_or_default()).map_err(raise)?;
        let options = PruneOptions { keep, remove, dry_run, ..PruneOptions::default() };
        let report = watched(py, progress, |watch| self.inner.prune(&options, watch))?;
        Ok(PruneReport::of(&report))
    }

    fn __repr__(&self) -> String {
        format!("<Repository {:?}>", self.path())
    }
}

impl Repository {
    fn find(&self, name: &str) -> Result<host::Backup, Error> {
        Ok(self.inner.backups()?.find(name)?.clone())
    }

    fn id(&self, name: &str) -> Result<BackupId, Error> {
        self.find(name).map(|backup| backup.id)
    }

    fn ids(&self, names: &[String]) -> Result<Vec<BackupId>, Error> {
        names.iter().map(|name| self.id(name)).collect()
    }
}
