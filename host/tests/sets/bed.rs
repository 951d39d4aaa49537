//! What the tests share: volumes whose barriers can be stopped, and participants that keep a diary.

use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, ThreadId};

use parking_lot::{Condvar, Mutex};
use shadowvol::backend::{MemoryError, ReadAt, WriteAt};
use shadowvol::set::{Deadlines, Span, Veto, Windows};
use shadowvol_host::set::{Draft, Participant, SetCopy, SetOptions};
use shadowvol_host::{CreateOptions, Media, SharedMemory, Volume};

pub(crate) const SIZE: u64 = 1 << 20;

/// A door that threads wait at while it is shut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Door(Arc<(Mutex<Behind>, Condvar)>);

#[derive(Debug, Default)]
struct Behind {
    is_shut: bool,
    /// How many may still pass before it shuts by itself.
    then_shuts: Option<usize>,
    waiting: usize,
}

impl Door {
    pub(crate) fn shut(&self) {
        self.0.0.lock().is_shut = true;
    }

    /// Lets so many pass, and shuts.
    pub(crate) fn shut_behind(&self, passing: usize) {
        self.0.0.lock().then_shuts = Some(passing);
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().is_shut = false;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let mut behind = self.0.0.lock();
        match behind.then_shuts {
            Some(0) => (behind.is_shut, behind.then_shuts) = (true, None),
            passing => behind.then_shuts = passing.map(|passing| passing - 1),
        }
        behind.waiting += 1;
        self.0.1.notify_all();
        while behind.is_shut {
            self.0.1.wait(&mut behind);
        }
        behind.waiting -= 1;
    }

    /// Waits until somebody waits at it.
    pub(crate) fn wait_for_someone(&self) {
        let mut behind = self.0.0.lock();
        while behind.waiting == 0 {
            self.0.1.wait(&mut behind);
        }
    }
}

/// A medium in memory whose barriers go through a door.
#[derive(Clone, Debug)]
struct Slow(SharedMemory, Door);

impl ReadAt for Slow {
    type Error = MemoryError;

    fn size(&self) -> Result<u64, MemoryError> {
        self.0.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), MemoryError> {
        self.0.read_at(offset, buffer)
    }
}

impl WriteAt for Slow {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), MemoryError> {
        self.0.write_at(offset, data)
    }

    fn barrier(&self) -> Result<(), MemoryError> {
        self.1.pass();
        self.0.barrier()
    }

    fn grow(&self, size: u64) -> Result<u64, MemoryError> {
        self.0.grow(size)
    }
}

/// A volume in memory, and the doors to the barriers of its media.
pub(crate) struct Disk {
    pub(crate) volume: Arc<Volume>,
    pub(crate) origin: Door,
    pub(crate) diff: Door,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self::with(&CreateOptions::default())
    }

    /// One whose diff area may take so many bytes.
    pub(crate) fn limited(bytes: u64) -> Self {
        Self::with(&CreateOptions { limit: Some(bytes), ..CreateOptions::default() })
    }

    fn with(options: &CreateOptions) -> Self {
        let (origin, diff) = (Door::default(), Door::default());
        let media = Media {
            origin: Arc::new(Slow(SharedMemory::new(SIZE), origin.clone())),
            diff: Arc::new(Slow(SharedMemory::new(0), diff.clone())),
        };
        let volume = Volume::create_on(media, options).expect("a volume");
        Self { volume: Arc::new(volume), origin, diff }
    }

    pub(crate) fn copies(&self) -> usize {
        self.volume.shadow_copies().expect("an open volume").len()
    }

    /// A write comes through in no time.
    pub(crate) fn writes_go_on(&self) {
        let (volume, (done, told)) = (Arc::clone(&self.volume), channel());
        thread::spawn(move || done.send(volume.write(0, &[7; 512]).map_err(|e| e.to_string())));
        let write = told.recv_timeout(Duration::from_secs(20)).expect("writes are not held");
        write.expect("a write");
    }
}

