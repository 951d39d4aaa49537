//! The active node in bad weather, in a process that is killed or gives up.
//!
//! Three threads write and discard their ranges, a fourth takes, deletes and compacts. A request
//! that fails for want of room has changed nothing. One that fails otherwise may have changed
//! anything in its range, which is noted; the range is then read to learn the truth. Once the role
//! has ended the process ends too, and in good order.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::Arc;
use std::thread;

use parking_lot::{Mutex, RwLock};
use shadowvol::format::superblock::OnFull;
use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::{Error, Event, OpenOptions, Passive, PassiveOptions, Volume};

use super::faults::{Weather, exposed};
use super::notes::{Notes, Pen};
use super::place::{Place, SECTORS, SIZE, WRITERS};
use super::random::Random;
use super::sectors::{SECTOR, sector, version_of};
use super::whole::{digest, whole};

/// Copies that are kept.
const KEPT: usize = 6;
/// How often a read is tried that fails in bad weather.
const TRIES: usize = 1000;

struct Writer {
    volume: Volume,
    pen: Arc<Pen>,
    version: AtomicU64,
    /// Held for a write, and alone for a creation whose truth is taken from memory.
    quiet: RwLock<()>,
    now: Vec<Mutex<Vec<u8>>>,
    stop: AtomicBool,
}

#[test]
#[ignore = "a child of faults_and_kills_lose_nothing"]
fn child() {
    let Some(place) = Place::told() else { return };
    let mut random = Random(place.seed);
    let weather = Weather::draw(&mut random);
    let pen = Arc::new(Pen::open(&place.notes()));
    let durability = {
        let node = Passive::open(&place.image, &PassiveOptions::default()).expect("a node");
        node.durability()
    };
    let media = exposed(&place.image, durability, weather, place.seed, &pen).expect("both files");
    let drops = random.below(2) == 0;
    pen.note(&format!("drops {}", u8::from(drops)));
    let on_full = Some(if drops { OnFull::DropOldest } else { OnFull::FailWrite });
    let options = OpenOptions { on_full, ..OpenOptions::default() };
    match Volume::open_on(media, &options) {
        Ok(volume) => Writer::new(volume, pen, &Notes::read(&place.notes())).work(&mut random),
        // The next one recovers.
        Err(Error::Medium { .. }) => pen.note("count failed-openings 1"),
        Err(error) => panic!("opening: {error}"),
    }
}

impl Writer {
    fn new(volume: Volume, pen: Arc<Pen>, notes: &Notes) -> Self {
        let mut now = vec![0; SIZE as usize];
        read(&volume, 0, &mut now);
        let versions = (0..).zip(now.chunks(SECTOR)).filter_map(|(nth, one)| version_of(nth, one));
        let last = versions.chain(notes.sectors.values().copied()).max().unwrap_or(0);
        let length = SECTORS as usize * SECTOR;
        Self {
            volume,
            pen,
            // Versions of writes that failed are not used again.
            version: AtomicU64::new(last + 1000),
            quiet: RwLock::new(()),
            now: now.chunks(length).map(|range| Mutex::new(range.to_vec())).collect(),
            stop: AtomicBool::new(false),
        }
    }

