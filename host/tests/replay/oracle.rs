//! What must hold after a crash.
//!
//! The truth of a shadow copy is what readers of the origin saw when its record began to be
//! written: from then until the copy is acknowledged no write is under way, which is asserted. A
//! copy whose creation was acknowledged must be there, unless a record of its deletion had begun to
//! be written; one whose deletion was acknowledged must not. One whose record had begun to be
//! written may be there; then it has its truth too. Each byte of the volume is the last one that
//! was flushed, or of a write that had begun and is not known to be flushed.

use std::collections::BTreeMap;
use std::sync::Arc;

use shadowvol::CopyId;
use shadowvol::backend::ReadAt;
use shadowvol::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::machine::Medium;
use shadowvol_host::checksum::CRC32C;
use shadowvol_host::{Durability, Passive, SharedMemory};

use super::fate::{Fate, apply};
use super::load::Recording;
use super::log::{Effect, NEVER, Operation, Time, Told};
use super::records::{Fact, facts};
use super::same::assert_same;
use super::whole::{digest, whole};

/// A shadow copy's life.
#[derive(Debug)]
pub(crate) struct Life {
    label: Option<String>,
    bytes: Arc<Vec<u8>>,
    /// Its record begins to be written.
    recorded: Time,
    acknowledged: Time,
    /// A record of its deletion begins to be written.
    doomed: Time,
    gone: Time,
}

/// What is known of a recording.
pub(crate) struct Oracle<'a> {
    recording: &'a Recording,
    pub(crate) seed: u32,
    pub(crate) copies: BTreeMap<CopyId, Life>,
    /// Operations that change the origin, in the order in which they landed.
    origin: Vec<&'a Operation>,
    flushes: Vec<(Time, Time)>,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(recording: &'a Recording) -> Self {
        let log = &recording.log;
        let mut pair = [0; PAIR_BYTES];
        recording.before.diff.read_at(PAIR_OFFSET, &mut pair).expect("superblocks");
        let seed = Superblock::newest(&pair, CRC32C).expect("a superblock").0.seed(CRC32C);
        let changes = |one: &&Operation| {
            one.medium == Medium::Origin && !matches!(one.effect, Effect::Barrier)
        };
        let mut origin: Vec<_> = log.operations.iter().filter(changes).collect();
        origin.sort_by_key(|one| one.landed);
        let flushes = log.told.iter().filter_map(|(time, told)| match told {
            Told::Flushed { begun } => Some((*begun, *time)),
            _ => None,
        });
        let flushes = flushes.collect();
        let mut oracle = Self { recording, seed, copies: BTreeMap::new(), origin, flushes };
        oracle.read_records();
        oracle.hear();
        oracle
    }

    pub(crate) fn durability(&self) -> Durability {
        self.recording.load.durability
    }

    /// Finds out from the records when copies come and go, and so what they hold.
    fn read_records(&mut self) {
        let writes = self.recording.log.operations.iter().filter_map(|one| match &one.effect {
            Effect::Write { data, .. } if one.medium == Medium::DiffArea => Some((one, data)),
            _ => None,
        });
        let now = self.recording.before.origin.duplicate();
        let mut landed = self.origin.iter().peekable();
        for (write, data) in writes {
            for fact in facts(data, self.seed) {
                match fact {
                    Fact::Created(copy) if !self.copies.contains_key(&copy) => {
                        while let Some(one) = landed.next_if(|one| one.landed < write.begun) {
                            apply(&now, one, Fate::Whole);
                        }
                        for one in &self.origin {
                            let under_way = one.begun < write.begun && write.begun < one.ended;
                            assert!(!under_way, "{one} is under way while {write} takes {copy}");
                        }
                        let mut bytes = vec![0; self.recording.load.size as usize];
                        now.read_at(0, &mut bytes).expect("within");
                        let life = Life {
                            label: None,
                            bytes: Arc::new(bytes),
                            recorded: write.begun,
                            acknowledged: NEVER,
                            doomed: NEVER,
                            gone: NEVER,
                        };
                        self.copies.insert(copy, life);
                    }
                    Fact::Created(_) => {}
                    Fact::Deleted(copy) => {
                        let life = self.copies.get_mut(&copy).expect("a deleted copy was taken");
                        life.doomed = life.doomed.min(write.begun);
                    }
                }
            }
        }
    }

    /// Compares that with what callers were told.
    fn hear(&mut self) {
        for (time, told) in &self.recording.log.told {
            match told {
                Told::Created { copy, label } => {
                    let life = self.copies.get_mut(copy).expect("a copy has a record");
                    assert!(life.recorded < *time, "copy {copy} was acknowledged too early");
                    life.acknowledged = *time;
                    life.label = Some(label.clone());
                }
                Told::Read { copy, digest: found } => {
                    assert_eq!(digest(&self.copies[copy].bytes), *found, "copy {copy}, read alive");
                }
                Told::Deleted { copy } => {
                    let life = self.copies.get_mut(copy).expect("a copy has a record");
                    assert!(life.doomed < *time, "copy {copy} was deleted too early");
                    life.gone = *time;
                }
                Told::Flushed { .. } => {}
            }
        }
    }

    /// Asserts that a node has the shadow copies that a crash at this time must leave, and returns
    /// those it has.
    pub(crate) fn copies_hold(&self, node: &Passive, time: Time) -> BTreeMap<CopyId, Arc<Vec<u8>>> {
        let found = node.shadow_copies().expect("a journal");
        let mut truths = BTreeMap::new();
        for copy in &found {
            let id = copy.info().id;
            let life = self.copies.get(&id).filter(|life| life.recorded < time);
            let life = life.unwrap_or_else(|| panic!("copy {id} was never taken"));
            assert!(time <= life.gone, "copy {id} is back");
            if let Some(label) = &life.label {
                assert_eq!(copy.info().about.label, *label, "the label of copy {id}");
            }
            let bytes = whole(node, id).unwrap_or_else(|error| panic!("copy {id}: {error}"));
            assert_same(&bytes, &life.bytes, &format!("copy {id}"));
            truths.insert(id, Arc::clone(&life.bytes));
        }
        for (id, life) in &self.copies {
            let must = life.acknowledged < time && time <= life.doomed;
            assert!(!must || truths.contains_key(id), "copy {id} is lost");
        }
        truths
    }

    /// What must be known of the volume's bytes after a crash at this time.
    pub(crate) fn volume_at(&self, time: Time) -> Bounds<'a> {
        let flushed = match self.recording.load.durability {
            Durability::Coherent => time,
            Durability::Durable => {
                let done = self.flushes.iter().filter(|(_, end)| *end < time);
                done.map(|(begun, _)| *begun).max().unwrap_or(0)
            }
        };
        let base = self.recording.before.origin.duplicate();
        let mut since = Vec::new();
        for &one in &self.origin {
            if one.ended < flushed {
                apply(&base, one, Fate::Whole);
            } else if one.begun < time {
                since.push(one);
            }
        }
        Bounds { base, since }
    }
}

