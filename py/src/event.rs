//! The class `Event`, and the callback that hears of events.

use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use shadowvol_host::{DropReason, Event as HostEvent, OnEvent};

/// Something that happened to a volume without being anyone's error.
#[pyclass(frozen, get_all, module = "shadowvol")]
pub(crate) struct Event {
    /// What happened: little room is left, or shadow copies were let go.
    kind: &'static str,
    /// The shadow copies that were let go, oldest first.
    copies: Vec<u32>,
    /// Why.
    reason: &'static str,
    /// All of it in a sentence.
    message: String,
}

#[pymethods]
impl Event {
    fn __repr__(&self) -> String {
        format!("<Event {}: {}>", self.kind, self.message)
    }
}

impl From<&HostEvent> for Event {
    fn from(event: &HostEvent) -> Self {
        let (kind, copies, reason) = match event {
            HostEvent::Dropped { copies, reason } => ("copies-dropped", copies.as_slice(), *reason),
            _ => ("low-space", [].as_slice(), DropReason::DiffAreaFull),
        };
        let reason = match reason {
            DropReason::ExternalWrite => "external-write",
            DropReason::CoherentCrash => "coherent-crash",
            _ => "diff-area-full",
        };
        let copies = copies.iter().map(|copy| copy.number()).collect();
        Self { kind, copies, reason, message: event.to_string() }
    }
}

/// A function to call with every event. The collector of cycles can look through it: it is often
/// a method of what holds the volume.
#[derive(Clone, Default)]
pub(crate) struct Callback(Arc<Mutex<Option<Py<PyAny>>>>);

impl Callback {
    pub(crate) fn new(function: Option<Py<PyAny>>) -> Self {
        Self(Arc::new(Mutex::new(function)))
    }

    /// What the volume's thread calls, if there is anything to call.
    pub(crate) fn on_event(&self) -> Option<OnEvent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref()?;
        let callback = self.clone();
        Some(Arc::new(move |event| {
            Python::try_attach(|py| callback.call(py, event));
        }))
    }

    pub(crate) fn visit(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let function = match self.0.try_lock() {
            Ok(function) => function,
            Err(TryLockError::Poisoned(function)) => function.into_inner(),
            // It is in use, so it is no garbage.
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        visit.call(&*function)
    }

    pub(crate) fn clear(&self) {
        let function = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(function);
    }

    fn call(&self, py: Python<'_>, event: &HostEvent) {
        // The lock is not held while the function runs: others who have an event to tell hold the
        // interpreter while they wait for it, and the function itself may tell one.
        let function = {
            let function = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            function.as_ref().map(|function| function.clone_ref(py))
        };
        let Some(function) = function else { return };
        if let Err(error) = function.call1(py, (Event::from(event),)) {
            error.write_unraisable(py, Some(function.bind(py)));
        }
    }
}
