//! Numbers in text.

/// A whole number.
pub(super) fn whole(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// A decimal number with or without a fraction, as a whole number of the smaller unit of which
/// `scale` make one; digits that are smaller still are dropped.
pub(super) fn scaled(text: &[u8], scale: u64) -> Option<u64> {
    let (units, fraction) = match text.iter().position(|&byte| byte == b'.') {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b""[..]),
    };
    let mut parts = 0;
    let mut worth = scale;
    for digit in fraction {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        worth /= 10;
        parts += digit * worth;
    }
    if units.is_empty() && !fraction.is_empty() {
        return Some(parts);
    }
    whole(units)?.checked_mul(scale)?.checked_add(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_to_the_smaller_unit() {
        for (text, number) in [
            ("0.000000001", Some(1)),
            ("12.5", Some(12_500_000_000)),
            ("3", Some(3_000_000_000)),
            ("3.", Some(3_000_000_000)),
            (".25", Some(250_000_000)),
            ("1.0000000019", Some(1_000_000_001)),
            ("", None),
            (".", None),
            ("1e3", None),
            ("-1", None),
            ("1.5x", None),
            ("99999999999999", None),
        ] {
            assert_eq!(scaled(text.as_bytes(), 1_000_000_000), number, "{text}");
        }
    }
}
