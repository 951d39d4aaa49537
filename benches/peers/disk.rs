//! What can be read and written, by many requests at a time.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use hdrhistogram::Histogram;
use shadowvol_benches::{Axes, Buffer, Plain, Result, Way, by};
use shadowvol_host::{ShadowCopy, Volume};

const READ_ONLY: &str = "a shadow copy is read only";

/// What requests do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// Requests of one kind and length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests<'a> {
    pub(crate) kind: Kind,
    pub(crate) offsets: &'a [u64],
    pub(crate) length: usize,
    /// Writes after which there is a flush.
    pub(crate) flush_every: Option<usize>,
}

impl<'a> Requests<'a> {
    /// Of this length, and with these flushes.
    pub(crate) fn of(kind: Kind, axes: Axes, offsets: &'a [u64]) -> Self {
        Self { kind, offsets, length: axes.length(), flush_every: axes.flush_every }
    }

    /// Reads.
    pub(crate) const fn reads(offsets: &'a [u64], length: u64) -> Self {
        Self { kind: Kind::Read, offsets, length: length as usize, flush_every: None }
    }

    /// Writes without a flush.
    pub(crate) const fn writes(offsets: &'a [u64], length: u64) -> Self {
        Self { kind: Kind::Write, offsets, length: length as usize, flush_every: None }
    }
}

/// A connection to a disk.
pub(crate) trait Disk: Send {
    /// Makes these requests, as many at a time as the disk takes, notes their latencies, and returns
    /// the time of all. Flushes nothing.
    fn at_once(
        &mut self,
        requests: Requests<'_>,
        latencies: &mut Histogram<u64>,
    ) -> Result<Duration>;

    /// Makes durable what was written.
    fn flush(&mut self) -> Result<()>;

    /// Makes these requests with their flushes, none of which has a write under way beside it; notes
    /// the latencies of the requests, and returns the time of all.
    fn run(&mut self, requests: Requests<'_>, latencies: &mut Histogram<u64>) -> Result<Duration> {
        let Some(writes) = requests.flush_every else { return self.at_once(requests, latencies) };
        let mut took = Duration::ZERO;
        for offsets in requests.offsets.chunks(writes) {
            took += self.at_once(Requests { offsets, ..requests }, latencies)?;
            let begun = Instant::now();
            self.flush()?;
            took += begun.elapsed();
        }
        Ok(took)
    }
}

/// What is read and written in this process, by so many threads.
pub(crate) struct Local<B> {
    pub(crate) bytes: B,
    pub(crate) depth: usize,
}

/// Bytes in this process's reach.
pub(crate) trait Bytes: Send + Sync {
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<()>;

    fn write(&self, at: u64, data: &[u8]) -> Result<()>;

    fn flush(&self) -> Result<()>;
}

impl<B: Bytes> Disk for Local<B> {
    fn at_once(
        &mut self,
        requests: Requests<'_>,
        latencies: &mut Histogram<u64>,
    ) -> Result<Duration> {
        let (bytes, Requests { kind, offsets, length, .. }) = (&self.bytes, requests);
        let mut way = by(self.depth, move || {
            let mut buffer = Buffer::new(length, 0xa5);
            move |nth: usize| match kind {
                Kind::Read => bytes.read(offsets[nth], &mut buffer),
                Kind::Write => bytes.write(offsets[nth], &buffer),
            }
        });
        way.time(0..offsets.len(), latencies)
    }

    fn flush(&mut self) -> Result<()> {
        self.bytes.flush()
    }
}

impl Bytes for Plain {
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<()> {
        Self::read(self, at, buffer)
    }

    fn write(&self, at: u64, data: &[u8]) -> Result<()> {
        Self::write(self, at, data)
    }

    fn flush(&self) -> Result<()> {
        self.sync()
    }
}

impl Bytes for Arc<Volume> {
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<()> {
        Ok(Volume::read(self, at, buffer)?)
    }

    fn write(&self, at: u64, data: &[u8]) -> Result<()> {
        Ok(Volume::write(self, at, data)?)
    }

    fn flush(&self) -> Result<()> {
        Ok(Volume::flush(self)?)
    }
}

impl Bytes for ShadowCopy {
    fn read(&self, at: u64, buffer: &mut [u8]) -> Result<()> {
        Ok(Self::read(self, at, buffer)?)
    }

    fn write(&self, _: u64, _: &[u8]) -> Result<()> {
        Err(READ_ONLY.into())
    }

    fn flush(&self) -> Result<()> {
        Err(READ_ONLY.into())
    }
}
