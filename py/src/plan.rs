//! The function `replay`, which `shadowvol.plan` is made of.

use core::time::Duration;
use std::collections::HashMap;
use std::path::PathBuf;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use shadowvol::ChunkSize;
use shadowvol_host::plan::{Grid, Interval, Keep, PlanOptions, Row, Schedule, TraceFacts};
use shadowvol_host::trace::{Column, Columns, TraceOptions};

use crate::errors::raise_engine;
use crate::progress::watched;
use crate::words::Choice;

/// How long copies are kept, as Python says it: by number or by time.
#[derive(FromPyObject)]
pub(crate) enum KeepArg {
    Copies(u32),
    For(Duration),
}

/// Which column, as Python says it: by number or by name.
#[derive(FromPyObject)]
pub(crate) enum ColumnArg {
    Number(usize),
    Name(String),
}

/// The unit of a column: its bytes, or its name if it is one of time.
#[derive(FromPyObject)]
pub(crate) enum UnitArg {
    Bytes(u64),
    Time(String),
}

/// Replay a trace for each chunk size and schedule; returns what it tells, and what each takes.
#[pyfunction]
#[pyo3(signature = (
    trace, *, every, keep, chunk_size, format, size, device, action, columns, units, progress,
))]
#[expect(clippy::too_many_arguments, reason = "Python names its arguments")]
pub(crate) fn replay<'py>(
    py: Python<'py>,
    trace: PathBuf,
    every: Vec<Duration>,
    keep: Vec<KeepArg>,
    chunk_size: Vec<u64>,
    format: Option<&str>,
    size: Option<u64>,
    device: Option<String>,
    action: &str,
    columns: Option<HashMap<String, ColumnArg>>,
    units: HashMap<String, UnitArg>,
    progress: Option<Py<PyAny>>,
) -> PyResult<(Bound<'py, PyDict>, Vec<Bound<'py, PyDict>>)> {
    let chunks: Result<_, _> = chunk_size.into_iter().map(ChunkSize::from_bytes).collect();
    let grid = Grid { every, keep: keep.into_iter().map(KeepArg::keep).collect() };
    let options = PlanOptions {
        chunks: chunks.map_err(raise_engine)?,
        grid: (!grid.every.is_empty()).then_some(grid),
    };
    let source = TraceOptions {
        format: format.map(Choice::parse).transpose()?,
        size,
        device,
        action: Choice::parse(action)?,
        columns: columns_of(columns, units)?,
    };
    let plan = watched(py, progress, move |watch| {
        shadowvol_host::plan::plan(&trace, &source, &options, watch)
    })?;
    let rows = plan.rows.iter().map(|row| row_dict(py, row)).collect::<PyResult<_>>()?;
    Ok((facts_dict(py, &plan.trace)?, rows))
}

impl KeepArg {
    const fn keep(self) -> Keep {
        match self {
            Self::Copies(count) => Keep::Copies(count),
            Self::For(time) => Keep::For(time),
        }
    }
}

impl From<ColumnArg> for Column {
    fn from(column: ColumnArg) -> Self {
        match column {
            ColumnArg::Number(number) => Self::Number(number),
            ColumnArg::Name(name) => Self::Name(name),
        }
    }
}

/// The table's columns; where some are named, the kind and the device are none unless they are.
fn columns_of(
    columns: Option<HashMap<String, ColumnArg>>,
    units: HashMap<String, UnitArg>,
) -> PyResult<Option<Columns>> {
    if columns.is_none() && units.is_empty() {
        return Ok(None);
    }
    let mut found = Columns::default();
    if let Some(columns) = columns {
        found.kind = None;
        for (what, column) in columns {
            match what.as_str() {
                "time" => found.time = column.into(),
                "offset" => found.offset = column.into(),
                "length" => found.length = column.into(),
                "kind" => found.kind = Some(column.into()),
                "device" => found.device = Some(column.into()),
                _ => {
                    let message = format!(
                        "columns names {what:?}: use time, offset, length, kind and device"
                    );
                    return Err(PyValueError::new_err(message));
                }
            }
        }
    }
    for (what, unit) in units {
        match (what.as_str(), unit) {
            ("time", UnitArg::Time(word)) => found.time_unit = nanoseconds(&word)?,
            ("offset", UnitArg::Bytes(bytes)) => found.offset_unit = bytes,
            ("length", UnitArg::Bytes(bytes)) => found.length_unit = bytes,
            _ => {
                let message = format!(
                    "units has no such {what:?}: use time with s, ms, us, ns or 100ns, and offset \
                     and length with a number of bytes"
                );
                return Err(PyValueError::new_err(message));
            }
        }
    }
    Ok(Some(found))
}

