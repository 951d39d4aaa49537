//! What the tests share: traces in memory, and copies in plain sets.

use std::collections::{BTreeSet, HashMap};
use std::io::Cursor;
use std::sync::Arc;

use core::time::Duration;
use shadowvol::ChunkSize;
use shadowvol_host::plan::{Grid, Keep, Plan, PlanOptions, plan_trace};
use shadowvol_host::trace::{Change, Columns, Event, Trace, TraceOptions};
use shadowvol_host::{Media, SharedMemory};

/// A volume's media, in memory.
pub(crate) fn in_memory(size: u64) -> (SharedMemory, Media) {
    let (origin, diff) = (SharedMemory::new(size), SharedMemory::new(0));
    (origin.clone(), Media { origin: Arc::new(origin), diff: Arc::new(diff) })
}

/// Opens a trace that is in memory.
pub(crate) fn open(bytes: impl Into<Vec<u8>>, options: &TraceOptions) -> Trace {
    Trace::of(Cursor::new(bytes.into()), 0, options).expect("a trace")
}

/// All events of a trace.
pub(crate) fn events(mut trace: Trace) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = trace.advance().expect("a sound trace") {
        events.push(event);
    }
    events
}

/// A table of these events; copies are not in it.
pub(crate) fn table(events: &[Event]) -> String {
    let mut text = String::from("time,kind,offset,length\n");
    for &Event { at, change } in events {
        let (kind, offset, length) = match change {
            Change::Write { offset, length } => ("write", offset, length),
            Change::Discard { offset, length } => ("discard", offset, length),
            _ => ("flush", 0, 0),
        };
        text.push_str(&format!("{at},{kind},{offset},{length}\n"));
    }
    text
}

/// How [`table`] is read.
pub(crate) fn nanoseconds(size: u64) -> TraceOptions {
    let columns = Columns { time_unit: 1, ..Columns::default() };
    TraceOptions { size: Some(size), columns: Some(columns), ..TraceOptions::default() }
}

/// Plans with a table of these events.
pub(crate) fn plan(events: &[Event], size: u64, options: &PlanOptions) -> Plan {
    plan_trace(open(table(events), &nanoseconds(size)), options).expect("a plan")
}

/// One chunk size and one schedule.
pub(crate) fn single(chunk: ChunkSize, every: u64, keep: Keep) -> PlanOptions {
    let grid = Grid { every: vec![Duration::from_nanos(every)], keep: vec![keep] };
    PlanOptions { chunks: vec![chunk], grid: Some(grid) }
}

/// The events with the copies of a schedule between them, by its definition.
pub(crate) fn with_copies(events: &[Event], every: u64, keep: Keep) -> Vec<Change> {
    let end = events.last().map_or(0, |event| event.at);
    let mut due: Vec<(u64, u8, Change)> = Vec::new();
    for (copy, at) in (1..).zip((0..=end).step_by(every as usize)) {
        due.push((at, 1, Change::Created { copy }));
        let goes = match keep {
            Keep::For(time) => at + time.as_nanos() as u64,
            Keep::Copies(count) => at + every * u64::from(count),
        };
        if goes <= end {
            due.push((goes, 0, Change::Deleted { copy }));
        }
    }
    due.extend(events.iter().map(|event| (event.at, 2, event.change)));
    // What is due at one moment: deletions, creations, then what the trace tells.
    due.sort_by_key(|&(at, rank, _)| (at, rank));
    due.into_iter().map(|(_, _, change)| change).collect()
}

/// What the engine is meant to do, in plain sets: for each record the copies that it answers for.
pub(crate) struct Sets {
    chunk: ChunkSize,
    live: BTreeSet<u32>,
    records: Vec<BTreeSet<u32>>,
    last: HashMap<u64, u32>,
    pub(crate) preserved: u64,
    pub(crate) peak: u64,
    /// The most chunks that were needed between one copy and the next.
    pub(crate) intervals: Vec<u64>,
}

impl Sets {
    pub(crate) fn new(chunk: ChunkSize) -> Self {
        Self {
            chunk,
            live: BTreeSet::new(),
            records: Vec::new(),
            last: HashMap::new(),
            preserved: 0,
            peak: 0,
            intervals: Vec::new(),
        }
    }

    pub(crate) fn apply(&mut self, change: Change) {
        match change {
            Change::Write { offset, length } | Change::Discard { offset, length } if length > 0 => {
                let chunk = self.chunk.bytes();
                (offset / chunk..=(offset + length - 1) / chunk).for_each(|at| self.overwrite(at));
            }
            Change::Created { copy } => {
                self.live.insert(copy);
                self.intervals.push(self.needed());
            }
            Change::Deleted { copy } => {
                self.live.remove(&copy);
                self.records.iter_mut().for_each(|copies| {
                    copies.remove(&copy);
                });
                self.records.retain(|copies| !copies.is_empty());
            }
            _ => {}
        }
        self.peak = self.peak.max(self.needed());
        if let Some(most) = self.intervals.last_mut() {
            *most = (*most).max(self.records.len() as u64);
        }
    }

    /// Chunks that a live copy needs.
    pub(crate) fn needed(&self) -> u64 {
        self.records.len() as u64
    }

    fn overwrite(&mut self, at: u64) {
        let Some(&newest) = self.live.last() else { return };
        let last = self.last.entry(at).or_insert(0);
        if *last < newest {
            self.records.push(self.live.range(*last + 1..=newest).copied().collect());
            self.preserved += 1;
            *last = newest;
        }
    }
}
