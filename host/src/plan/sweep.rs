//! Reading the trace once, for all lanes.

use core::time::Duration;
use std::path::Path;

use rayon::prelude::*;

use super::lane::Lane;
use super::row::{Plan, TraceFacts};
use super::{PlanOptions, Row};
use crate::backup::work::{Tally, watched};
use crate::error::Error;
use crate::trace::{Change, Event, Trace, TraceError, TraceOptions};

/// Events that are read while as many are replayed.
const BATCH: usize = 32 << 10;

/// A volume of unknown size has no last chunk that is shorter.
const UNKNOWN_SIZE: u64 = 1 << 62;

/// Replays the trace at `path` for every chunk size and schedule; `-` is the standard input.
///
/// `progress` hears the bytes that were read of the trace, and all its bytes, or 0 if nobody knows;
/// by returning false it stops the planning.
///
/// # Errors
///
/// When the trace cannot be read or is of no use, and [`Error::Cancelled`].
pub fn plan(
    path: &Path,
    trace: &TraceOptions,
    options: &PlanOptions,
    progress: impl FnMut(u64, u64) -> bool,
) -> Result<Plan, Error> {
    let told = |error| match error {
        TraceError::Io(source) => {
            Error::System { what: format!("reading the trace {}", path.display()), source }
        }
        error => Error::Trace { path: path.to_owned(), error },
    };
    let mut trace = Trace::open(path, trace).map_err(told)?;
    let (_, total) = trace.progress();
    watched(total, progress, |tally| replay(&mut trace, options, tally, &told))
}

/// As [`plan`], for a trace that is open.
///
/// # Errors
///
/// As there.
pub fn plan_trace(mut trace: Trace, options: &PlanOptions) -> Result<Plan, Error> {
    let told = |error| Error::Trace { path: "the trace".into(), error };
    watched(0, |_, _| true, |tally| replay(&mut trace, options, tally, &told))
}

fn replay(
    trace: &mut Trace,
    options: &PlanOptions,
    tally: &Tally,
    told: &(impl Fn(TraceError) -> Error + Sync),
) -> Result<Plan, Error> {
    let mut facts = TraceFacts { size: trace.size(), ..TraceFacts::default() };
    let mut lanes = Lane::all(options, trace.size().unwrap_or(UNKNOWN_SIZE));
    let (mut batch, mut next) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    let mut seen = 0;
    loop {
        let (read, replayed) = rayon::join(
            || fill(trace, &mut next, &mut facts),
            || lanes.par_iter_mut().try_for_each(|lane| lane.replay(&batch)),
        );
        // What the lanes refuse came before what is being read.
        replayed.and(read).map_err(told)?;
        let (now, _) = trace.progress();
        tally.advance(now - seen)?;
        seen = now;
        core::mem::swap(&mut batch, &mut next);
        if batch.is_empty() {
            break;
        }
    }
    facts.span = Duration::from_nanos(trace.span());
    facts.disordered = trace.disordered();
    facts.cut_off = trace.is_cut_off();
    facts.check(options, trace).map_err(told)?;
    let written = facts.written_bytes;
    let rows: Vec<Row> = lanes.into_iter().flat_map(|lane| lane.rows(written)).collect();
    Ok(Plan { trace: facts, rows })
}

fn fill(
    trace: &mut Trace,
    batch: &mut Vec<Event>,
    facts: &mut TraceFacts,
) -> Result<(), TraceError> {
    batch.clear();
    while batch.len() < BATCH
        && let Some(event) = trace.advance()?
    {
        facts.note(event.change);
        batch.push(event);
    }
    Ok(())
}

impl TraceFacts {
    fn note(&mut self, change: Change) {
        self.events += 1;
        match change {
            Change::Write { offset, length } if length > 0 => {
                self.writes += 1;
                self.written_bytes += length;
                self.end = self.end.max(offset + length);
            }
            Change::Discard { offset, length } if length > 0 => {
                self.discards += 1;
                self.discarded_bytes += length;
                self.end = self.end.max(offset + length);
            }
            Change::Flush => self.flushes += 1,
            Change::Created { .. } => self.copies += 1,
            Change::Reverted { .. } => self.reverts += 1,
            _ => {}
        }
    }

    /// Whether there was anything to plan with.
    fn check(&self, options: &PlanOptions, trace: &Trace) -> Result<(), TraceError> {
        let why = if self.writes + self.discards == 0 {
            trace.absence()
        } else if options.grid.is_none() && self.copies == 0 {
            "it tells of no shadow copies: say how often one is to be taken, and how long kept"
                .into()
        } else {
            return Ok(());
        };
        Err(TraceError::NoEvents { why })
    }
}
