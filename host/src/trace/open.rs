//! Opening a trace, whatever it is: compressed or not, in one format or another.

use core::sync::atomic::{AtomicU64, Ordering};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

use super::blkparse::{self, Action, Blkparse};
use super::devices::Devices;
use super::error::TraceError;
use super::event::{Event, Parse, Raw};
use super::fio::{self, Fio};
use super::head;
use super::lines::{Reader, shown};
use super::native::Native;
use super::table::{self, Columns, Table};

/// What is read of a trace to see what it is.
const BEGINNING: u64 = 4096;

/// No volume is larger: a place beyond that was given in another unit.
const LARGEST_VOLUME: u64 = 1 << 50;

/// What is not in a trace itself.
#[derive(Clone, Debug, Default)]
pub struct TraceOptions {
    /// Its format; found by its content if not given.
    pub format: Option<TraceFormat>,
    /// Bytes of the volume; as the trace says, or without bounds, if not given.
    pub size: Option<u64>,
    /// The device that is meant, if the trace tells of several: for blkparse as `8,0`, for fio the
    /// file's name, for a table what is in its column.
    pub device: Option<String>,
    /// Which of a request's appearances counts in the output of blkparse.
    pub action: Action,
    /// The columns of a table.
    pub columns: Option<Columns>,
}

/// How a trace is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// As `blkparse` prints it.
    Blkparse,
    /// A log of fio.
    Fio,
    /// A table of values that commas, semicolons or tabs separate.
    Csv,
    /// As a volume records it.
    Shadowvol,
}

/// A trace that is being read: its events in order, until its end or the first error.
pub struct Trace {
    parser: Box<dyn Parse>,
    size: Option<u64>,
    total: u64,
    read: Arc<AtomicU64>,
    /// The time of the trace's begin, and of the last event since then.
    first: Option<u64>,
    last: u64,
    disordered: u64,
    /// Nothing more is read: what lies behind the end of a format is none of its events.
    is_over: bool,
}

impl Trace {
    /// Opens a trace; `-` is the standard input.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or its format cannot be told.
    pub fn open(path: &Path, options: &TraceOptions) -> Result<Self, TraceError> {
        if path.as_os_str() == "-" {
            return Self::of(io::stdin(), 0, options);
        }
        let file = File::open(path)?;
        let total = file.metadata()?.len();
        Self::of(file, total, options)
    }

    /// Reads a trace of `total` bytes, or of an unknown number if that is 0, from anything.
    ///
    /// # Errors
    ///
    /// As [`Trace::open`].
    pub fn of(
        source: impl Read + Send + 'static,
        total: u64,
        options: &TraceOptions,
    ) -> Result<Self, TraceError> {
        let read = Arc::new(AtomicU64::new(0));
        let counted = Counted { source, read: Arc::clone(&read) };
        let mut reader = decompressed(Box::new(BufReader::with_capacity(256 << 10, counted)))?;
        let beginning = peek(&mut reader)?;
        let format = match options.format {
            Some(format) => format,
            None => detect(&beginning, options)?,
        };
        let devices = Devices::new(options.device.clone());
        let mut size = options.size;
        let mut first = None;
        let parser: Box<dyn Parse> = match format {
            TraceFormat::Blkparse => Box::new(Blkparse::new(reader, devices, options.action)),
            TraceFormat::Fio => Box::new(Fio::new(reader, devices)),
            TraceFormat::Csv => {
                let columns = options.columns.clone().unwrap_or_default();
                Box::new(Table::new(reader, columns, devices)?)
            }
            TraceFormat::Shadowvol => {
                let native = Native::new(reader)?;
                size = size.or(Some(native.size()));
                // Its times count from its begin.
                first = Some(0);
                Box::new(native)
            }
        };
        Ok(Self { parser, size, total, read, first, last: 0, disordered: 0, is_over: false })
    }

    /// The next event; none at the end.
    ///
    /// # Errors
    ///
    /// When something is wrong with the trace, which ends with that.
    pub fn advance(&mut self) -> Result<Option<Event>, TraceError> {
        if self.is_over {
            return Ok(None);
        }
        // Unless all goes well.
        self.is_over = true;
        let Some(Raw { time, change }) = self.parser.next()? else { return Ok(None) };
        let (end, size) = (change.end(), self.size.unwrap_or(LARGEST_VOLUME));
        if let Some(end) = end.filter(|end| *end > size) {
            return Err(TraceError::PastEnd { place: self.parser.place(), end, size });
        }
        let first = *self.first.get_or_insert(time);
        self.disordered += u64::from(time < first + self.last);
        self.last = self.last.max(time.saturating_sub(first));
        self.is_over = false;
        Ok(Some(Event { at: self.last, change }))
    }

    /// Bytes of the volume, if the trace or the caller said.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        self.size
    }

    /// Nanoseconds from the trace's begin to the last one so far.
    #[must_use]
    pub const fn span(&self) -> u64 {
        self.last
    }

    /// Events so far whose time was before that of the event before them; they count as of that.
    #[must_use]
    pub const fn disordered(&self) -> u64 {
        self.disordered
    }

    /// Whether it has ended without its end mark, in the format that has one.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.parser.is_cut_off()
    }

    /// Why there were no events.
    pub(crate) fn absence(&self) -> String {
        self.parser.absence()
    }

    /// Bytes that were read, and bytes of the file, as it lies there: perhaps compressed.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.read.load(Ordering::Relaxed), self.total)
    }
}

fn detect(beginning: &[u8], options: &TraceOptions) -> Result<TraceFormat, TraceError> {
    let mut lines = beginning.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty()).unwrap_or_default();
    if first.starts_with(head::BEGINNING) {
        Ok(TraceFormat::Shadowvol)
    } else if first.starts_with(fio::BEGINNING) {
        Ok(TraceFormat::Fio)
    } else if blkparse::looks_like(first) {
        Ok(TraceFormat::Blkparse)
    } else if options.columns.is_some() || table::looks_like(first) {
        Ok(TraceFormat::Csv)
    } else if first.is_empty() {
        Err(TraceError::NoEvents { why: "it is empty".into() })
    } else {
        Err(TraceError::UnknownFormat { beginning: shown(first) })
    }
}

fn decompressed(mut reader: Reader) -> Result<Reader, TraceError> {
    let beginning = reader.fill_buf()?;
    Ok(if beginning.starts_with(&[0x1f, 0x8b]) {
        Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(reader)))
    } else if beginning.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Box::new(BufReader::new(zstd::Decoder::with_buffer(reader)?))
    } else {
        reader
    })
}

/// The beginning of what there is to be read, which stays to be read.
fn peek(reader: &mut Reader) -> Result<Vec<u8>, TraceError> {
    let mut beginning = Vec::new();
    reader.by_ref().take(BEGINNING).read_to_end(&mut beginning)?;
    let rest = core::mem::replace(reader, Box::new(io::empty()));
    *reader = Box::new(BufReader::new(Cursor::new(beginning.clone()).chain(rest)));
    Ok(beginning)
}

/// Counts what is read.
struct Counted<S> {
    source: S,
    read: Arc<AtomicU64>,
}

impl<S: Read> Read for Counted<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
