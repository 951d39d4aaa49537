//! Writing down what is done to the volume, if somebody wants to know.

use core::sync::atomic::{AtomicBool, Ordering};
use std::path::Path;
use std::sync::Arc;

use shadowvol::CopyId;

use super::{Inner, Volume};
use crate::clock::now;
use crate::error::Error;
use crate::sync::Mutex;
use crate::trace::{Change, Head, Recorder, Recording};

/// Where to write it down.
pub(super) struct Tape {
    /// A look at it is all that a request costs while nobody records. Nobody decides by it: a
    /// request that began before the recording may be in it or not.
    running: AtomicBool,
    recorder: Mutex<Option<Arc<Recorder>>>,
}

impl Volume {
    /// Writes down what is done to the volume from now on, in a new file: when and where, not which
    /// bytes. [`plan`](crate::plan::plan) reads it. The recording ends when what is returned is
    /// stopped or dropped, or the volume closes.
    ///
    /// # Errors
    ///
    /// When the file is there already or cannot be made, the volume is being recorded, or closed.
    pub fn record(&self, path: impl AsRef<Path>) -> Result<Recording, Error> {
        self.check_open()?;
        let mut current = self.inner.tape.recorder.lock();
        if let Some(recorder) = &*current
            && !recorder.has_ended()
        {
            return Err(Error::BeingRecorded { path: recorder.path().to_owned() });
        }
        let head = self.inner.node.with(|active| {
            let copies = active.view().copies().map(|info| info.id.number()).collect();
            let volume = active.superblock().volume.to_string();
            Head::new(volume, self.size(), self.chunk_size(), now(), copies)
        });
        let recorder = Arc::new(Recorder::begin(path.as_ref(), &head)?);
        *current = Some(Arc::clone(&recorder));
        self.inner.tape.running.store(true, Ordering::Release);
        Ok(Recording::new(recorder))
    }
}

impl Tape {
    pub(super) fn new() -> Self {
        Self { running: AtomicBool::new(false), recorder: Mutex::new(None) }
    }

    /// Ends the recording, if there is one.
    pub(super) fn stop(&self) {
        if !self.running.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Some(recorder) = self.recorder.lock().take() {
            recorder.close();
        }
    }
}

impl Inner {
    /// Writes down that this has been done.
    pub(super) fn note(&self, change: Change) {
        if self.tape.running.load(Ordering::Acquire) {
            self.note_on(change);
        }
    }

    /// Writes down what has been done, if it was.
    pub(super) fn noted<T>(&self, done: Result<T, Error>, change: Change) -> Result<T, Error> {
        if done.is_ok() {
            self.note(change);
        }
        done
    }

    /// Writes down that these copies have been deleted.
    pub(super) fn note_deleted(&self, copies: &[CopyId]) {
        copies.iter().for_each(|copy| self.note(Change::Deleted { copy: copy.number() }));
    }

    #[cold]
    fn note_on(&self, change: Change) {
        let recorder = self.tape.recorder.lock().clone();
        if let Some(recorder) = recorder {
            recorder.note(change);
        }
    }
}
