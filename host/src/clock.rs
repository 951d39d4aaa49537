//! The time of day, as records carry it.

use std::time::SystemTime;

/// Nanoseconds since 1970 (UTC), now.
pub(crate) fn now() -> i64 {
    nanoseconds_since_1970(SystemTime::now())
}

/// The same for any time; before 1970 it is negative.
pub(crate) fn nanoseconds_since_1970(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, |nanos| -nanos),
    }
}
