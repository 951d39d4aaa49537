//! One device of those that a trace tells of.

use super::error::TraceError;
use super::lines::shown;

/// Names that are kept to be listed in a message.
const MOST_NAMES: usize = 8;

/// The device whose events count: the one that was asked for, or else the only one.
pub(super) struct Devices {
    wanted: Option<String>,
    seen: Vec<Vec<u8>>,
}

impl Devices {
    pub(super) fn new(wanted: Option<String>) -> Self {
        Self { wanted, seen: Vec::new() }
    }

    /// Whether events of this device count.
    pub(super) fn admits(&mut self, name: &[u8]) -> Result<bool, TraceError> {
        if self.seen.last().is_none_or(|last| last != name)
            && self.seen.len() < MOST_NAMES
            && !self.seen.iter().any(|seen| seen == name)
        {
            self.seen.push(name.to_vec());
        }
        let Some(wanted) = &self.wanted else {
            return match &self.seen[..] {
                [_] => Ok(true),
                [first, other, ..] => {
                    Err(TraceError::ManyDevices { first: shown(first), other: shown(other) })
                }
                [] => Ok(false),
            };
        };
        Ok(wanted.as_bytes() == name)
    }

    /// Why no event counted.
    pub(super) fn absence(&self) -> Option<String> {
        let wanted = self.wanted.as_ref()?;
        let seen: Vec<_> = self.seen.iter().map(|name| shown(name)).collect();
        let seen = if seen.is_empty() { "of none".into() } else { seen.join(", ") };
        Some(format!("it tells of no write to {wanted:?}, but {seen}"))
    }
}
