//! The active node of a volume on this host: many threads read, write and take shadow copies.

mod chores;
mod copies;
mod discard;
mod facts;
mod files;
mod member;
mod open;
mod retention;
mod revert;
mod stats;
mod tape;
mod turn;

use core::cell::Cell;
use core::sync::atomic::Ordering;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use shadowvol::active::{Active, Commit, Compact, Flush, MakeRoom, Seal, Settle, Write};
use shadowvol::machine::{Machine, Op, Scratch, Wait};
use shadowvol::{Error as EngineError, Geometry};

use crate::clock::now;
use crate::error::Error;
use crate::lock::Locks;
use crate::media::Media;
use crate::node::{Held, Node, Request};
use crate::passive::Passive;
use crate::sync::{AtomicBool, Mutex};
use crate::trace::Change;
use chores::Chores;
use files::Files;
use revert::Whereabouts;
use stats::Tally;
use tape::Tape;
use turn::Turns;

pub use chores::{DropReason, Event, OnEvent};
pub(crate) use member::Member;
pub use open::{CreateOptions, OnExternalWrite, OpenOptions, diff_path};
pub(crate) use open::{durability, judge_stamp};
pub use revert::RevertOptions;
pub use stats::VolumeStats;
pub(crate) use turn::Turn;

/// A live volume: the active node.
///
/// All methods take `&self` and may be called by many threads at once. The volume closes itself
/// when it is dropped; [`Volume::close`] also tells whether that went well.
///
/// ```
/// use shadowvol_host::{CreateOptions, Volume};
/// # let folder = tempfile::tempdir()?;
/// # let image = folder.path().join("disk.img");
/// let volume = Volume::create(&image, &CreateOptions { size: Some(1 << 20), ..Default::default() })?;
/// volume.write(0, b"before")?;
/// let copy = volume.create_shadow_copy("nightly")?;
/// volume.write(0, b"after!")?;
///
/// let mut bytes = [0; 6];
/// volume.reader()?.shadow_copy(copy.id)?.read(0, &mut bytes)?;
/// assert_eq!(&bytes, b"before");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Volume {
    inner: Arc<Inner>,
    chores: Chores,
    reader: Mutex<Option<Arc<Passive>>>,
    closed: AtomicBool,
    /// Whether a caller was told that the role has ended.
    told: AtomicBool,
    files: Option<Files>,
    locks: Locks,
    /// The paths of its media, which no copy may replace.
    own: Vec<PathBuf>,
}

/// What the volume shares with the thread that does its chores.
struct Inner {
    node: Node<Active>,
    media: Media,
    geometry: Geometry,
    whereabouts: Whereabouts,
    tally: Tally,
    events: chores::Events,
    turns: Turns,
    tape: Tape,
}

/// The machines and the working space of one request, kept by the thread for the next one.
struct Bench {
    write: Write,
    commit: Commit,
    scratch: Scratch,
    commit_scratch: Scratch,
}

thread_local! {
    static BENCH: Cell<Option<Box<Bench>>> = const { Cell::new(None) };
}

impl Bench {
    fn with<T>(work: impl FnOnce(&mut Self) -> T) -> T {
        // A request that is made while another one waits has one of its own.
        let mut bench = BENCH.take().unwrap_or_else(|| {
            let (write, commit) = (Write::new(0, 0), Commit::new());
            Box::new(Self {
                write,
                commit,
                scratch: Scratch::new(),
                commit_scratch: Scratch::new(),
            })
        });
        let done = work(&mut bench);
        BENCH.set(Some(bench));
        done
    }
}

impl Volume {
    fn start(
        active: Active,
        media: Media,
        files: Option<Files>,
        locks: Locks,
        events: chores::Events,
    ) -> Self {
        let geometry = *active.geometry();
        let whereabouts = Whereabouts::of(&active);
        let inner = Arc::new(Inner {
            whereabouts,
            node: Node::new(active),
            media,
            geometry,
            tally: Tally::default(),
            events,
            turns: Turns::default(),
            tape: Tape::new(),
        });
        let chores = Chores::start(Arc::clone(&inner));
        Self {
            inner,
            chores,
            reader: Mutex::new(None),
            closed: AtomicBool::new(false),
            told: AtomicBool::new(false),
            files,
            locks,
            own: Vec::new(),
        }
    }

