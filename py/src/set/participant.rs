//! A Python object as a participant.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use shadowvol::set::{Deadlines, Level, Veto};
use shadowvol_host::set::{Draft as HostDraft, Participant};

use super::span;
use crate::fork::Draft;
use crate::words::Choice;

/// A participant, and what it said of itself when it was invited.
pub(crate) struct PyParticipant {
    object: Py<PyAny>,
    name: String,
    level: Level,
    deadlines: Deadlines,
}

impl Choice for Level {
    const NAME: &'static str = "level";
    const WORDS: &'static [(&'static str, Self)] =
        &[("front-end", Self::FrontEnd), ("back-end", Self::BackEnd), ("system", Self::System)];
}

impl PyParticipant {
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let mut name: String = object.getattr("name")?.extract()?;
        if name.is_empty() {
            name = object.get_type().name()?.extract()?;
        }
        let level: String = object.getattr("level")?.extract()?;
        let said = object.getattr("deadlines")?;
        let of = |call: &str| span(call, said.getattr(call)?.extract()?);
        let deadlines = Deadlines {
            prepare: of("prepare")?,
            freeze: of("freeze")?,
            frozen: of("frozen")?,
            thaw: of("thaw")?,
            post_snapshot: of("post_snapshot")?,
            abort: of("abort")?,
            backup_complete: of("backup_complete")?,
            shutdown: of("shutdown")?,
        };
        Ok(Self { object: object.clone().unbind(), name, level: Level::parse(&level)?, deadlines })
    }

    fn call(
        &self,
        call: impl for<'py> FnOnce(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
    ) -> Result<(), Veto> {
        let called = Python::try_attach(|py| {
            let object = self.object.bind(py);
            call(object).map(drop).map_err(|raised| veto(py, &raised))
        });
        called.unwrap_or_else(|| Err(Veto::for_good("the interpreter has ended")))
    }

    fn call0(&self, method: &str) -> Result<(), Veto> {
        self.call(|object| object.call_method0(method))
    }
}

/// A `Veto` says whether another try may succeed; anything else that is raised does not.
fn veto(py: Python<'_>, raised: &PyErr) -> Veto {
    let value = raised.value(py);
    let text = value.to_string();
    match value.getattr(intern!(py, "retryable")).and_then(|found| found.extract()) {
        Ok(retryable) => Veto { text, retryable },
        Err(_) => {
            let class = value.get_type();
            let class = class.name().unwrap_or_else(|_| PyString::new(py, "an exception"));
            Veto::for_good(format!("{class}: {text}"))
        }
    }
}

impl Participant for PyParticipant {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn level(&self) -> Level {
        self.level
    }

    fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    fn prepare(&self) -> Result<(), Veto> {
        self.call0("prepare")
    }

    fn freeze(&self) -> Result<(), Veto> {
        self.call0("freeze")
    }

    fn thaw(&self) -> Result<(), Veto> {
        self.call0("thaw")
    }

    fn post_snapshot(&self, drafts: &[HostDraft]) -> Result<(), Veto> {
        self.call(|object| {
            let py = object.py();
            let class = py.import("shadowvol.participants")?.getattr("SetCopy")?;
            let list = PyList::empty(py);
            for draft in drafts {
                let copy = draft.copy();
                let draft = Draft(draft.clone());
                list.append(class.call1((&copy.volume, copy.id.number(), draft))?)?;
            }
            object.call_method1("post_snapshot", (list,))
        })
    }

    fn abort(&self) -> Result<(), Veto> {
        self.call0("abort")
    }

    fn backup_complete(&self, succeeded: bool) -> Result<(), Veto> {
        self.call(|object| {
            let named = PyDict::new(object.py());
            named.set_item("succeeded", succeeded)?;
            object.call_method("backup_complete", (), Some(&named))
        })
    }

    fn shutdown(&self) -> Result<(), Veto> {
        self.call0("shutdown")
    }
}
