//! A text line by line, without keeping more than one of them.

use std::io::{BufRead, Read};

use super::error::TraceError;

/// A line of a trace is never longer.
const MOST_BYTES: u64 = 64 << 10;

/// What a text trace is read from.
pub(super) type Reader = Box<dyn BufRead + Send>;

/// The lines of a text, with their numbers.
pub(super) struct Lines {
    reader: Reader,
    line: Vec<u8>,
    number: u64,
}

impl Lines {
    pub(super) fn new(reader: Reader) -> Self {
        Self { reader, line: Vec::new(), number: 0 }
    }

    /// Reads the next line that is not blank; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, TraceError> {
        loop {
            self.line.clear();
            let read = self.reader.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.line)?;
            self.number += 1;
            if read as u64 == MOST_BYTES {
                return Err(self.malformed(&self.line, "a line of a text of this format"));
            }
            if read == 0 {
                return Ok(false);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line that was read last, without its end.
    pub(super) fn text(&self) -> &[u8] {
        self.line.trim_ascii_end()
    }

    /// The words of the line.
    pub(super) fn words(&self) -> impl Iterator<Item = &[u8]> {
        self.line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
    }

    /// The number of the line that was read last, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// The error for something in the line that was read last.
    pub(super) fn malformed(&self, found: &[u8], expected: &str) -> TraceError {
        malformed(self.number, found, expected)
    }
}

/// The error for something in a line.
pub(super) fn malformed(line: u64, found: &[u8], expected: &str) -> TraceError {
    TraceError::Malformed { line, found: shown(found), expected: expected.into() }
}

/// The beginning of some bytes, to be shown to a person.
pub(super) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(bytes.trim_ascii());
    let mut shown: String = text.chars().take(MOST).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
