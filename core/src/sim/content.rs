//! What a simulated volume holds: one small number a unit, spread over the unit's bytes so that
//! a torn, misplaced or mixed unit is seen.

/// Bytes of a unit: half of the smallest chunk, so that each chunk can be torn in the middle.
pub(super) const UNIT: usize = 2048;

/// The content of one unit; 0 stands for bytes of zeros.
pub type Value = u8;

/// Writes the bytes of a unit with this value.
pub(super) fn emit(unit: usize, value: Value, bytes: &mut [u8]) {
    bytes.fill(value);
    if value != 0 {
        bytes[0] = mark(unit);
    }
}

/// The value of a unit, unless its bytes are not those of any.
pub(super) fn parse(unit: usize, bytes: &[u8]) -> Option<Value> {
    let value = bytes[bytes.len() - 1];
    let first = if value == 0 { 0 } else { mark(unit) };
    let whole = bytes[0] == first && bytes[1..].iter().all(|&byte| byte == value);
    whole.then_some(value)
}

/// The unit that the bytes say they are, if they have a value and it is not zero.
pub(super) fn unit_of(bytes: &[u8]) -> Option<usize> {
    let unit = usize::from(bytes[0] & !0x80);
    (bytes[0] & 0x80 != 0 && parse(unit, bytes).is_some()).then_some(unit)
}

fn mark(unit: usize) -> u8 {
    0x80 | unit as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_and_misplaced_units_have_no_value() {
        let (mut old, mut new) = ([0; UNIT], [0; UNIT]);
        emit(3, 1, &mut old);
        emit(3, 2, &mut new);
        assert_eq!((parse(3, &old), parse(3, &new)), (Some(1), Some(2)));
        assert_eq!(parse(2, &old), None);
        new[..UNIT / 2].copy_from_slice(&old[..UNIT / 2]);
        assert_eq!(parse(3, &new), None);
        emit(3, 0, &mut new);
        assert_eq!((parse(3, &new), parse(7, &new)), (Some(0), Some(0)));
    }
}