fn nanoseconds(word: &str) -> PyResult<u64> {
    Ok(match word {
        "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "us" => 1_000,
        "100ns" => 100,
        "ns" => 1,
        _ => {
            let message = format!("the unit of time is {word:?}: use s, ms, us, 100ns or ns");
            return Err(PyValueError::new_err(message));
        }
    })
}

fn facts_dict<'py>(py: Python<'py>, facts: &TraceFacts) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("events", facts.events)?;
    dict.set_item("writes", facts.writes)?;
    dict.set_item("written_bytes", facts.written_bytes)?;
    dict.set_item("discards", facts.discards)?;
    dict.set_item("discarded_bytes", facts.discarded_bytes)?;
    dict.set_item("flushes", facts.flushes)?;
    dict.set_item("copies", facts.copies)?;
    dict.set_item("reverts", facts.reverts)?;
    dict.set_item("seconds", facts.span.as_secs_f64())?;
    dict.set_item("size", facts.size)?;
    dict.set_item("end", facts.end)?;
    dict.set_item("disordered", facts.disordered)?;
    dict.set_item("cut_off", facts.cut_off)?;
    Ok(dict)
}

fn row_dict<'py>(py: Python<'py>, row: &Row) -> PyResult<Bound<'py, PyDict>> {
    let chunk = row.chunk.bytes();
    let (every, keep, keep_copies) = match row.schedule {
        Schedule::Recorded => (None, None, None),
        Schedule::Every { every, keep: Keep::For(time) } => {
            (Some(every.as_secs_f64()), Some(time.as_secs_f64()), None)
        }
        Schedule::Every { every, keep: Keep::Copies(count) } => {
            (Some(every.as_secs_f64()), None, Some(count))
        }
    };
    let dict = PyDict::new(py);
    dict.set_item("chunk_size", chunk)?;
    dict.set_item("every", every)?;
    dict.set_item("keep", keep)?;
    dict.set_item("keep_copies", keep_copies)?;
    dict.set_item("diff_area", row.diff_area)?;
    dict.set_item("peak_bytes", row.peak_slots * chunk)?;
    dict.set_item("peak_at", Duration::from_nanos(row.peak_at).as_secs_f64())?;
    dict.set_item("journal", row.journal)?;
    dict.set_item("copies", row.copies)?;
    dict.set_item("most_copies", row.most_copies)?;
    dict.set_item("warm", row.is_warm)?;
    dict.set_item("preserved_chunks", row.preserved_chunks)?;
    dict.set_item("preserved_bytes", row.preserved_bytes)?;
    dict.set_item("record_bytes", row.record_bytes)?;
    dict.set_item("rewritten_bytes", row.rewritten_bytes)?;
    dict.set_item("amplification", row.amplification)?;
    dict.set_item("change_median", row.change.median)?;
    dict.set_item("change_p95", row.change.p95)?;
    dict.set_item("change_p99", row.change.p99)?;
    dict.set_item("change_most", row.change.most)?;
    dict.set_item("series", series(py, &row.intervals, chunk)?)?;
    Ok(dict)
}

/// The intervals as numbers of eight bytes, little-endian: nanoseconds, bytes preserved, bytes in
/// use.
fn series<'py>(
    py: Python<'py>,
    intervals: &[Interval],
    chunk: u64,
) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with(py, intervals.len() * 24, |bytes| {
        for (bytes, interval) in bytes.chunks_exact_mut(24).zip(intervals) {
            let numbers = [interval.at, interval.preserved * chunk, interval.slots * chunk];
            for (bytes, number) in bytes.chunks_exact_mut(8).zip(numbers) {
                bytes.copy_from_slice(&number.to_le_bytes());
            }
        }
        Ok(())
    })
}
