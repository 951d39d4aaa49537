//! The locks and threads of the driver, in one place, so that tests can put others under it.
//!
//! What ships are parking_lot's locks, which are not poisoned by a panic, and std's threads, by
//! their own names. With the feature `schedules`, which only `tests/schedules` enables, they are
//! those of a schedule explorer: one thread runs at a time, the explorer chooses which at every
//! lock and every wake-up, and a state in which all wait is an error instead of a hang.
//!
//! What the driver's threads wait for comes from here. Counters do not: nobody decides by them.
//! Media do not either: in those tests they are the tests' own. The working space that a thread
//! keeps for its next request stays std's thread-local; the explored threads are one to std, and
//! pass it to one another.

#[cfg(feature = "schedules")]
mod explored;

#[cfg(not(feature = "schedules"))]
pub(crate) use {
    core::sync::atomic::AtomicBool,
    parking_lot::{Condvar, Mutex, MutexGuard},
    std::thread,
};

#[cfg(feature = "schedules")]
pub(crate) use explored::{AtomicBool, Condvar, Mutex, MutexGuard, thread};
