//! Moments as Python has them.

use core::time::Duration;
use std::time::SystemTime;

/// A moment that is so many nanoseconds after the beginning of 1970 (UTC).
pub(crate) fn moment(time: i64) -> SystemTime {
    let since = Duration::from_nanos(time.unsigned_abs());
    if time < 0 { SystemTime::UNIX_EPOCH - since } else { SystemTime::UNIX_EPOCH + since }
}