    fn work(&self, random: &mut Random) {
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let mut random = Random(random.next());
                scope.spawn(move || {
                    while !self.stop.load(Ordering::Relaxed) {
                        let _quiet = self.quiet.read();
                        self.change(writer, &mut random);
                    }
                });
            }
            for round in 0_u64.. {
                if self.stop.load(Ordering::Relaxed) {
                    return;
                }
                self.keep(round, random);
            }
        });
        // What fails here was told before, or leaves the next one to recover.
        let _ = self.volume.close();
    }

    /// One request to a writer's range.
    fn change(&self, writer: u64, random: &mut Random) {
        let (first, more) = random.range(SECTORS - 1, 39);
        let count = 1 + more as u64;
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        let start = writer * SECTORS + first;
        let (offset, length) = (start * SECTOR as u64, count as usize * SECTOR);
        let (done, data) = match random.below(60) {
            0 => (self.volume.flush(), None),
            1..5 => {
                self.pen.note(&format!("clear {start} {count}"));
                (self.volume.discard(offset, length as u64), Some(vec![0; length]))
            }
            _ => {
                let data: Vec<_> =
                    (start..start + count).flat_map(|nth| sector(nth, version)).collect();
                (self.volume.write(offset, &data), Some(data))
            }
        };
        let cleared = data.as_ref().is_some_and(|data| data.iter().all(|&byte| byte == 0));
        let failed = self.answer(done.err());
        let Some(mut data) = data else { return };
        if failed == Some(Failure::Full) {
            return;
        }
        if failed.is_some() {
            self.pen.note(&format!("torn {start} {count}"));
            read(&self.volume, offset, &mut data);
        } else {
            let word = if cleared { "cleared" } else { "sector" };
            self.pen.note(&format!("{word} {start} {count} {version}"));
        }
        let at = first as usize * SECTOR;
        self.now[writer as usize].lock()[at..at + length].copy_from_slice(&data);
    }

    /// One step of whoever takes copies.
    fn keep(&self, round: u64, random: &mut Random) {
        let (volume, pen) = (&self.volume, &self.pen);
        if round.is_multiple_of(2) {
            let quiet = self.quiet.write();
            let created = volume.create_shadow_copy("quiet");
            let truth: Vec<_> = self.now.iter().flat_map(|bytes| bytes.lock().clone()).collect();
            drop(quiet);
            self.created(created.map(|copy| (copy.id, digest(&truth))));
        } else {
            // With writes in flight: what it is first, it is for ever.
            let created = volume.create_shadow_copy("in the middle");
            match created.map(|copy| (copy.id, self.first_read(copy.id))) {
                Ok((_, None)) => {}
                Ok((copy, Some(digest))) => self.created(Ok((copy, digest))),
                Err(error) => self.created(Err(error)),
            }
        }
        let copies = volume.shadow_copies().expect("an open volume");
        if copies.len() > KEPT {
            let old = copies[random.below(copies.len() as u64) as usize].id;
            pen.note(&format!("delete {old}"));
            let done = volume.delete_shadow_copies(&[old]);
            if self.answer(done.err()).is_none() {
                pen.note(&format!("deleted {old}"));
            }
        }
        if round % 5 == 4 {
            self.answer(volume.compact().err());
        }
        for event in volume.events() {
            if let Event::Dropped { copies, .. } = event {
                pen.note(&format!("count dropped {}", copies.len()));
            }
        }
    }

    fn created(&self, created: Result<(CopyId, u64), Error>) {
        match created {
            Ok((copy, digest)) => self.pen.note(&format!("copy {copy} {digest}")),
            Err(error) => drop(self.answer(Some(error))),
        }
    }

    /// A copy that was taken in the middle of writes, as it is; `None` if it was let go.
    fn first_read(&self, copy: CopyId) -> Option<u64> {
        for _ in 0..TRIES {
            match self.volume.reader().and_then(|node| whole(&node, copy)) {
                Ok(bytes) => return Some(digest(&bytes)),
                Err(Error::Medium { .. }) => {}
                Err(error) if is_gone(&error) => return None,
                Err(error) => panic!("copy {copy}: {error}"),
            }
        }
        panic!("copy {copy} cannot be read");
    }

    /// What an answer means; the end of the role stops everybody.
    fn answer(&self, error: Option<Error>) -> Option<Failure> {
        let error = error?;
        Some(match error.engine() {
            Some(EngineError::DiffAreaFull { .. }) => {
                self.pen.note("count refused 1");
                Failure::Full
            }
            Some(EngineError::RoleEnded) => {
                self.stop.store(true, Ordering::Relaxed);
                Failure::Unknown
            }
            Some(EngineError::Gone { .. } | EngineError::Io { .. }) => Failure::Unknown,
            _ => panic!("{error}"),
        })
    }
}

/// What a request that failed has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// Nothing, for want of room.
    Full,
    Unknown,
}

fn read(volume: &Volume, offset: u64, bytes: &mut [u8]) {
    let found = (0..TRIES).any(|_| volume.read(offset, bytes).is_ok());
    assert!(found, "the volume cannot be read");
}

fn is_gone(error: &Error) -> bool {
    matches!(error.engine(), Some(EngineError::Gone { .. }))
}
