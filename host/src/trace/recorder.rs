//! Recording what is done to a live volume.
//!
//! An entry is a few bytes in a buffer, behind a lock that is held that long. Whoever fills a
//! buffer writes it to the file, while the others go on with the next one; they wait only if that
//! is full, too, before the first is written. A trace that cannot be written never fails a request:
//! the recording ends, and says so when it is stopped.

use core::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::block::{BlockWriter, Entry};
use super::event::Change;
use super::head::Head;
use crate::error::Error;
use crate::sync::{Mutex, MutexGuard};

/// Bytes of entries that are written at once.
const BLOCK_BYTES: usize = 64 << 10;

/// A volume's recorder.
pub(crate) struct Recorder {
    path: PathBuf,
    begun: Instant,
    state: Mutex<State>,
    sink: Mutex<Sink>,
}

struct State {
    block: BlockWriter,
    /// What the next block is made in.
    spare: Vec<u8>,
    events: u64,
    ended: bool,
}

struct Sink {
    file: File,
    bytes: u64,
    failure: Option<io::Error>,
}

/// What a recording came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordingSummary {
    /// Events that were recorded.
    pub events: u64,
    /// Bytes of the trace.
    pub bytes: u64,
}

impl Recorder {
    /// Begins a trace in a new file.
    pub(crate) fn begin(path: &Path, head: &Head) -> Result<Self, Error> {
        let failed =
            |source| Error::System { what: format!("recording to {}", path.display()), source };
        let mut file = File::create_new(path).map_err(failed)?;
        let line = head.line().map_err(failed)?;
        file.write_all(&line).map_err(failed)?;
        let state = State { block: BlockWriter::new(), spare: Vec::new(), events: 0, ended: false };
        let sink = Sink { file, bytes: line.len() as u64, failure: None };
        Ok(Self {
            path: path.to_owned(),
            begun: Instant::now(),
            state: Mutex::new(state),
            sink: Mutex::new(sink),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes down what has just been done.
    pub(crate) fn note(&self, change: Change) {
        let mut state = self.state.lock();
        if state.ended {
            return;
        }
        let now = self.now();
        state.block.push(now, Entry::Change(change));
        state.events += 1;
        if state.block.len() >= BLOCK_BYTES {
            self.hand_over(state);
        }
    }

    /// Ends the trace. To end it once more says the same.
    fn end(&self) -> Result<RecordingSummary, Error> {
        let mut state = self.state.lock();
        let events = state.events;
        if !state.ended {
            state.ended = true;
            let now = self.now();
            state.block.push(now, Entry::End);
            self.hand_over(state);
        } else {
            drop(state);
        }
        let mut sink = self.sink.lock();
        let synced = sink.file.sync_data();
        let failure = sink.failure.take().or_else(|| synced.err());
        match failure {
            Some(source) => {
                let again = io::Error::new(source.kind(), source.to_string());
                sink.failure = Some(again);
                let what = format!("recording to {}", self.path.display());
                Err(Error::System { what, source })
            }
            None => Ok(RecordingSummary { events, bytes: sink.bytes }),
        }
    }

    /// Writes the block. The file is locked before the next block may be begun, so that blocks
    /// follow one another as their entries do.
    fn hand_over(&self, mut state: MutexGuard<'_, State>) {
        let State { block, spare, .. } = &mut *state;
        let mut bytes = core::mem::take(spare);
        block.finish(&mut bytes);
        let mut sink = self.sink.lock();
        drop(state);
        let failed = match &sink.failure {
            Some(_) => return,
            None => sink.file.write_all(&bytes).err(),
        };
        sink.bytes += bytes.len() as u64;
        let has_failed = failed.is_some();
        sink.failure = failed;
        drop(sink);
        let mut state = self.state.lock();
        state.spare = bytes;
        state.ended |= has_failed;
    }

    /// Nanoseconds since the begin.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A recording that is under way; it ends when it is stopped or dropped, or with its volume.
pub struct Recording(Arc<Recorder>);

impl Recording {
    pub(crate) fn new(recorder: Arc<Recorder>) -> Self {
        Self(recorder)
    }

    /// The trace.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Events so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.0.state.lock().events
    }

    /// Ends it. What was done until now is in the trace, and survives the loss of power. Stopping
    /// twice is fine.
    ///
    /// # Errors
    ///
    /// When a part of the trace could not be written; the volume is none the worse for it.
    pub fn stop(&self) -> Result<RecordingSummary, Error> {
        self.0.end()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Who wants to know how it went has called `stop`.
        let _ = self.0.end();
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recording").field(&self.0.path).finish()
    }
}

impl Recorder {
    /// Whether nothing is written down any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    /// Ends the trace because the volume closes; who stops the recording hears how that went.
    pub(crate) fn close(&self) {
        let _ = self.end();
    }
}
