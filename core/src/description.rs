//! What is known of a shadow copy besides its number and its bytes.
//!
//! It is fixed by the record that takes the copy, and said anew, as a whole, by every later one that
//! describes it. The engine acts on little of it: on the attributes, and on the day up to which a
//! copy is retained. The rest is kept for those who make backups, and for who cleans up after them.

use alloc::string::String;
use core::fmt;

use crate::error::Error;
use crate::format::record::MAX_LABEL;

bitflags::bitflags! {
    /// What kind of shadow copy it is. Bits that this version does not know are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Attributes: u16 {
        /// It goes when its owner goes; one without is persistent.
        const AUTO_RELEASE = 1;
        /// It is in the making: part of a set that is not complete yet, or about to be changed by
        /// those who took part. Nobody but its maker may read it.
        const UNFINISHED = 1 << 1;
        /// Its chunks may have been changed after the instant, by applications that recovered.
        const RECOVERED = 1 << 2;
        /// All applications that had to take part were at rest at the instant.
        const APPLICATION_CONSISTENT = 1 << 3;
    }
}

/// An identifier of 16 bytes, random or made by its user; all zeros stands for none.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub [u8; 16]);

impl Id {
    /// Stands for no identifier.
    pub const NONE: Self = Self([0; 16]);

    /// Whether it stands for none.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

/// What is known of a shadow copy. In a record that is being read, its label is borrowed.
///
/// ```
/// use shadowvol::{Attributes, Description};
///
/// let nightly = Description {
///     attributes: Attributes::AUTO_RELEASE,
///     expires: 1_800_000_000_000_000_000,
///     ..Description::new("nightly", 1_790_000_000_000_000_000)
/// };
/// assert!(!nightly.is_retained(i64::MIN));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Description<L = String> {
    /// What its creator called it: [`MAX_LABEL`] bytes of UTF-8 at most.
    pub label: L,
    /// When it was taken, in nanoseconds since 1970 (UTC), as its creator's clock said.
    pub time: i64,
    /// What kind of copy it is.
    pub attributes: Attributes,
    /// Who took it; with [`Attributes::AUTO_RELEASE`], whose end is its end.
    pub owner: Id,
    /// When it may be collected whatever has become of its owner, in nanoseconds since 1970; 0 for
    /// never.
    pub expires: i64,
    /// Until when it cannot be deleted, in nanoseconds since 1970; 0 for not at all.
    pub retained_until: i64,
    /// The shadow copy set that it is part of.
    pub set: Id,
    /// How many copies the set has; 0 without a set.
    pub set_copies: u16,
}

impl Description {
    /// A persistent copy of its own, with this label, taken at `time`.
    #[must_use]
    pub fn new(label: impl Into<String>, time: i64) -> Self {
        Self { label: label.into(), time, ..Self::default() }
    }

    /// Whether a record can carry it.
    ///
    /// # Errors
    ///
    /// [`Error::LabelTooLong`].
    pub fn check(&self) -> Result<(), Error> {
        let bytes = self.label.len();
        if bytes > MAX_LABEL {
            return Err(Error::LabelTooLong { bytes, limit: MAX_LABEL });
        }
        Ok(())
    }

    /// The same with a borrowed label, as records carry it.
    #[must_use]
    pub fn borrow(&self) -> Description<&str> {
        self.with(&*self.label)
    }
}

impl Description<&str> {
    /// The same with a label of its own.
    #[must_use]
    pub fn to_owned(&self) -> Description {
        self.with(self.label.into())
    }
}

impl<L> Description<L> {
    /// Whether it may not be deleted at `now`, in nanoseconds since 1970.
    #[must_use]
    pub fn is_retained(&self, now: i64) -> bool {
        self.retained_until != 0 && now < self.retained_until
    }

    /// Whether nobody but its maker may read it.
    #[must_use]
    pub fn is_unfinished(&self) -> bool {
        self.attributes.contains(Attributes::UNFINISHED)
    }

    fn with<M>(&self, label: M) -> Description<M> {
        let &Self { time, attributes, owner, expires, retained_until, set, set_copies, .. } = self;
        Description { label, time, attributes, owner, expires, retained_until, set, set_copies }
    }
}
