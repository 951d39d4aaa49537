//! A volume on the tests' own media, its requests, and what must be found in the end.

use std::sync::Arc;

use shadowvol::backend::{Faults, Pages};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::{OnFull, PAIR_OFFSET, Superblock};
use shadowvol::{ChunkSize, CopyId, Epoch, Error as EngineError, Generation, Geometry};
use shadowvol::{Segment, SlotIndex, VolumeId};
use shadowvol_host::{Error, Event, OnEvent, OpenOptions, Passive, Volume, check};

use crate::ledger::{Ledger, filled, first_content};
use crate::rig::{Remains, Rig};

/// What a world is made of.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) writers: usize,
    /// Bytes from one writer's range to the next one's.
    pub(crate) stride: usize,
    /// Slots of the diff area.
    pub(crate) slots: u32,
    pub(crate) on_full: OnFull,
}

impl Shape {
    /// Writers who share chunks with their neighbours, and room for all of them.
    pub(crate) const NEIGHBOURS: Self =
        Self { writers: 2, stride: 3_500, slots: 60, on_full: OnFull::FailWrite };
    /// Writers who have nothing in common but the journal.
    pub(crate) const APART: Self = Self { writers: 3, stride: 8_192, ..Self::NEIGHBOURS };
}

pub(crate) struct World {
    pub(crate) rig: Rig,
    pub(crate) origin_faults: Arc<Faults>,
    pub(crate) diff_faults: Arc<Faults>,
    size: u64,
}

impl World {
    /// Origin and diff area as they are when a volume was made and every writer has written once.
    pub(crate) fn new(shape: Shape) -> Self {
        let size = (shape.writers + 1) * shape.stride.max(4096);
        let mut origin = Pages::new(size as u64);
        origin.write(0, &first_content(size, shape.stride)).expect("room");
        // A segment of one slot: journals go from one segment to the next after a few records.
        let chunk = ChunkSize::from_bytes(4096).expect("a power of two");
        let geometry = Geometry { size: size as u64, chunk, segment: 1 };
        let limit = geometry.slot_bytes(shape.slots);
        let superblock = Superblock {
            volume: VolumeId([7; 16]),
            geometry,
            epoch: Epoch(0),
            serial: 0,
            generation: Generation::default(),
            journal: Segment { first: SlotIndex(geometry.header_slots()), slots: 1 },
            clean: false,
            coherent: false,
            on_full: shape.on_full,
            next_copy: 1,
            limit,
            stamp: [0; 32],
            boot: [0; 16],
            records: 0,
        };
        let mut diff = Pages::with_limit(limit, limit);
        diff.write(PAIR_OFFSET, &superblock.emit(Checksum::PORTABLE)).expect("room");
        let mut ledger = Ledger::new(shape.writers, shape.stride);
        ledger.drops_oldest = shape.on_full == OnFull::DropOldest;
        let faults = || Arc::new(Faults::new(0));
        Self {
            rig: Rig::new(origin, diff, ledger),
            origin_faults: faults(),
            diff_faults: faults(),
            size: size as u64,
        }
    }

    /// Takes the active role, with nobody else about.
    pub(crate) fn open(&self) -> Arc<Volume> {
        self.open_with(|_| ())
    }

    /// Takes the active role; `hear` is called with every event.
    pub(crate) fn open_with(&self, hear: impl Fn(&Event) + Send + Sync + 'static) -> Arc<Volume> {
        let rig = self.rig.clone();
        let on_event: OnEvent = Arc::new(move |event| {
            if let Event::Dropped { copies, .. } = event {
                rig.ledger(|ledger| ledger.doomed.extend(copies));
            }
            hear(event);
        });
        let options = OpenOptions { on_event: Some(on_event), ..OpenOptions::default() };
        self.rig.calm(true);
        let volume = self.take_role(&options);
        self.rig.calm(false);
        Arc::new(volume)
    }

    pub(crate) fn take_role(&self, options: &OpenOptions) -> Volume {
        let media = self.rig.media(&self.origin_faults, &self.diff_faults);
        Volume::open_on(media, options).expect("the role")
    }

    /// As [`World::open`], with some shadow copies.
    pub(crate) fn open_with_copies(&self, copies: usize) -> Arc<Volume> {
        let volume = self.open();
        self.calmly(|| {
            for _ in 0..copies {
                self.create(&volume, "before").expect("a copy");
            }
        });
        volume
    }

    /// A shadow copy with old bytes of its own, as often as wanted.
    pub(crate) fn fill(&self, volume: &Volume, times: usize) {
        let writers = self.rig.ledger(|ledger| ledger.writers.len());
        self.calmly(|| {
            for _ in 0..times {
                self.create(volume, "before").expect("a copy");
                (0..writers).for_each(|writer| self.write(volume, writer).expect("room"));
            }
        });
    }

    /// Nothing is interrupted by an operation on a medium, and the power stays on.
    fn calmly(&self, work: impl FnOnce()) {
        self.rig.calm(true);
        work();
        self.rig.calm(false);
    }

