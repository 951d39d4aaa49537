//! The class `SetCreation`: a shadow copy set, from state to state.
//!
//! The states are types in Rust; here they are one object that refuses what does not come next.

mod participant;
mod report;

use core::mem;
use core::time::Duration;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use shadowvol::set::{Report, Span, Wanted, Windows};
use shadowvol::{Attributes, Description};
use shadowvol_host::Volume as HostVolume;
use shadowvol_host::owner::this_process;
use shadowvol_host::set::{
    BackupSet, Busy, Created, Gathering, Prepared, SetError, SetOptions, Stopper,
};

use self::participant::PyParticipant;
use self::report::{failed, tell};
use crate::copy::ShadowCopy;
use crate::errors::{raise, refuse};
use crate::session::Session;
use crate::volume::Volume;
use crate::when::When;

/// How often a thread that waits for a set looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(20);

/// A shadow copy set in the making.
#[pyclass(frozen, module = "shadowvol._shadowvol")]
pub(crate) struct SetCreation {
    volumes: Vec<Named>,
    state: Mutex<State>,
}

/// A volume with the name that the set has for it.
struct Named {
    session: Arc<Session<HostVolume>>,
    size: u64,
}

enum State {
    Gathering(Box<BackupSet<Gathering>>),
    Prepared(Box<BackupSet<Prepared>>),
    Created(Box<BackupSet<Created>>),
    Over(Option<Box<Report>>),
    /// Another thread is at work on it.
    Busy(Option<Stopper>),
}

impl State {
    const fn name(&self) -> &'static str {
        match self {
            Self::Gathering(_) => "new",
            Self::Prepared(_) => "prepared",
            Self::Created(_) => "created",
            Self::Over(_) => "over",
            Self::Busy(_) => "busy",
        }
    }
}

#[pymethods]
impl SetCreation {
    #[new]
    #[pyo3(signature = (
        volumes, participants, *, label = "", auto_release = true, expires = None,
        retain_until = None, application_consistent = false, wait = 0.0, freeze_window = 60.0,
        hold_window = 10.0
    ))]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn new(
        py: Python<'_>,
        volumes: Vec<(String, Py<Volume>)>,
        participants: Vec<(Py<PyAny>, bool)>,
        label: &str,
        auto_release: bool,
        expires: Option<When>,
        retain_until: Option<When>,
        application_consistent: bool,
        wait: f64,
        freeze_window: f64,
        hold_window: f64,
    ) -> PyResult<Self> {
        let mut about = Description {
            owner: this_process(),
            expires: expires.map_or(0, When::expiry),
            retained_until: retain_until.map_or(0, |when| when.0),
            ..Description::new(label, 0)
        };
        about.attributes.set(Attributes::AUTO_RELEASE, auto_release);
        let wanted = if application_consistent {
            Wanted::ApplicationConsistency
        } else {
            Wanted::CommonInstant
        };
        let windows = Windows {
            freeze: span("freeze_window", freeze_window)?,
            hold: span("hold_window", hold_window)?,
            ..Windows::default()
        };
        let patience = span("wait", wait)?;
        let busy = if patience.0 == 0 {
            Busy::Fail
        } else {
            Busy::Wait(Duration::from_millis(patience.0))
        };
        let mut set = BackupSet::new(SetOptions { about, wanted, windows, busy });
        let mut named = Vec::new();
        for (name, volume) in volumes {
            let volume = volume.get();
            let open = volume.session().get(py)?;
            set.volume(&name, &open).map_err(|error| failed(py, error))?;
            named.push(Named { session: Arc::clone(volume.session()), size: volume.bytes() });
        }
        for (participant, required) in participants {
            let participant = Arc::new(PyParticipant::new(participant.bind(py))?);
            if required {
                set.require(participant);
            } else {
                set.invite(participant);
            }
        }
        Ok(Self { volumes: named, state: Mutex::new(State::Gathering(Box::new(set))) })
    }

    /// Where it is: new, prepared, created or over; busy while another thread is at work on it.
    #[getter]
    fn state(&self) -> &'static str {
        self.lock(|state| state.name())
    }

    /// Let all participants prepare.
    fn prepare(&self, py: Python<'_>) -> PyResult<()> {
        let set = self.take(py, "prepare", |state| match state {
            State::Gathering(set) => {
                let stopper = set.stopper();
                Ok((*set, Some(stopper)))
            }
            other => Err(other),
        })?;
        let stopper = set.stopper();
        let done = interruptible(py, &stopper, move || set.prepare());
        self.put(py, done, |set| State::Prepared(Box::new(set)))
    }

    /// Freeze the participants, hold the volumes, and take the copies.
    fn create(&self, py: Python<'_>) -> PyResult<()> {
        let set = self.take(py, "create", |state| match state {
            State::Prepared(set) => {
                let stopper = set.stopper();
                Ok((*set, Some(stopper)))
            }
            other => Err(other),
        })?;
        let stopper = set.stopper();
        let done = interruptible(py, &stopper, move || set.create());
        self.put(py, done, |set| State::Created(Box::new(set)))
    }

    /// The copies, in the order of the volumes.
    fn copies(&self, py: Python<'_>) -> PyResult<Vec<ShadowCopy>> {
        let copies = self.lock(|state| match state {
            State::Created(set) => Ok(set.copies()),
            other => Err(wrong(py, "copies", other)),
        })?;
        let found = copies.into_iter().zip(&self.volumes).map(|(copy, Named { session, size })| {
            let volume = session.get(py)?;
            let info = py.detach(|| volume.shadow_copy(copy.id)).map_err(raise)?;
            Ok(ShadowCopy::of_volume(session, info, *size))
        });
        found.collect()
    }

    /// The set's identity, in hexadecimal.
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<String> {
        self.lock(|state| match state {
            State::Created(set) => Ok(set.id().to_string()),
            other => Err(wrong(py, "id", other)),
        })
    }

    /// Tell the participants that the requester has read what it wanted. The copies stay.
    fn complete(&self, py: Python<'_>, succeeded: bool) -> PyResult<()> {
        let set = self.take(py, "complete", |state| match state {
            State::Created(set) => Ok((*set, None)),
            other => Err(other),
        })?;
        let report = py.detach(|| set.complete(succeeded));
        self.lock(|state| *state = State::Over(Some(Box::new(report))));
        Ok(())
    }

    /// Let everyone go, and delete the copies. Always in order; from another thread, too.
    fn abort(&self, py: Python<'_>) {
        let state = self.lock(|state| match state {
            State::Busy(stopper) => Err(stopper.clone()),
            State::Over(report) => Ok(State::Over(report.clone())),
            other => Ok(mem::replace(other, State::Over(None))),
        });
        let report = py.detach(|| match state {
            Ok(State::Prepared(set)) => Some(Box::new(set.abort())),
            Ok(State::Created(set)) => Some(Box::new(set.abort())),
            Ok(State::Over(report)) => report,
            Ok(State::Gathering(_) | State::Busy(_)) => None,
            // Who is at work on it finds it failed.
            Err(stopper) => {
                stopper.iter().for_each(Stopper::stop);
                None
            }
        });
        self.lock(|state| {
            if let (State::Over(told), Some(_)) = (state, &report) {
                *told = report;
            }
        });
    }

    /// What it came to, and who took part; None before anybody was told of it.
    fn report<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let report = self.lock(|state| match state {
            State::Prepared(set) => Some(Box::new(set.report())),
            State::Created(set) => Some(Box::new(set.report())),
            State::Over(report) => report.clone(),
            State::Gathering(_) | State::Busy(_) => None,
        });
        report.map(|report| tell(py, &report)).transpose()
    }
}

