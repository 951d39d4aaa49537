//! The logs of fio (`write_iolog`), versions 2 and 3.
//!
//! ```text
//! fio version 2 iolog              fio version 3 iolog
//! /dev/sdb add                     20 /dev/sdb add
//! /dev/sdb open                    148 /dev/sdb open
//! /dev/sdb write 45056 4096        152 /dev/sdb write 45056 4096
//! /dev/sdb wait 103600 0           103788 /dev/sdb sync 45056 0
//! ```
//!
//! Each line of version 3 begins with the microseconds since the start; in version 2 time passes in
//! `wait` alone, in microseconds since the last one.

use super::devices::Devices;
use super::error::TraceError;
use super::event::{Change, Parse, Raw};
use super::lines::{Lines, Reader};
use super::number::whole;

const MICROSECOND: u64 = 1_000;
const NO_TIME: &str = "a time in microseconds";

/// The beginning that all versions have in common.
pub(super) const BEGINNING: &[u8] = b"fio version ";

/// The parser.
pub(super) struct Fio {
    lines: Lines,
    devices: Devices,
    /// Whether each line begins with a time; not known before the first line.
    timed: Option<bool>,
    /// Microseconds.
    now: u64,
}

impl Fio {
    pub(super) fn new(reader: Reader, devices: Devices) -> Self {
        Self { lines: Lines::new(reader), devices, timed: None, now: 0 }
    }

    fn begin(&mut self) -> Result<bool, TraceError> {
        if self.timed.is_none() {
            self.lines.advance()?;
            self.timed = Some(match self.lines.text() {
                b"fio version 2 iolog" => false,
                b"fio version 3 iolog" => true,
                other => {
                    let expected = "the first line of a log of fio of version 2 or 3";
                    return Err(self.lines.malformed(other, expected));
                }
            });
        }
        Ok(self.timed == Some(true))
    }

    /// What the line says, unless it is about something else.
    fn parse(&mut self, timed: bool) -> Result<Option<Raw>, TraceError> {
        let lines = &self.lines;
        let mut words = lines.words();
        if timed {
            let time = words.next().unwrap_or_default();
            self.now = whole(time).ok_or_else(|| lines.malformed(time, NO_TIME))?;
        }
        let (Some(file), Some(action)) = (words.next(), words.next()) else {
            return Err(lines.malformed(lines.text(), "a file's name and an action"));
        };
        let mut bytes = |expected: &str| {
            let word = words.next().unwrap_or_default();
            whole(word).ok_or_else(|| lines.malformed(lines.text(), expected))
        };
        let mut place = || {
            let expected = "an action with its offset and length in bytes";
            Ok::<_, TraceError>((bytes(expected)?, bytes(expected)?))
        };
        let change = match action {
            b"write" => {
                let (offset, length) = place()?;
                Change::Write { offset, length }
            }
            b"trim" => {
                let (offset, length) = place()?;
                Change::Discard { offset, length }
            }
            b"sync" | b"datasync" | b"sync_file_range" => Change::Flush,
            b"wait" if !timed => {
                let waited = bytes(NO_TIME)?;
                self.now = self.now.saturating_add(waited);
                return Ok(None);
            }
            b"add" | b"open" | b"close" | b"read" => return Ok(None),
            other => {
                let expected = "an action of this version of fio's logs: write, trim, sync, …";
                return Err(lines.malformed(other, expected));
            }
        };
        if !self.devices.admits(file)? {
            return Ok(None);
        }
        let time = self.now.checked_mul(MICROSECOND);
        let time = time.ok_or_else(|| lines.malformed(lines.text(), NO_TIME))?;
        Ok(Some(Raw { time, change }))
    }
}

impl Parse for Fio {
    fn next(&mut self) -> Result<Option<Raw>, TraceError> {
        let timed = self.begin()?;
        while self.lines.advance()? {
            if let Some(raw) = self.parse(timed)? {
                return Ok(Some(raw));
            }
        }
        Ok(None)
    }

    fn place(&self) -> String {
        format!("line {}", self.lines.number())
    }

    fn absence(&self) -> String {
        self.devices.absence().unwrap_or_else(|| "it tells of no write and no trim".into())
    }
}