    /// Bytes of the volume.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.inner.geometry.size
    }

    /// Bytes of a chunk, the unit of preservation.
    #[must_use]
    pub fn chunk_size(&self) -> u64 {
        self.inner.geometry.chunk.bytes()
    }

    /// Whether the volume was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// When the request reaches past the end, the volume is closed, or the medium fails.
    pub fn read(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        self.check_open()?;
        let length = buffer.len() as u64;
        self.inner.geometry.check(offset, length)?;
        self.inner.tally.read(length);
        self.inner.read(offset, buffer)
    }

    /// Writes `data` from `offset` on. Old bytes that a shadow copy needs are preserved first.
    ///
    /// # Errors
    ///
    /// When the request reaches past the end or the diff area is full, nothing was written; when
    /// the role has ended or a medium fails, any part may be.
    pub fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        self.check_open()?;
        let length = data.len() as u64;
        let done = self.tell(Bench::with(|Bench { write, scratch, commit, commit_scratch }| {
            write.begin(offset, length);
            let request = Request { data, user: &mut [], scratch };
            self.inner.run(write, request, commit, commit_scratch)
        }));
        self.inner.noted(done, Change::Write { offset, length })
    }

    /// Returns when every write that returned before is durable, in durable mode.
    ///
    /// # Errors
    ///
    /// When the flush fails: nothing is known then about writes since the last one, and the role
    /// ends, because a second try would prove nothing.
    pub fn flush(&self) -> Result<(), Error> {
        self.check_open()?;
        if let Some(error) = self.inner.node.with(|active| active.ended().cloned()) {
            return self.tell(Err(error.into()));
        }
        let done = self.tell(self.inner.flush());
        self.inner.noted(done, Change::Flush)
    }

    /// A passive node on this volume's own media, to read its shadow copies with.
    ///
    /// # Errors
    ///
    /// When the volume is closed, or the journal cannot be read.
    pub fn reader(&self) -> Result<Arc<Passive>, Error> {
        self.check_open()?;
        let mut reader = self.reader.lock();
        if let Some(reader) = &*reader {
            return Ok(Arc::clone(reader));
        }
        let media = self.inner.media.read_only();
        let opened = Arc::new(Passive::open_beside(media, self.own.clone())?);
        *reader = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Writes the journal anew, without what answers for nothing any more. Happens by itself when
    /// it pays.
    ///
    /// # Errors
    ///
    /// When there is no room for it, the role has ended or a medium fails.
    pub fn compact(&self) -> Result<(), Error> {
        self.check_open()?;
        self.tell(self.inner.run_one(&mut Compact::new()))
    }

    /// The events since the last call, oldest first; the newest thousand are kept.
    pub fn events(&self) -> Vec<Event> {
        self.inner.collect_events();
        self.inner.events.take()
    }

    /// What the node has done since it was opened, and the space it has.
    #[must_use]
    pub fn stats(&self) -> VolumeStats {
        self.inner.stats()
    }

    /// Deletes the shadow copies that go with this process, flushes, and gives up the active role.
    /// Closing twice is fine, and so is closing a volume whose role has ended if a request has told
    /// so.
    ///
    /// # Errors
    ///
    /// When the flush or the last superblock fails: the next opening recovers.
    pub fn close(&self) -> Result<(), Error> {
        if self.is_closed() {
            return Ok(());
        }
        self.release_own();
        self.leave()
    }

    /// Closes, but leaves the shadow copies that go with this process until it ends, or has opened
    /// the volume and closed it again.
    ///
    /// # Errors
    ///
    /// As [`Volume::close`].
    pub fn leave(&self) -> Result<(), Error> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        if let Some(reader) = self.reader.lock().take() {
            reader.close();
        }
        self.chores.stop();
        let done = self.seal();
        // However it went, writers that came too late wait for an answer (invariant 10).
        self.inner.node.with(|active| active.end(EngineError::RoleEnded));
        self.inner.tape.stop();
        self.locks.release();
        done
    }

    /// For a child that was forked off its active node: lets go of the role's locks, which it shares
    /// with its parent, so that they end with the parent. Nothing else of the volume may be used
    /// there, because its threads are the parent's.
    pub fn leave_to_parent(&self) {
        self.locks.leave_to_parent();
    }

    fn seal(&self) -> Result<(), Error> {
        let inner = &self.inner;
        inner.node.wait_until(|active| active.close_to_writes() || active.ended().is_some());
        inner.collect_events();
        if let Some(error) = inner.node.with(|active| active.ended().cloned()) {
            let told = self.told.load(Ordering::Relaxed);
            return if told { Ok(()) } else { Err(error.into()) };
        }
        inner.flush()?;
        let Some(files) = &self.files else { return inner.run_one(&mut Seal::new([0; 32])) };
        files.settle()?;
        inner.run_one(&mut Seal::new(files.stamp()))?;
        files.settle()
    }

    fn tell<T>(&self, done: Result<T, Error>) -> Result<T, Error> {
        if done.is_err() && self.inner.node.with(|active| active.ended().is_some()) {
            self.told.store(true, Ordering::Relaxed);
        }
        done
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.is_closed() { Err(Error::Closed) } else { Ok(()) }
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Who wants to know how it went has called `close`.
        let _ = self.close();
    }
}

