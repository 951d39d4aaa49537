//! A volume, node or mount that is open or closed, and belongs to one process.

use core::mem;
use std::sync::{Arc, PoisonError, RwLock};

use pyo3::prelude::*;
use shadowvol_host::{Error, Passive, Volume};

use crate::errors::{raise, refuse};
use crate::process::forks;

/// What can be closed.
pub(crate) trait Close: Send + Sync {
    fn close(&self) -> Result<(), Error>;

    /// Lets go of what a forked child must not keep; it waits for nobody.
    fn leave_to_parent(&self) {}
}

impl Close for Volume {
    fn close(&self) -> Result<(), Error> {
        Self::close(self)
    }

    fn leave_to_parent(&self) {
        Self::leave_to_parent(self);
    }
}

impl Close for Passive {
    fn close(&self) -> Result<(), Error> {
        Self::close(self);
        Ok(())
    }
}

/// A session of any kind, to which something happens with the process.
pub(crate) trait Opened: Send + Sync {
    /// The interpreter ends.
    fn close_at_exit(&self, py: Python<'_>) -> PyResult<()>;

    /// This is a child that was forked off.
    fn leave_to_parent(&self);
}

impl<T: Close> Opened for Session<T> {
    fn close_at_exit(&self, py: Python<'_>) -> PyResult<()> {
        self.close(py)
    }

    fn leave_to_parent(&self) {
        if let Ok(state) = self.state.try_read()
            && let State::Open(opened) = &*state
        {
            opened.leave_to_parent();
        }
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
        Arc::new(Self { state, forks: forks() })
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
        self.end(py, T::close)
    }

    /// Closes it in a way of its own.
    pub(crate) fn end(
        &self,
        py: Python<'_>,
        close: impl FnOnce(&T) -> Result<(), Error> + Send,
    ) -> PyResult<()> {
        if self.is_foreign() {
            return Ok(());
        }
        py.detach(|| self.take().map_or(Ok(()), |opened| close(&opened))).map_err(raise)
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
        self.forks != forks()
    }
}

impl<T: Close> Drop for Session<T> {
    fn drop(&mut self) {
        let foreign = self.is_foreign();
        // Not by `take`: in a child, the lock may be held by a thread that there is no more.
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let State::Open(opened) = mem::replace(state, State::Closed) else { return };
        if foreign {
            mem::forget(opened);
            return;
        }
        let mut opened = Some(opened);
        // Closing waits for threads that may want to call Python.
        Python::try_attach(|py| py.detach(|| drop(opened.take())));
    }
}
