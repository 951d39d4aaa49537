//! The classes of what a repository reports.

use std::time::SystemTime;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use shadowvol_host::backup::{self as host, BackupId};

use crate::extent;
use crate::when::time;
use crate::words::Choice;

/// A backup in a repository.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct Backup {
    /// What it is called, 32 hexadecimal digits.
    id: String,
    /// What it is to the next ones.
    kind: &'static str,
    /// Identity of the volume, 32 hexadecimal digits.
    volume_id: String,
    /// What the volume was called.
    name: String,
    /// Bytes of the volume.
    size: u64,
    /// Number of the shadow copy.
    copy: u32,
    /// When the shadow copy was taken, in UTC.
    copy_created: SystemTime,
    /// What the shadow copy was called.
    label: String,
    /// When the backup was complete, in UTC.
    created: SystemTime,
    /// The backup that it was built on, or None.
    base: Option<String>,
    /// Why it is full although something else was asked for, or None.
    full_because: Option<String>,
    /// The shadow copy set, or None.
    set: Option<String>,
    /// What the set's maker has said, or None.
    consistency: Option<String>,
    /// Who took part.
    participants: Py<PyTuple>,
    /// Bytes of the volume that were read.
    read: u64,
    /// Bytes that the repository did not have.
    new: u64,
    /// Bytes by which the repository has grown.
    stored: u64,
}

/// What a verification looked at, and what it found.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct VerifyReport {
    /// Whether nothing is damaged.
    ok: bool,
    /// The backups that were looked at.
    backups: Vec<String>,
    /// Packs that were read.
    packs: u64,
    /// Chunks that were read.
    chunks: u64,
    /// Their bytes.
    bytes: u64,
    /// What is damaged or missing, in words.
    findings: Vec<String>,
    /// The backups that cannot be restored whole, and their bytes that are lost.
    harmed: Py<PyDict>,
}

/// What a pruning has done, or would do.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct PruneReport {
    /// Backups that were removed.
    removed: Vec<String>,
    /// Backups that stay.
    kept: Vec<String>,
    /// Packs that were removed.
    packs_removed: u64,
    /// Packs among them of which something was written anew.
    packs_rewritten: u64,
    /// Bytes that nobody needed.
    freed: u64,
}

#[pymethods]
impl Backup {
    fn __repr__(&self) -> String {
        format!("<Backup {} of {:?}, {}>", self.id, self.name, self.kind)
    }
}

#[pymethods]
impl VerifyReport {
    fn __repr__(&self) -> String {
        let state = if self.ok { "ok" } else { "damaged" };
        format!("<VerifyReport {state}: {} backups, {} chunks>", self.backups.len(), self.chunks)
    }
}

#[pymethods]
impl PruneReport {
    fn __repr__(&self) -> String {
        let (removed, kept) = (self.removed.len(), self.kept.len());
        format!("<PruneReport {removed} removed, {kept} kept>")
    }
}

impl Backup {
    pub(crate) fn of(py: Python<'_>, backup: host::Backup) -> PyResult<Self> {
        let host::Backup { id, manifest } = backup;
        Ok(Self {
            id: id.to_string(),
            kind: manifest.kind.word(),
            volume_id: manifest.volume.to_string(),
            name: manifest.name,
            size: manifest.size,
            copy: manifest.copy,
            copy_created: time(manifest.copy_time),
            label: manifest.label,
            created: time(manifest.time),
            base: manifest.base.map(|base| base.to_string()),
            full_because: manifest.full_because,
            set: manifest.set,
            consistency: manifest.consistency,
            participants: PyTuple::new(py, manifest.participants)?.unbind(),
            read: manifest.read,
            new: manifest.new,
            stored: manifest.stored,
        })
    }
}

impl VerifyReport {
    pub(crate) fn of(py: Python<'_>, report: &host::VerifyReport) -> PyResult<Self> {
        let harmed = PyDict::new(py);
        for (id, extents) in &report.harmed {
            let extents: Bound<'_, PyList> = extent::list(py, extents)?;
            harmed.set_item(id.to_string(), extents)?;
        }
        Ok(Self {
            ok: report.is_ok(),
            backups: texts(&report.backups),
            packs: report.packs,
            chunks: report.chunks,
            bytes: report.bytes,
            findings: report.findings.iter().map(ToString::to_string).collect(),
            harmed: harmed.unbind(),
        })
    }
}

impl PruneReport {
    pub(crate) fn of(report: &host::PruneReport) -> Self {
        Self {
            removed: texts(&report.removed),
            kept: texts(&report.kept),
            packs_removed: report.packs_removed,
            packs_rewritten: report.packs_rewritten,
            freed: report.freed,
        }
    }
}

fn texts(ids: &[BackupId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
