//! Values that worlds share until one of them changes it, each with its hash.
//!
//! A step changes little of a world: one node, a page of a medium. All else is shared with the
//! world before, and its hash is not taken again.

use alloc::sync::Arc;
use core::hash::{BuildHasher, Hash, Hasher};
use core::ops::Deref;

use foldhash::quality::{FixedState, FoldHasher};

/// A hash that is wide enough to stand for the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

impl Digest {
    /// The digest of a value.
    pub(super) fn of<T: Hash + ?Sized>(value: &T) -> Self {
        let mut wide = Wide(
            FixedState::with_seed(0x005e_ed00).build_hasher(),
            FixedState::with_seed(0x0ddb_a115).build_hasher(),
        );
        value.hash(&mut wide);
        Self(u128::from(wide.0.finish()) << 64 | u128::from(wide.1.finish()))
    }
}

/// Two hashers with seeds of their own.
struct Wide(FoldHasher<'static>, FoldHasher<'static>);

impl Hasher for Wide {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.0.write_u64(number);
        self.1.write_u64(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0.finish()
    }
}

/// A shared value.
#[derive(Clone, Debug)]
pub(super) struct Shared<T> {
    value: Arc<T>,
    digest: Digest,
}

impl<T: Hash> Shared<T> {
    /// Shares a value.
    pub(super) fn new(value: T) -> Self {
        let digest = Digest::of(&value);
        Self { value: Arc::new(value), digest }
    }
}

impl<T> Shared<T> {
    /// What tells the value from others.
    pub(super) fn digest(&self) -> Digest {
        self.digest
    }
}

impl<T: Hash + Clone> Shared<T> {
    /// Changes the value, of which others keep what it was.
    pub(super) fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        let value = Arc::make_mut(&mut self.value);
        let result = change(value);
        self.digest = Digest::of(value);
        result
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl<T> Eq for Shared<T> {}

impl<T> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.digest.hash(hasher);
    }
}