impl fmt::Debug for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Volume").field("geometry", &self.inner.geometry).finish_non_exhaustive()
    }
}

impl Inner {
    /// Drives a machine that is not run often.
    fn run_one<M: Machine<Shared = Active, Op = Op>>(
        &self,
        machine: &mut M,
    ) -> Result<M::Output, Error> {
        Bench::with(|Bench { scratch, commit, commit_scratch, .. }| {
            self.run(machine, Request::bare(scratch), commit, commit_scratch)
        })
    }

    /// Drives a machine that stops at gates; `gate` waits until it may pass.
    fn run_gated<M: Machine<Shared = Active, Op = Op>>(
        &self,
        machine: &mut M,
        gate: impl FnMut() -> Result<(), Error>,
    ) -> Result<M::Output, Error> {
        Bench::with(|Bench { scratch, commit, commit_scratch, .. }| {
            let request = Request::bare(scratch);
            self.run_to_end(machine, request, commit, commit_scratch, gate)
        })
    }

    /// Drives a machine; whoever waits for a commit does it, for all who wait.
    fn run<M: Machine<Shared = Active, Op = Op>>(
        &self,
        machine: &mut M,
        request: Request<'_>,
        commit: &mut Commit,
        commit_scratch: &mut Scratch,
    ) -> Result<M::Output, Error> {
        self.run_to_end(machine, request, commit, commit_scratch, || Ok(()))
    }

    fn run_to_end<M: Machine<Shared = Active, Op = Op>>(
        &self,
        machine: &mut M,
        request: Request<'_>,
        commit: &mut Commit,
        commit_scratch: &mut Scratch,
        mut gate: impl FnMut() -> Result<(), Error>,
    ) -> Result<M::Output, Error> {
        // Only what changes the journal or the diff area's room can bring chores.
        let served = Cell::new(false);
        let serve = |held: Held<'_, '_, Active>, wait| {
            served.set(true);
            match wait {
                Wait::Turn | Wait::Barrier | Wait::Yield => Ok(()),
                Wait::Gate => held.let_go(&mut gate),
                Wait::Commit => {
                    commit.begin();
                    held.run(commit, &self.media, Request::bare(commit_scratch))
                }
                Wait::Room(slots) => held.let_go(|| self.run_one(&mut MakeRoom::new(slots, now()))),
                Wait::Settle(extent) => {
                    held.let_go(|| self.settle(&mut Settle::within(extent)).map(drop))
                }
            }
        };
        self.node.run(machine, &self.media, request, serve, |active| {
            if served.get() && chores::any(active) {
                self.events.wake();
            }
        })
    }

    fn flush(&self) -> Result<(), Error> {
        self.run_one(&mut Flush::new())
    }
}
