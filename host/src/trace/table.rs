//! Tables of values that commas, semicolons or tabs separate: one event a line.

use std::io::BufRead;

use super::devices::Devices;
use super::error::TraceError;
use super::event::{Change, Parse, Raw};
use super::lines::{Reader, malformed, shown};
use super::number::{scaled, whole};

const KINDS: &str = "a kind of request: write (w), discard (d, trim, unmap), flush (f, sync), \
                     or read (r)";

/// Which column of a table holds what, and in which units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// When it was done.
    pub time: Column,
    /// Nanoseconds in one of its time's unit.
    pub time_unit: u64,
    /// The first byte.
    pub offset: Column,
    /// Bytes in one of its unit.
    pub offset_unit: u64,
    /// How many bytes.
    pub length: Column,
    /// Bytes in one of its unit.
    pub length_unit: u64,
    /// What was done; without it every line is a write.
    pub kind: Option<Column>,
    /// To which device, if the table tells of several.
    pub device: Option<Column>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// The one with this name in the first line.
    Name(String),
    /// The one at this place, from 1.
    Number(usize),
}

impl Default for Columns {
    fn default() -> Self {
        let named = |name: &str| Column::Name(name.into());
        Self {
            time: named("time"),
            time_unit: 1_000_000_000,
            offset: named("offset"),
            offset_unit: 1,
            length: named("length"),
            length_unit: 1,
            kind: Some(named("kind")),
            device: None,
        }
    }
}

impl Columns {
    fn all(&self) -> impl Iterator<Item = &Column> {
        [&self.time, &self.offset, &self.length].into_iter().chain(&self.kind).chain(&self.device)
    }

    /// Whether the first line holds names.
    fn are_named(&self) -> bool {
        self.all().any(|column| matches!(column, Column::Name(_)))
    }
}

/// The parser.
pub(super) struct Table {
    reader: csv::Reader<Reader>,
    record: csv::ByteRecord,
    columns: Columns,
    /// Where they are, once the first line has been read.
    places: Option<Places>,
    devices: Devices,
    line: u64,
}

#[derive(Clone, Copy)]
struct Places {
    time: usize,
    offset: usize,
    length: usize,
    kind: Option<usize>,
    device: Option<usize>,
}

impl Table {
    pub(super) fn new(
        mut reader: Reader,
        columns: Columns,
        devices: Devices,
    ) -> Result<Self, TraceError> {
        let delimiter = delimiter(reader.fill_buf()?);
        let reader = csv::ReaderBuilder::new()
            .has_headers(columns.are_named())
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(reader);
        let record = csv::ByteRecord::new();
        Ok(Self { reader, record, columns, places: None, devices, line: 0 })
    }

    fn find(&mut self) -> Result<Places, TraceError> {
        if let Some(places) = self.places {
            return Ok(places);
        }
        let named = self.columns.are_named();
        let names = if named {
            self.reader.byte_headers().map_err(of_csv)?.clone()
        } else {
            csv::ByteRecord::new()
        };
        let find = |column: &Column| match column {
            Column::Number(number) => Ok(number.saturating_sub(1)),
            Column::Name(name) => {
                names.iter().position(|known| known == name.as_bytes()).ok_or_else(|| {
                    let present: Vec<_> = names.iter().map(shown).collect();
                    TraceError::NoColumn { name: name.clone(), present: present.join(", ") }
                })
            }
        };
        let Columns { time, offset, length, kind, device, .. } = &self.columns;
        let places = Places {
            time: find(time)?,
            offset: find(offset)?,
            length: find(length)?,
            kind: kind.as_ref().map(find).transpose()?,
            device: device.as_ref().map(find).transpose()?,
        };
        self.places = Some(places);
        Ok(places)
    }

    fn parse(&mut self, places: Places) -> Result<Option<Raw>, TraceError> {
        let (record, line) = (&self.record, self.line);
        let field = |place: usize| {
            record.get(place).ok_or_else(|| {
                let expected = format!("long enough: it has no column {}", place + 1);
                malformed(line, record.as_slice(), &expected)
            })
        };
        let number = |place: usize, unit: u64, expected: &str| {
            let text = field(place)?;
            scaled(text, unit).ok_or_else(|| malformed(line, text, expected))
        };
        let kind = match places.kind {
            Some(place) => Kind::of(field(place)?)
                .ok_or_else(|| malformed(line, field(place).unwrap_or_default(), KINDS))?,
            None => Kind::Write,
        };
        if kind == Kind::Read {
            return Ok(None);
        }
        if let Some(place) = places.device
            && !self.devices.admits(field(place)?)?
        {
            return Ok(None);
        }
        let Columns { time_unit, offset_unit, length_unit, .. } = self.columns;
        let time = number(
            places.time,
            time_unit,
            "a time in the unit that was given, from zero or 1970 on",
        )?;
        if kind == Kind::Flush {
            return Ok(Some(Raw { time, change: Change::Flush }));
        }
        let bytes = |place: usize, unit: u64, expected: &str| {
            let text = field(place)?;
            let count = whole(text).and_then(|count| count.checked_mul(unit));
            count.ok_or_else(|| malformed(line, text, expected))
        };
        let offset = bytes(places.offset, offset_unit, "an offset")?;
        let length = bytes(places.length, length_unit, "a length")?;
        let change = match kind {
            Kind::Discard => Change::Discard { offset, length },
            _ => Change::Write { offset, length },
        };
        Ok(Some(Raw { time, change }))
    }
}

impl Parse for Table {
    fn next(&mut self) -> Result<Option<Raw>, TraceError> {
        let places = self.find()?;
        while self.reader.read_byte_record(&mut self.record).map_err(of_csv)? {
            self.line = self.record.position().map_or(0, csv::Position::line);
            if let Some(raw) = self.parse(places)? {
                return Ok(Some(raw));
            }
        }
        Ok(None)
    }

    fn place(&self) -> String {
        format!("line {}", self.line)
    }

    fn absence(&self) -> String {
        self.devices.absence().unwrap_or_else(|| "it tells of no write and no discard".into())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Write,
    Discard,
    Flush,
    Read,
}

impl Kind {
    fn of(text: &[u8]) -> Option<Self> {
        const WORDS: [(&str, Kind); 11] = [
            ("w", Kind::Write),
            ("write", Kind::Write),
            ("d", Kind::Discard),
            ("discard", Kind::Discard),
            ("trim", Kind::Discard),
            ("unmap", Kind::Discard),
            ("f", Kind::Flush),
            ("flush", Kind::Flush),
            ("sync", Kind::Flush),
            ("r", Kind::Read),
            ("read", Kind::Read),
        ];
        let word = WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word.as_bytes()));
        word.map(|&(_, kind)| kind)
    }
}

/// Whether a line has the names that columns have by default.
pub(super) fn looks_like(line: &[u8]) -> bool {
    let delimiter = delimiter(line);
    let names: Vec<_> = line.split(|&byte| byte == delimiter).map(<[u8]>::trim_ascii).collect();
    [b"time".as_slice(), b"offset", b"length"].iter().all(|name| names.contains(name))
}

/// What separates the values of the first line.
fn delimiter(beginning: &[u8]) -> u8 {
    let line = beginning.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_there = |delimiter: &u8| line.contains(delimiter);
    [b',', b';', b'\t'].into_iter().find(is_there).unwrap_or(b',')
}

fn of_csv(error: csv::Error) -> TraceError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => TraceError::Io(error),
        other => TraceError::Io(std::io::Error::other(format!("{other:?}"))),
    }
}