/// The flushed bytes of a volume, and the operations that may have changed them since.
pub(crate) struct Bounds<'a> {
    base: SharedMemory,
    since: Vec<&'a Operation>,
}

impl Bounds<'_> {
    pub(crate) fn hold(&self, now: &[u8]) {
        const PART: usize = 512;
        let mut base = vec![0; now.len()];
        self.base.read_at(0, &mut base).expect("within");
        let parts = now.chunks(PART).zip(base.chunks(PART)).zip((0..).step_by(PART));
        for ((now, base), start) in parts.filter(|((now, base), _)| now != base) {
            for ((&byte, &flushed), at) in now.iter().zip(base).zip(start..) {
                let right = byte == flushed || self.since.iter().any(|one| leaves(one, at, byte));
                assert!(right, "byte {at} of the volume was {flushed:#x} and is {byte:#x}");
            }
        }
    }
}

/// Whether an operation on the origin leaves this byte at this place.
fn leaves(operation: &Operation, at: u64, byte: u8) -> bool {
    match &operation.effect {
        Effect::Write { at: start, data } => {
            let nth = at.checked_sub(*start);
            nth.and_then(|nth| data.get(nth as usize)) == Some(&byte)
        }
        Effect::Punch { at: start, length } => byte == 0 && (*start..start + length).contains(&at),
        Effect::Grow { .. } | Effect::Barrier => false,
    }
}
