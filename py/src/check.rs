//! The function `check`, and the classes of its report.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyList;
use shadowvol::Error as EngineError;
use shadowvol_host::{Passive, PassiveOptions};

use crate::errors::raise;
use crate::extent;
use crate::progress::watched;
use crate::words::Choice;

/// One thing that a check found damaged.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct Finding {
    /// What does not agree, in words.
    what: String,
    /// Where, in bytes from the diff area's start.
    at: u64,
    /// The shadow copies that are affected.
    copies: Vec<u32>,
    /// The bytes of those copies that are affected.
    extents: Py<PyList>,
}

/// What a check looked at, and what it found.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct CheckReport {
    /// Whether nothing is damaged.
    ok: bool,
    /// The shadow copies that exist.
    copies: Vec<u32>,
    /// The one that the volume is being reverted to.
    reverting: Option<u32>,
    /// Journal records that were verified.
    records: u64,
    /// Preserved chunks whose checksum was verified.
    chunks: u64,
    /// Bytes of those chunks.
    bytes: u64,
    /// What is damaged, in the diff area's order.
    findings: Py<PyList>,
}

#[pymethods]
impl Finding {
    fn __repr__(&self) -> String {
        format!("<Finding at byte {}: {}>", self.at, self.what)
    }
}

#[pymethods]
impl CheckReport {
    fn __repr__(&self) -> String {
        let state = if self.ok { "ok" } else { "damaged" };
        format!("<CheckReport {state}: {} records, {} chunks>", self.records, self.chunks)
    }
}

/// Verify every record and the checksum of every preserved chunk.
#[pyfunction]
#[pyo3(signature = (path, diff = None, *, caching = "auto", progress = None))]
pub(crate) fn check(
    py: Python<'_>,
    path: PathBuf,
    diff: Option<PathBuf>,
    caching: &str,
    progress: Option<Py<PyAny>>,
) -> PyResult<CheckReport> {
    let caching = Choice::parse(caching)?;
    let options = PassiveOptions { diff, caching, ..PassiveOptions::default() };
    let node = py.detach(|| Passive::open(&path, &options)).map_err(raise)?;
    let report = watched(py, progress, |watch| shadowvol_host::check(&node, watch))?;
    let findings = PyList::empty(py);
    for finding in &report.findings {
        findings.append(Finding::of(py, finding)?)?;
    }
    Ok(CheckReport {
        ok: report.findings.is_empty(),
        copies: report.copies.iter().map(|copy| copy.number()).collect(),
        reverting: report.reverting.map(shadowvol::CopyId::number),
        records: report.records,
        chunks: report.chunks,
        bytes: report.bytes,
        findings: findings.unbind(),
    })
}

impl Finding {
    fn of(py: Python<'_>, finding: &shadowvol_host::Finding) -> PyResult<Self> {
        let what = match &finding.error {
            EngineError::Corrupt { what, .. } => what.to_string(),
            error => error.to_string(),
        };
        Ok(Self {
            what,
            at: finding.at,
            copies: finding.copies.iter().map(|copy| copy.number()).collect(),
            extents: extent::list(py, &finding.extents)?.unbind(),
        })
    }
}
