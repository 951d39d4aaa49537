//! The explorer's locks, with the names and the manners of those that ship: a panic poisons
//! nothing, a guard is lent to a wait, and no wait ends by itself.

use core::ops::{Deref, DerefMut};
use std::sync::PoisonError;

use shuttle::sync as explorer;

pub(crate) use shuttle::sync::atomic::AtomicBool;
pub(crate) use shuttle::thread;

#[derive(Debug)]
pub(crate) struct Mutex<T>(explorer::Mutex<T>);

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Nothing while it is lent to a wait.
    held: Option<explorer::MutexGuard<'a, T>>,
}

#[derive(Debug)]
pub(crate) struct Condvar(explorer::Condvar);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(explorer::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard { mutex: self, held: Some(self.take()) }
    }

    fn take(&self) -> explorer::MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> MutexGuard<'_, T> {
    pub(crate) fn unlocked<U>(guard: &mut Self, work: impl FnOnce() -> U) -> U {
        guard.held = None;
        let done = work();
        guard.held = Some(guard.mutex.take());
        done
    }

    /// The explorer chooses who has it meanwhile, if anybody.
    pub(crate) fn bump(guard: &mut Self) {
        Self::unlocked(guard, || ());
    }

    /// The explorer chooses who has it next, as after every lock.
    pub(crate) fn unlock_fair(guard: Self) {
        drop(guard);
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("held but in a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("held but in a wait")
    }
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Self(explorer::Condvar::new())
    }

    pub(crate) fn wait<T>(&self, guard: &mut MutexGuard<'_, T>) {
        let held = guard.held.take().expect("held but in a wait");
        guard.held = Some(self.0.wait(held).unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}
