//! Numbers that break things more often than random ones do.

use arbitrary::Arbitrary;

/// A number to put in the place of the right one.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(crate) enum Number {
    /// As it should be.
    Right,
    /// A little more or less than it should be.
    Near(i8),
    /// A small one.
    Small(u8),
    /// A little more or less than a power of two.
    Power(u8, i8),
    /// The greatest ones.
    Top(u8),
    /// Any.
    Any(u64),
}

impl Number {
    pub(crate) fn in_place_of(self, right: u64) -> u64 {
        match self {
            Self::Right => right,
            Self::Near(by) => right.wrapping_add_signed(by.into()),
            Self::Small(number) => number.into(),
            Self::Power(power, by) => (1_u64 << (power % 64)).wrapping_add_signed(by.into()),
            Self::Top(by) => u64::MAX - u64::from(by),
            Self::Any(number) => number,
        }
    }

    /// For a field of four bytes, whose greatest ones are other ones.
    pub(crate) fn in_place_of_u32(self, right: u32) -> u32 {
        match self {
            Self::Top(by) => u32::MAX - u32::from(by),
            Self::Power(power, by) => (1_u32 << (power % 32)).wrapping_add_signed(by.into()),
            number => number.in_place_of(right.into()) as u32,
        }
    }

    /// Takes the place of a field of four or eight bytes.
    pub(crate) fn replace(self, field: &mut [u8]) {
        let mut right = [0; 8];
        right[..field.len()].copy_from_slice(field);
        let right = u64::from_le_bytes(right);
        let wrong = match field.len() {
            4 => self.in_place_of_u32(right as u32).into(),
            _ => self.in_place_of(right),
        };
        field.copy_from_slice(&wrong.to_le_bytes()[..field.len()]);
    }
}
