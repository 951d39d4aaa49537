//! What the threads of a scenario have begun and were told, and how bytes are judged by it.
//!
//! Each writer owns a range of the volume, and every write of it fills the whole range with the
//! write's number. So a range that has two numbers was torn, and a number tells when it was written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shadowvol::CopyId;

/// Bytes of a writer's range: it begins and ends inside chunks.
const LENGTH: usize = 3_500;
const FIRST: usize = 1_000;

/// Notes, made before a request and after its answer.
#[derive(Clone)]
pub(crate) struct Ledger {
    /// Bytes from one writer's range to the next one's.
    pub(crate) stride: usize,
    pub(crate) writers: Vec<Marks>,
    pub(crate) copies: BTreeMap<CopyId, Taken>,
    /// Copies whose deletion was asked for, or that the volume said it would let go.
    pub(crate) doomed: BTreeSet<CopyId>,
    /// The volume may let the oldest copies go before anybody hears of it.
    pub(crate) drops_oldest: bool,
}

/// The numbers of a writer's writes.
#[derive(Clone, Copy)]
pub(crate) struct Marks {
    pub(crate) begun: u32,
    /// The last one that succeeded.
    pub(crate) done: u32,
    /// The last one that succeeded before a flush that did.
    pub(crate) flushed: u32,
}

/// A copy that was acknowledged.
#[derive(Clone)]
pub(crate) struct Taken {
    /// The writes that were done when it was asked for.
    low: Vec<u32>,
    /// The writes that were begun when it was acknowledged.
    high: Vec<u32>,
    /// Its bytes, once somebody has read them.
    bytes: Option<Arc<Vec<u8>>>,
}

impl Ledger {
    pub(crate) fn new(writers: usize, stride: usize) -> Self {
        let marks = Marks { begun: 1, done: 1, flushed: 1 };
        Self {
            stride,
            writers: vec![marks; writers],
            copies: BTreeMap::new(),
            doomed: BTreeSet::new(),
            drops_oldest: false,
        }
    }

    pub(crate) fn offset(&self, writer: usize) -> usize {
        FIRST + writer * self.stride
    }

    pub(crate) fn done(&self) -> Vec<u32> {
        self.writers.iter().map(|marks| marks.done).collect()
    }

    pub(crate) fn begun(&self) -> Vec<u32> {
        self.writers.iter().map(|marks| marks.begun).collect()
    }

    pub(crate) fn take(&mut self, copy: CopyId, low: Vec<u32>) {
        let taken = Taken { low, high: self.begun(), bytes: None };
        assert!(self.copies.insert(copy, taken).is_none(), "copy {copy} was taken twice");
    }

    /// Judges the bytes of a copy, and remembers them.
    pub(crate) fn judge_copy(&mut self, copy: CopyId, bytes: &[u8]) {
        let found = self.numbers(bytes, &format!("copy {copy}"));
        // One that was never acknowledged is whole all the same.
        let Some(taken) = self.copies.get_mut(&copy) else { return };
        for (writer, number) in found.into_iter().enumerate() {
            let bounds = taken.low[writer]..=taken.high[writer];
            assert!(bounds.contains(&number), "copy {copy}: write {number} is not in {bounds:?}");
        }
        let known = taken.bytes.get_or_insert_with(|| Arc::new(bytes.to_vec()));
        assert!(**known == *bytes, "copy {copy} has changed");
    }

    /// Judges which copies there are.
    pub(crate) fn judge_copies(&self, found: &[CopyId]) {
        let missing = |copy: &&CopyId| !found.contains(copy) && !self.doomed.contains(copy);
        for lost in self.copies.keys().filter(missing) {
            let let_go = self.drops_oldest && found.iter().all(|copy| copy > lost);
            assert!(let_go, "copy {lost} was acknowledged, and there are {found:?}");
        }
    }

    /// Judges the bytes of a volume that nobody writes.
    pub(crate) fn judge_volume(&self, bytes: &[u8]) {
        for (marks, number) in self.writers.iter().zip(self.numbers(bytes, "the volume")) {
            let bounds = marks.done..=marks.begun;
            assert!(bounds.contains(&number), "the volume: write {number} is not in {bounds:?}");
        }
    }

    /// Judges what a power cut has left of the volume: what was flushed and not overwritten since
    /// is whole.
    pub(crate) fn judge_remains(&self, bytes: &[u8]) {
        for (writer, marks) in self.writers.iter().enumerate() {
            if marks.flushed == marks.begun {
                let number = self.number(bytes, writer, "what was flushed");
                assert_eq!(number, marks.flushed, "what writer {writer} had flushed");
            }
        }
    }

    fn numbers(&self, bytes: &[u8], what: &str) -> Vec<u32> {
        (0..self.writers.len()).map(|writer| self.number(bytes, writer, what)).collect()
    }

    /// The number of the write that a range holds.
    fn number(&self, bytes: &[u8], writer: usize, what: &str) -> u32 {
        let range = &bytes[self.offset(writer)..][..LENGTH];
        let number = u32::from_le_bytes(*range.first_chunk().expect("long enough"));
        let whole = range == filled(number);
        assert!(whole, "{what}: writer {writer}'s range holds more than write {number}");
        number
    }
}

/// The bytes of a write: every 4 of them are its number.
pub(crate) fn filled(number: u32) -> Vec<u8> {
    number.to_le_bytes().into_iter().cycle().take(LENGTH).collect()
}

/// The bytes of a volume that every writer has written once.
pub(crate) fn first_content(size: usize, stride: usize) -> Vec<u8> {
    let mut content = vec![7; size];
    for start in (FIRST..size.saturating_sub(LENGTH)).step_by(stride) {
        content[start..start + LENGTH].copy_from_slice(&filled(1));
    }
    content
}
