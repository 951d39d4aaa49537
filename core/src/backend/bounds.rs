//! The check that every medium makes before it touches a byte.

/// A request reaches past the end of its medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{length} bytes at {offset} reach past the end of a medium of {size} bytes")]
pub struct PastEnd {
    /// First byte of the request.
    pub offset: u64,
    /// Bytes of the request.
    pub length: u64,
    /// Bytes of the medium.
    pub size: u64,
}

impl PastEnd {
    /// Whether a request lies within a medium of `size` bytes.
    ///
    /// # Errors
    ///
    /// The request itself, when it does not.
    pub const fn check(offset: u64, length: u64, size: u64) -> Result<(), Self> {
        match offset.checked_add(length) {
            Some(end) if end <= size => Ok(()),
            _ => Err(Self { offset, length, size }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_itself_is_within_and_an_overflow_is_not() {
        assert!(PastEnd::check(0, 10, 10).is_ok());
        assert!(PastEnd::check(10, 0, 10).is_ok());
        assert!(PastEnd::check(1, 10, 10).is_err());
        assert!(PastEnd::check(u64::MAX, 2, u64::MAX).is_err());
    }
}