impl Drop for Disk {
    /// A test that fails closes its volumes, too.
    fn drop(&mut self) {
        self.origin.open();
        self.diff.open();
    }
}

/// What a participant is told, and by which thread.
pub(crate) type Entry = (&'static str, ThreadId);
type Pen = Box<dyn Fn(&Draft) -> Result<(), Veto> + Send + Sync>;
type Script = Box<dyn Fn(&'static str) -> Result<(), Veto> + Send + Sync>;

/// A participant that writes down what it is told, and then does what its script says.
pub(crate) struct Actor {
    name: String,
    diary: Mutex<Vec<Entry>>,
    grown: Condvar,
    script: Script,
    deadlines: Deadlines,
    /// What `post_snapshot` was given.
    pub(crate) shown: Mutex<Vec<SetCopy>>,
    /// What it does with each of these copies.
    pub(crate) pen: Mutex<Option<Pen>>,
}

impl Actor {
    pub(crate) fn new(
        name: &str,
        script: impl Fn(&'static str) -> Result<(), Veto> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let short = Span(300);
        let deadlines = Deadlines { freeze: short, abort: short, ..Deadlines::default() };
        Arc::new(Self {
            name: name.to_owned(),
            diary: Mutex::default(),
            grown: Condvar::new(),
            script: Box::new(script),
            deadlines,
            shown: Mutex::default(),
            pen: Mutex::default(),
        })
    }

    pub(crate) fn calm(name: &str) -> Arc<Self> {
        Self::new(name, |_| Ok(()))
    }

    /// How long it may take over `post_snapshot`.
    pub(crate) fn hurry(&mut self, span: Span) {
        self.deadlines.post_snapshot = span;
    }

    pub(crate) fn told(&self) -> Vec<&'static str> {
        self.diary.lock().iter().map(|&(call, _)| call).collect()
    }

    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        self.diary.lock().iter().map(|&(_, thread)| thread).collect()
    }

    /// Waits until it has been told this so often.
    pub(crate) fn wait_for(&self, call: &str, times: usize) {
        let mut diary = self.diary.lock();
        while diary.iter().filter(|(told, _)| *told == call).count() < times {
            let late = self.grown.wait_for(&mut diary, Duration::from_secs(60)).timed_out();
            assert!(!late, "never told to {call} {times} times: {diary:?}");
        }
    }

    fn play(&self, call: &'static str) -> Result<(), Veto> {
        self.diary.lock().push((call, thread::current().id()));
        self.grown.notify_all();
        (self.script)(call)
    }
}

impl Participant for Actor {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn deadlines(&self) -> Deadlines {
        self.deadlines
    }

    fn prepare(&self) -> Result<(), Veto> {
        self.play("prepare")
    }

    fn freeze(&self) -> Result<(), Veto> {
        self.play("freeze")
    }

    fn thaw(&self) -> Result<(), Veto> {
        self.play("thaw")
    }

    fn post_snapshot(&self, copies: &[Draft]) -> Result<(), Veto> {
        self.shown.lock().extend(copies.iter().map(|draft| draft.copy().clone()));
        if let Some(write) = &*self.pen.lock() {
            copies.iter().try_for_each(write)?;
        }
        self.play("post_snapshot")
    }

    fn abort(&self) -> Result<(), Veto> {
        self.play("abort")
    }

    fn backup_complete(&self, succeeded: bool) -> Result<(), Veto> {
        self.play(if succeeded { "backup_complete" } else { "backup_failed" })
    }

    fn shutdown(&self) -> Result<(), Veto> {
        self.play("shutdown")
    }
}

/// Short windows, so that what hangs is given up soon.
pub(crate) fn hasty() -> SetOptions {
    let windows = Windows { hold: Span(300), undo: Span(300), ..Windows::default() };
    SetOptions { windows, ..SetOptions::default() }
}
