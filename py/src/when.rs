//! Points in time as Python says them, and as records carry them: nanoseconds since 1970.

use core::time::Duration;
use std::time::SystemTime;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

/// A day to come: a datetime with a time zone, or a timedelta from now.
pub(crate) struct When(pub(crate) i64);

impl When {
    /// As an expiry, where 0 is never: so is a day that is too late for a record, in the year 2262.
    pub(crate) fn expiry(self) -> i64 {
        if self.0 == i64::MAX { 0 } else { self.0 }
    }
}

impl FromPyObject<'_, '_> for When {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let time = if let Ok(since) = object.extract::<Duration>() {
            SystemTime::now().checked_add(since)
        } else {
            object.extract::<SystemTime>().ok()
        };
        time.map(|time| Self(nanoseconds(time))).ok_or_else(|| {
            let message = "give a datetime with a time zone after 1970, or a timedelta from now";
            PyTypeError::new_err(format!("{object:?}: {message}"))
        })
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

/// The time that a record carries.
pub(crate) fn time(nanoseconds: i64) -> SystemTime {
    let since = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 { SystemTime::UNIX_EPOCH - since } else { SystemTime::UNIX_EPOCH + since }
}

/// The same, where 0 stands for none.
pub(crate) fn time_if_any(nanoseconds: i64) -> Option<SystemTime> {
    (nanoseconds != 0).then(|| time(nanoseconds))
}
