//! Both media of a volume with their power supply, shared by the threads of a schedule.
//!
//! The explorer may let another thread run before each operation and in the middle of each write
//! and barrier. At one moment, drawn anew for each schedule, what a power cut would leave is put
//! aside, together with what the threads had been told by then.

use core::hash::{Hash, Hasher};
use core::time::Duration;
use std::hash::DefaultHasher;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::IoKind;
use shadowvol::backend::{Fate as Failure, Faults, MemoryError, Operation, Pages, ReadAt, WriteAt};
use shadowvol::machine::Medium;
use shadowvol_host::Media;
use shuttle::rand::{Rng, thread_rng};

use crate::disk::{Disk, Fate};
use crate::ledger::Ledger;

/// The shared state. Its lock is no thread's business: it is never held while others run.
#[derive(Clone)]
pub(crate) struct Rig(Arc<Mutex<State>>);

struct State {
    origin: Disk,
    diff: Disk,
    ledger: Ledger,
    /// No other thread is let in between operations.
    calm: bool,
    operations: u64,
    overwrites: u64,
    power: Power,
    remains: Option<Remains>,
    order: DefaultHasher,
}

/// When the power fails.
#[derive(Clone, Copy)]
enum Power {
    Operation(u64),
    /// In the middle of a write to the origin, when its old bytes must be safe.
    Overwrite(u64),
}

/// What a power cut would have left.
pub(crate) struct Remains {
    pub(crate) origin: Pages,
    pub(crate) diff: Pages,
    pub(crate) ledger: Ledger,
}

/// One of the media, which a plan of faults can make fail.
#[derive(Clone)]
pub(crate) struct Handle {
    rig: Rig,
    medium: Medium,
    faults: Arc<Faults>,
}

impl Rig {
    pub(crate) fn new(origin: Pages, diff: Pages, ledger: Ledger) -> Self {
        let mut random = thread_rng();
        let power = if random.gen_bool(0.5) {
            Power::Operation(random.gen_range(1..100))
        } else {
            Power::Overwrite(random.gen_range(1..8))
        };
        Self(Arc::new(Mutex::new(State {
            origin: Disk::new(origin),
            diff: Disk::new(diff),
            ledger,
            calm: false,
            operations: 0,
            overwrites: 0,
            power,
            remains: None,
            order: DefaultHasher::new(),
        })))
    }

    pub(crate) fn media(&self, origin: &Arc<Faults>, diff: &Arc<Faults>) -> Media {
        let handle = |medium, faults| Handle { rig: self.clone(), medium, faults };
        Media {
            origin: Arc::new(handle(Medium::Origin, Arc::clone(origin))),
            diff: Arc::new(handle(Medium::DiffArea, Arc::clone(diff))),
        }
    }

    pub(crate) fn ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.0.lock().ledger)
    }

    /// From now on nothing is interrupted by an operation on a medium, and the power stays on.
    pub(crate) fn calm(&self, calm: bool) {
        self.0.lock().calm = calm;
    }

    pub(crate) fn take_remains(&self) -> Option<Remains> {
        self.0.lock().remains.take()
    }

    /// Barriers on the diff area.
    pub(crate) fn barriers(&self) -> u64 {
        self.0.lock().diff.barriers
    }

    /// A number that stands for the order in which threads did operations.
    pub(crate) fn order(&self) -> u64 {
        self.0.lock().order.finish()
    }

    /// Whether a power cut could take nothing from either medium.
    pub(crate) fn is_settled(&self) -> bool {
        let state = self.0.lock();
        state.origin.is_settled() && state.diff.is_settled()
    }

    pub(crate) fn visible(&self) -> (Pages, Pages) {
        let state = self.0.lock();
        (state.origin.visible(), state.diff.visible())
    }

    /// Lets other threads run.
    fn pause(&self) {
        if !self.0.lock().calm {
            shuttle::thread::sleep(Duration::ZERO);
        }
    }
}

impl State {
    fn disk(&mut self, medium: Medium) -> &mut Disk {
        match medium {
            Medium::Origin => &mut self.origin,
            Medium::DiffArea => &mut self.diff,
        }
    }

    /// Notes an operation that has begun, and puts aside what the power cut leaves if it is now.
    fn note(&mut self, medium: Medium, operation: Operation) {
        if self.calm {
            return;
        }
        (shuttle::current::me(), medium, operation).hash(&mut self.order);
        let overwrites = medium == Medium::Origin && operation.kind == IoKind::Write;
        self.operations += 1;
        self.overwrites += u64::from(overwrites);
        let now = match self.power {
            Power::Operation(nth) => nth == self.operations,
            Power::Overwrite(nth) => overwrites && nth == self.overwrites,
        };
        if now {
            let (origin, diff) = (crash(&self.origin), crash(&self.diff));
            self.remains = Some(Remains { origin, diff, ledger: self.ledger.clone() });
        }
    }
}

/// All that is not behind a barrier is lost, or all is kept, or each write has its own fate.
fn crash(disk: &Disk) -> Pages {
    let mut random = thread_rng();
    let draw = random.gen_range(0..3);
    disk.crash(|| match if draw == 2 { random.gen_range(0..3) } else { draw } {
        0 => Fate::Lost,
        1 => Fate::Kept,
        _ => Fate::Torn,
    })
}

impl Handle {
    fn begin<T>(
        &self,
        (kind, offset, length): (IoKind, u64, usize),
        work: impl FnOnce(&mut Disk) -> Result<T, MemoryError>,
    ) -> io::Result<T> {
        self.rig.pause();
        let operation = Operation { kind, offset, length: length as u64 };
        if self.faults.fate(operation) != Failure::Pass {
            return Err(io::Error::other("the test wants it to fail"));
        }
        let mut state = self.rig.0.lock();
        let done = work(state.disk(self.medium)).map_err(system)?;
        state.note(self.medium, operation);
        Ok(done)
    }

    fn end(&self, work: impl FnOnce(&mut Disk) -> Result<(), MemoryError>) -> io::Result<()> {
        self.rig.pause();
        work(self.rig.0.lock().disk(self.medium)).map_err(system)
    }
}

fn system(error: MemoryError) -> io::Error {
    let kind = if error.is_full() { io::ErrorKind::StorageFull } else { io::ErrorKind::Other };
    io::Error::new(kind, error)
}

impl ReadAt for Handle {
    type Error = io::Error;

    fn size(&self) -> io::Result<u64> {
        Ok(self.rig.0.lock().disk(self.medium).size())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.begin((IoKind::Read, offset, buffer.len()), |disk| disk.read(offset, buffer))
    }
}

impl WriteAt for Handle {
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let what = (IoKind::Write, offset, data.len());
        let number = self.begin(what, |disk| disk.begin_write(offset, data))?;
        self.end(|disk| disk.end_write(number))
    }

    fn barrier(&self) -> io::Result<()> {
        let begun = self.begin((IoKind::Barrier, 0, 0), |disk| Ok(disk.begin_barrier()))?;
        self.end(|disk| disk.end_barrier(begun))
    }

    fn grow(&self, size: u64) -> io::Result<u64> {
        self.begin((IoKind::Grow, size, 0), |disk| disk.grow(size))
    }
}