impl SetCreation {
    fn lock<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the set out to work on it, if it is in the right state.
    fn take<S>(
        &self,
        py: Python<'_>,
        step: &str,
        right: impl FnOnce(State) -> Result<(S, Option<Stopper>), State>,
    ) -> PyResult<S> {
        self.lock(|state| match right(mem::replace(state, State::Busy(None))) {
            Ok((set, stopper)) => {
                *state = State::Busy(stopper);
                Ok(set)
            }
            Err(before) => {
                *state = before;
                Err(wrong(py, step, state))
            }
        })
    }

    /// Puts it back in its next state, or ends it.
    fn put<S>(
        &self,
        py: Python<'_>,
        done: Done<BackupSet<S>>,
        next: impl FnOnce(BackupSet<S>) -> State,
    ) -> PyResult<()>
    where
        BackupSet<S>: Send,
    {
        let (result, interrupt) = done;
        let (state, error) = match result {
            Ok(set) => (next(set), None),
            Err(error) => (State::Over(error.report().cloned().map(Box::new)), Some(error)),
        };
        self.lock(|place| *place = state);
        match (interrupt, error) {
            (Some(interrupt), _) => {
                self.abort(py);
                Err(interrupt)
            }
            (None, Some(error)) => Err(failed(py, error)),
            (None, None) => Ok(()),
        }
    }
}

/// What a step came to, and what a signal's handler raised meanwhile.
type Done<T> = (Result<T, SetError>, Option<PyErr>);

/// Runs a step on a thread of its own, and looks for signals on this one. A signal stops the set.
fn interruptible<T: Send>(
    py: Python<'_>,
    stopper: &Stopper,
    step: impl FnOnce() -> Result<T, SetError> + Send,
) -> Done<T> {
    let mut interrupt = None;
    let done = py.detach(|| {
        thread::scope(|scope| {
            let (say, hear) = mpsc::channel::<()>();
            let worker = scope.spawn(move || {
                let done = step();
                drop(say);
                done
            });
            while hear.recv_timeout(LOOK) == Err(mpsc::RecvTimeoutError::Timeout) {
                if interrupt.is_none()
                    && let Err(raised) = Python::attach(|py| py.check_signals())
                {
                    interrupt = Some(raised);
                    stopper.stop();
                }
            }
            worker.join()
        })
    });
    match done {
        Ok(result) => (result, interrupt),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

fn wrong(py: Python<'_>, step: &str, state: &State) -> PyErr {
    let state = state.name();
    refuse(py, "WrongState", &format!("{step} does not come next in a set that is {state}"))
}

fn span(name: &str, seconds: f64) -> PyResult<Span> {
    if (0.0..1e9).contains(&seconds) {
        return Ok(Span((seconds * 1000.0).round() as u64));
    }
    Err(PyValueError::new_err(format!("{name} is {seconds}: give seconds, 0 or more")))
}
