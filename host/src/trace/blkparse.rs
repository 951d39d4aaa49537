//! What `blkparse` prints of a block device, in its default format.
//!
//! ```text
//!   8,0    3       11     0.009507758   697  Q  WS 223490 + 8 [kjournald]
//! ```
//!
//! device, processor, sequence, seconds, process, action, what it is (RWBS), first sector, number
//! of sectors. One request appears once for each action; those of one action are counted. The
//! totals behind the events are passed over.

use super::devices::Devices;
use super::error::TraceError;
use super::event::{Change, Parse, Raw};
use super::lines::{Lines, Reader};
use super::number::{scaled, whole};

const SECTOR: u64 = 512;
/// How the first line behind the events begins.
const TOTALS: &[u8] = b"CPU";
const SECOND: u64 = 1_000_000_000;

/// Which of a request's appearances counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// When it was made: `Q`.
    #[default]
    Queued,
    /// When it was given to the device: `D`.
    Issued,
    /// When it was done: `C`.
    Completed,
}

impl Action {
    const ALL: [Self; 3] = [Self::Queued, Self::Issued, Self::Completed];

    const fn letter(self) -> &'static str {
        match self {
            Self::Queued => "Q",
            Self::Issued => "D",
            Self::Completed => "C",
        }
    }
}

/// The parser.
pub(super) struct Blkparse {
    lines: Lines,
    devices: Devices,
    action: Action,
    /// Writes and discards of each action.
    met: [u64; 3],
}

impl Blkparse {
    pub(super) fn new(reader: Reader, devices: Devices, action: Action) -> Self {
        Self { lines: Lines::new(reader), devices, action, met: [0; 3] }
    }

    /// What the line says, unless it is about something else.
    fn parse(&mut self) -> Result<Option<Raw>, TraceError> {
        let lines = &self.lines;
        let mut words = lines.words();
        let device = words.next().unwrap_or_default();
        if !is_device(device) {
            return Err(
                lines.malformed(lines.text(), "an event, which begins with a device as 8,0")
            );
        }
        let mut word = |expected: &str| {
            words.next().ok_or_else(|| {
                lines.malformed(lines.text(), &format!("whole: it has no {expected}"))
            })
        };
        let _ = (word("processor")?, word("sequence")?);
        let time = word("time")?;
        let (_, action, what) = (word("process")?, word("action")?, word("kind of request")?);
        let Some(at) = Action::ALL.iter().position(|known| known.letter().as_bytes() == action)
        else {
            return Ok(None);
        };
        let Some(kind) = Kind::of(what) else { return Ok(None) };
        let time = scaled(time, SECOND)
            .ok_or_else(|| lines.malformed(time, "a time in seconds such as 0.009507758"))?;
        let change = match words.next() {
            Some(sector) if !sector.starts_with(b"[") && !sector.starts_with(b"(") => {
                let bytes = |text: &[u8]| whole(text).and_then(|count| count.checked_mul(SECTOR));
                let (offset, plus) = (bytes(sector), words.next());
                let (Some(offset), Some(b"+"), Some(length)) =
                    (offset, plus, words.next().and_then(bytes))
                else {
                    let expected = "an event with a place such as 223490 + 8, in sectors";
                    return Err(lines.malformed(lines.text(), expected));
                };
                match kind {
                    Kind::Discard => Change::Discard { offset, length },
                    Kind::Write => Change::Write { offset, length },
                }
            }
            // A flush alone has no place.
            _ => Change::Flush,
        };
        self.met[at] += u64::from(change != Change::Flush);
        let counts = Action::ALL[at] == self.action && self.devices.admits(device)?;
        Ok(counts.then_some(Raw { time, change }))
    }
}

impl Parse for Blkparse {
    fn next(&mut self) -> Result<Option<Raw>, TraceError> {
        while self.lines.advance()? {
            if self.lines.text().starts_with(TOTALS) {
                return Ok(None);
            }
            if let Some(raw) = self.parse()? {
                return Ok(Some(raw));
            }
        }
        Ok(None)
    }

    fn place(&self) -> String {
        format!("line {}", self.lines.number())
    }

    fn absence(&self) -> String {
        let other = Action::ALL.iter().zip(self.met).find(|(_, met)| *met > 0);
        match other {
            Some((other, _)) if self.met[self.action as usize] == 0 => format!(
                "it has no writes of action {}, but some of action {}",
                self.action.letter(),
                other.letter()
            ),
            _ => self.devices.absence().unwrap_or_else(|| "it tells of no write".into()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Discard,
}

impl Kind {
    /// What an RWBS field says: `F` for a flush ahead, the letter that counts, flags.
    fn of(text: &[u8]) -> Option<Self> {
        match text.strip_prefix(b"F").unwrap_or(text).first()? {
            b'W' => Some(Self::Write),
            b'D' | b'E' => Some(Self::Discard),
            _ => None,
        }
    }
}

/// Whether a line looks like an event.
pub(super) fn looks_like(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let mut word = || words.next().unwrap_or_default();
    let (device, processor, sequence, time) = (word(), word(), word(), word());
    is_device(device)
        && whole(processor).is_some()
        && whole(sequence).is_some()
        && time.contains(&b'.')
        && scaled(time, SECOND).is_some()
}

fn is_device(word: &[u8]) -> bool {
    let mut parts = word.splitn(2, |&byte| byte == b',');
    let mut is_number = || parts.next().and_then(whole).is_some();
    is_number() && is_number()
}
