//! A volume or node that is open or closed, and belongs to one process.

use core::mem;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction};
use shadowvol_host::{Error, Passive, Volume};

use crate::errors::{raise, refuse};

/// How often this process was forked off since the module was imported.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// The volumes to close when the interpreter ends: later, their threads could not call it.
static VOLUMES: Mutex<Vec<Weak<Session<Volume>>>> = Mutex::new(Vec::new());

/// What can be closed.
pub(crate) trait Close: Send + Sync {
    fn close(&self) -> Result<(), Error>;
}

impl Close for Volume {
    fn close(&self) -> Result<(), Error> {
        Self::close(self)
    }
}

impl Close for Passive {
    fn close(&self) -> Result<(), Error> {
        Self::close(self);
        Ok(())
    }
}

/// Something that was opened. It is closed when the last object that uses it is gone.
pub(crate) struct Session<T: Close> {
    state: RwLock<State<T>>,
    forks: u64,
}

enum State<T> {
    Open(Arc<T>),
    Closed,
}

impl<T: Close> Session<T> {
    pub(crate) fn new(opened: T) -> Arc<Self> {
        let state = RwLock::new(State::Open(Arc::new(opened)));
        Arc::new(Self { state, forks: FORKS.load(Ordering::Relaxed) })
    }

    /// What was opened, unless it was closed meanwhile.
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<Arc<T>> {
        if self.is_foreign() {
            let message = "it was opened before this process was forked off; open it again";
            return Err(refuse(py, "Closed", message));
        }
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Open(opened) => Ok(Arc::clone(opened)),
            State::Closed => Err(raise(Error::Closed)),
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_foreign()
            || matches!(*self.state.read().unwrap_or_else(PoisonError::into_inner), State::Closed)
    }

    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_foreign() {
            return Ok(());
        }
        py.detach(|| self.take().map_or(Ok(()), |opened| opened.close())).map_err(raise)
    }

    fn take(&self) -> Option<Arc<T>> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match mem::replace(&mut *state, State::Closed) {
            State::Open(opened) => Some(opened),
            State::Closed => None,
        }
    }

    /// A child shares its parent's files, but has none of its threads, and must not end its role.
    fn is_foreign(&self) -> bool {
        self.forks != FORKS.load(Ordering::Relaxed)
    }
}

impl<T: Close> Drop for Session<T> {
    fn drop(&mut self) {
        let foreign = self.is_foreign();
        let Some(opened) = self.take() else { return };
        if foreign {
            mem::forget(opened);
            return;
        }
        let mut opened = Some(opened);
        // Closing waits for threads that may want to call Python.
        Python::try_attach(|py| py.detach(|| drop(opened.take())));
    }
}

impl Session<Volume> {
    /// Has it closed when the interpreter ends, if it is not closed before.
    pub(crate) fn close_at_exit(self: &Arc<Self>) {
        let mut volumes = VOLUMES.lock().unwrap_or_else(PoisonError::into_inner);
        volumes.retain(|volume| volume.strong_count() > 0);
        volumes.push(Arc::downgrade(self));
    }
}

/// Asks the interpreter to tell when this process was forked off, and when it ends.
pub(crate) fn watch_process(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let os = py.import("os")?;
    if let Some(register) = os.getattr_opt("register_at_fork")? {
        let note = PyCFunction::new_closure(py, None, None, |_, _| {
            FORKS.fetch_add(1, Ordering::Relaxed);
        })?;
        let when = [("after_in_child", note)].into_py_dict(py)?;
        register.call((), Some(&when))?;
    }
    let close = PyCFunction::new_closure(py, None, None, |args, _| close_all(args.py()))?;
    py.import("atexit")?.call_method1("register", (close,))?;
    Ok(())
}

fn close_all(py: Python<'_>) -> PyResult<()> {
    let volumes = mem::take(&mut *VOLUMES.lock().unwrap_or_else(PoisonError::into_inner));
    for volume in volumes.iter().filter_map(Weak::upgrade) {
        volume.close(py)?;
    }
    Ok(())
}
