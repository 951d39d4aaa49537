//! What a volume does beside its requests: sweep, grow in good time, compact, report events.
//!
//! One thread sleeps until a request finds that there is something to do, so that no writer waits
//! for it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use shadowvol::CopyId;
use shadowvol::active::{self, Active, Compact, Grow};

use super::Inner;
use crate::sync::thread::{self, JoinHandle};
use crate::sync::{Condvar, Mutex};

/// Entries of the table that are swept with the lock held.
const SWEEP_ENTRIES: usize = 1024;
/// How much the thread stands back for others, on a scale that ends at 19.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Events that are kept when nobody takes them.
const MOST_EVENTS: usize = 1000;

/// Something that happened to a volume without being anyone's error.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Little room is left in the diff area: delete shadow copies or raise the limit.
    LowSpace {
        /// Bytes free for old bytes.
        free: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// Shadow copies were let go.
    Dropped {
        /// Which, oldest first.
        copies: Vec<CopyId>,
        /// Why.
        reason: DropReason,
    },
}

/// Why shadow copies were let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DropReason {
    /// The diff area was full, and its policy lets the oldest go.
    DiffAreaFull,
    /// The origin was changed while the volume was closed.
    ExternalWrite,
    /// The machine went down while the volume was open in coherent mode.
    CoherentCrash,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LowSpace { free, limit } => write!(
                f,
                "little room is left in the diff area: {free} bytes of {limit}; delete shadow \
                 copies or raise the limit"
            ),
            Self::Dropped { copies, reason } => {
                let ids: Vec<_> = copies.iter().map(ToString::to_string).collect();
                write!(f, "shadow copies {} were deleted: {reason}", ids.join(", "))
            }
        }
    }
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DiffAreaFull => "the diff area was full",
            Self::ExternalWrite => "the origin was changed while the volume was closed",
            Self::CoherentCrash => "the machine went down while the volume was open",
        })
    }
}

impl From<active::Event> for Event {
    fn from(event: active::Event) -> Self {
        match event {
            active::Event::LowSpace { free, limit } => Self::LowSpace { free, limit },
            active::Event::Dropped { copies } => {
                Self::Dropped { copies, reason: DropReason::DiffAreaFull }
            }
            _ => Self::Dropped { copies: Vec::new(), reason: DropReason::DiffAreaFull },
        }
    }
}

/// Is called with every event: by the thread that does the chores, by the one that asks for events
/// or closes, and for what opening finds by the one that opens.
pub type OnEvent = Arc<dyn Fn(&Event) + Send + Sync>;

/// Events on their way to the user, and the bell of the thread that does the chores.
pub(super) struct Events {
    queue: Mutex<VecDeque<Event>>,
    bell: Mutex<Bell>,
    rung: Condvar,
    on_event: Option<OnEvent>,
}

#[derive(Clone, Copy, Default)]
struct Bell {
    rung: bool,
    stop: bool,
}

impl Events {
    pub(super) fn new(on_event: Option<OnEvent>) -> Self {
        let queue = Mutex::new(VecDeque::new());
        Self { queue, bell: Mutex::new(Bell::default()), rung: Condvar::new(), on_event }
    }

    pub(super) fn wake(&self) {
        let mut bell = self.bell.lock();
        if !bell.rung {
            bell.rung = true;
            self.rung.notify_one();
        }
    }

    /// Takes events to the queue, and then to the user's function. Who looks at the queue meanwhile
    /// waits until they are in it.
    pub(super) fn deliver(&self, take: impl FnOnce() -> Vec<Event>) {
        let mut queue = self.queue.lock();
        let events = take();
        queue.extend(events.iter().cloned());
        let surplus = queue.len().saturating_sub(MOST_EVENTS);
        queue.drain(..surplus);
        drop(queue);
        if let Some(on_event) = &self.on_event {
            events.iter().for_each(|event| on_event(event));
        }
    }

    pub(super) fn take(&self) -> Vec<Event> {
        self.queue.lock().drain(..).collect()
    }

    fn stop(&self) {
        let mut bell = self.bell.lock();
        bell.stop = true;
        self.rung.notify_one();
    }

    /// Sleeps until there is something to do; false when the volume closes.
    fn sleep(&self) -> bool {
        let mut bell = self.bell.lock();
        while !bell.rung && !bell.stop {
            self.rung.wait(&mut bell);
        }
        bell.rung = false;
        !bell.stop
    }

    fn is_stopped(&self) -> bool {
        self.bell.lock().stop
    }
}

/// The thread that does the chores.
pub(super) struct Chores {
    inner: Arc<Inner>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Chores {
    pub(super) fn start(inner: Arc<Inner>) -> Self {
        let worker = Arc::clone(&inner);
        let named = thread::Builder::new().name("shadowvol-chores".into());
        // Without the thread the volume works all the same: writers do what must be done.
        let thread = named.spawn(move || work(&worker)).ok();
        Self { inner, thread: Mutex::new(thread) }
    }

    pub(super) fn stop(&self) {
        self.inner.events.stop();
        if let Some(thread) = self.thread.lock().take()
            && thread.thread().id() != thread::current().id()
        {
            // A panic in a user's callback ended it; there is nothing left to do for it.
            let _ = thread.join();
        }
    }
}

/// Whether there is something to do.
pub(super) fn any(active: &Active) -> bool {
    active.has_events()
        || active.wants_sweep()
        || active.wants_growth()
        || active.wants_compaction()
}

fn work(inner: &Inner) {
    // Requests come first, also where there are fewer processors than threads. Where that is refused,
    // it makes no difference but to them.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
    // A compaction that found no room is tried again only when the journal has grown.
    let mut too_large = u64::MAX;
    while inner.events.sleep() {
        inner.collect_events();
        while inner.node.with_in_turn(|active| {
            active.sweep(SWEEP_ENTRIES);
            active.wants_sweep()
        }) && !inner.events.is_stopped()
        {}
        if inner.node.with(|active| active.wants_growth()) {
            inner.grow_ahead();
        }
        let journal =
            inner.node.with(|active| active.wants_compaction().then_some(active.space().journal));
        if let Some(size) = journal
            && (size > too_large || too_large == u64::MAX)
        {
            too_large = if inner.run_one(&mut Compact::new()).is_ok() { u64::MAX } else { size };
        }
        inner.collect_events();
    }
}

impl Inner {
    /// What was added is made ready to be written to, and nobody who is out of space waits for that.
    fn grow_ahead(&self) {
        let capacity = || self.node.with(|active| active.space().capacity);
        let before = capacity();
        // A barrier that failed has ended the role, of which the next request is told.
        let _ = self.run_one(&mut Grow::ahead());
        let grown = capacity() - before;
        if grown > 0 {
            self.media.diff.expect_writes(before, grown);
        }
    }

    pub(super) fn collect_events(&self) {
        let take = || {
            let events = self.node.with(Active::take_events);
            for event in &events {
                if let active::Event::Dropped { copies } = event {
                    self.note_deleted(copies);
                }
            }
            events.into_iter().map(Event::from).collect()
        };
        self.events.deliver(take);
    }
}
