//! What a set came to, as Python's own values and exceptions.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use shadowvol::set::{Author, Failure, Outcome, Part, Report};
use shadowvol_host::set::SetError;

use crate::errors::{raise, refuse};

/// A report as a dictionary, of which the package makes its `Report`.
pub(super) fn tell<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    let (outcome, failure) = match &report.outcome {
        None => (None, None),
        Some(Outcome::ApplicationConsistent) => (Some("application-consistent"), None),
        Some(Outcome::CrashConsistent) => (Some("crash-consistent"), None),
        Some(Outcome::Failed(failure)) => (Some("failed"), Some(failure)),
    };
    told.set_item("outcome", outcome)?;
    told.set_item("failure", failure.map(|failure| tell_failure(py, failure)).transpose()?)?;
    let parts = report.participants.iter().map(|part| tell_part(py, part));
    told.set_item("participants", parts.collect::<PyResult<Vec<_>>>()?)?;
    told.set_item("recovered", &report.recovered)?;
    told.set_item("left_behind", &report.left_behind)?;
    Ok(told)
}

fn tell_failure<'py>(py: Python<'py>, failure: &Failure) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    let (kind, name) = match &failure.author {
        Author::Participant(name) => ("participant", Some(name)),
        Author::Volume(name) => ("volume", Some(name)),
        Author::Requester => ("requester", None),
        Author::Set => ("set", None),
    };
    told.set_item("phase", failure.phase.to_string())?;
    told.set_item("author", kind)?;
    told.set_item("name", name)?;
    told.set_item("reason", failure.reason.to_string())?;
    told.set_item("retryable", failure.retryable)?;
    Ok(told)
}

fn tell_part<'py>(py: Python<'py>, part: &Part) -> PyResult<Bound<'py, PyDict>> {
    let told = PyDict::new(py);
    told.set_item("name", &part.name)?;
    told.set_item("required", part.required)?;
    told.set_item("left_out", part.left_out.as_ref().map(ToString::to_string))?;
    told.set_item("maybe_frozen", part.maybe_frozen)?;
    told.set_item("complaint", part.complaint.as_ref().map(ToString::to_string))?;
    Ok(told)
}

/// The exception for a set that there is not.
pub(super) fn failed(py: Python<'_>, error: SetError) -> PyErr {
    let class = match &error {
        SetError::Failed(_) => "SetFailed",
        SetError::CreationInProgress { .. } => "CreationInProgress",
        SetError::TooManyVolumes(_) => "TooManyVolumes",
        SetError::DuplicateVolume { .. } => "DuplicateVolume",
        _ => "Error",
    };
    let text = error.to_string();
    match error {
        SetError::Volume { source, .. } => raise(source),
        _ => refuse(py, class, &text),
    }
}
