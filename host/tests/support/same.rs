//! Comparing bytes without printing them.

/// Asserts that two arrays are equal without printing them.
#[track_caller]
pub(crate) fn assert_same(found: &[u8], truth: &[u8], what: &str) {
    assert_eq!(found.len(), truth.len(), "{what}");
    // The whole first, which is many times faster than byte by byte.
    if found != truth
        && let Some(at) = found.iter().zip(truth).position(|(found, truth)| found != truth)
    {
        panic!("{what}: byte {at} is {:#x} and was {:#x}", found[at], truth[at]);
    }
}