    /// Fills the writer's range with its next number.
    pub(crate) fn write(&self, volume: &Volume, writer: usize) -> Result<(), Error> {
        let (number, offset) = self.rig.ledger(|ledger| {
            ledger.writers[writer].begun += 1;
            (ledger.writers[writer].begun, ledger.offset(writer))
        });
        volume.write(offset as u64, &filled(number))?;
        self.rig.ledger(|ledger| ledger.writers[writer].done = number);
        Ok(())
    }

    pub(crate) fn create(&self, volume: &Volume, label: &str) -> Result<CopyId, Error> {
        let low = self.rig.ledger(|ledger| ledger.done());
        let copy = volume.create_shadow_copy(label)?.id;
        self.rig.ledger(|ledger| ledger.take(copy, low));
        Ok(copy)
    }

    pub(crate) fn delete(&self, volume: &Volume, copy: CopyId) -> Result<(), Error> {
        self.rig.ledger(|ledger| ledger.doomed.insert(copy));
        volume.delete_shadow_copies(&[copy])
    }

    pub(crate) fn flush(&self, volume: &Volume) -> Result<(), Error> {
        let done = self.rig.ledger(|ledger| ledger.done());
        volume.flush()?;
        self.rig.ledger(|ledger| {
            for (marks, done) in ledger.writers.iter_mut().zip(done) {
                marks.flushed = marks.flushed.max(done);
            }
        });
        Ok(())
    }

    /// Reads a copy and judges it; false when it was deleted.
    pub(crate) fn read(&self, node: &Passive, copy: CopyId) -> bool {
        let mut bytes = vec![0; self.size as usize];
        match node.shadow_copy(copy).and_then(|copy| copy.read(0, &mut bytes)) {
            Ok(()) => {
                self.rig.ledger(|ledger| ledger.judge_copy(copy, &bytes));
                true
            }
            Err(error) => {
                let gone = matches!(error.engine(), Some(EngineError::Gone { .. }));
                let doomed =
                    |ledger: &mut Ledger| ledger.doomed.contains(&copy) || ledger.drops_oldest;
                assert!(gone && self.rig.ledger(doomed), "copy {copy}: {error}");
                false
            }
        }
    }

    /// A passive node on these media.
    pub(crate) fn node(&self) -> Passive {
        let media = self.rig.media(&self.origin_faults, &self.diff_faults);
        Passive::open_on(media.read_only()).expect("a node")
    }

    /// As [`World::inspect`], after a close that went well: all that was acknowledged is durable.
    pub(crate) fn inspect_closed(&self) -> u64 {
        assert!(self.rig.is_settled(), "a power cut could take something back");
        self.inspect()
    }

    /// After all threads have ended and the volume was closed: looks at everything, takes the role
    /// again and looks once more. Then does the same to what the power cut has left. Returns the
    /// order of operations.
    pub(crate) fn inspect(&self) -> u64 {
        self.origin_faults.heal();
        self.diff_faults.heal();
        self.rig.calm(true);
        let order = self.rig.order();
        let mut bytes = vec![0; self.size as usize];
        let (origin, _) = self.rig.visible();
        origin.read(0, &mut bytes).expect("within");
        self.rig.ledger(|ledger| ledger.judge_volume(&bytes));
        self.inspect_copies();
        let volume = self.open();
        self.rig.calm(true);
        self.inspect_copies();
        volume.close().expect("a close");
        self.inspect_copies();
        if let Some(remains) = self.rig.take_remains() {
            self.inspect_remains(remains);
        }
        order
    }

    fn inspect_remains(&self, Remains { origin, diff, ledger }: Remains) {
        let mut bytes = vec![0; self.size as usize];
        origin.read(0, &mut bytes).expect("within");
        ledger.judge_remains(&bytes);
        let after = Self {
            rig: Rig::new(origin, diff, ledger),
            origin_faults: Arc::clone(&self.origin_faults),
            diff_faults: Arc::clone(&self.diff_faults),
            size: self.size,
        };
        let volume = after.open();
        after.rig.calm(true);
        after.inspect_copies();
        volume.close().expect("a close");
        after.inspect_copies();
    }

    /// Every copy that must be there is, every one that is there can be read, and nothing is
    /// damaged.
    fn inspect_copies(&self) {
        let node = self.node();
        let found = node.shadow_copies().expect("a journal");
        let found: Vec<_> = found.iter().map(|copy| copy.info().id).collect();
        self.rig.ledger(|ledger| ledger.judge_copies(&found));
        for copy in found {
            assert!(self.read(&node, copy), "copy {copy} was in the list");
        }
        let report = check(&node, |_, _| true).expect("a check");
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
}

/// What a request came to when others may end the role or close the volume meanwhile: true if it
/// succeeded.
pub(crate) fn answered<T>(answer: Result<T, Error>) -> bool {
    match answer {
        Ok(_) => true,
        Err(Error::Closed) => false,
        Err(error) if error.engine() == Some(&EngineError::RoleEnded) => false,
        Err(error) => panic!("{error}"),
    }
}
