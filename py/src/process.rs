//! What happens to the process: it is forked off, or the interpreter ends.

use core::mem;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction};

use crate::session::{Close, Opened, Session};

/// How often this process was forked off since the module was imported.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// What is open: closed when the interpreter ends, because later its threads could not call it.
static OPENED: Mutex<Vec<Weak<dyn Opened>>> = Mutex::new(Vec::new());

/// A number that differs between a child and its parent.
pub(crate) fn forks() -> u64 {
    FORKS.load(Ordering::Relaxed)
}

/// Has something closed when the interpreter ends, if it is not closed before.
pub(crate) fn close_at_exit<T: Close + 'static>(session: &Arc<Session<T>>) {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    opened.retain(|session| session.strong_count() > 0);
    let session: Weak<Session<T>> = Arc::downgrade(session);
    opened.push(session);
}

/// Asks the interpreter to tell when this process was forked off, and when it ends.
pub(crate) fn watch(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let os = py.import("os")?;
    if let Some(register) = os.getattr_opt("register_at_fork")? {
        let note = PyCFunction::new_closure(py, None, None, |_, _| {
            FORKS.fetch_add(1, Ordering::Relaxed);
            leave_all_to_parent();
        })?;
        let when = [("after_in_child", note)].into_py_dict(py)?;
        register.call((), Some(&when))?;
    }
    let close = PyCFunction::new_closure(py, None, None, |args, _| close_all(args.py()))?;
    py.import("atexit")?.call_method1("register", (close,))?;
    Ok(())
}

/// A child must not keep its parent's role: it may well outlive its parent. Locks that were held
/// when it was forked off are never released in it, so none is waited for.
fn leave_all_to_parent() {
    let Ok(opened) = OPENED.try_lock() else { return };
    opened.iter().filter_map(Weak::upgrade).for_each(|session| session.leave_to_parent());
}

fn close_all(py: Python<'_>) -> PyResult<()> {
    let opened = mem::take(&mut *OPENED.lock().unwrap_or_else(PoisonError::into_inner));
    // The last one first: a mount goes before its volume.
    let sessions = opened.iter().rev().filter_map(Weak::upgrade);
    let closed: Vec<_> = sessions.map(|session| session.close_at_exit(py)).collect();
    closed.into_iter().collect()
}
