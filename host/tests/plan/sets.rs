//! Any trace with any schedule against plain sets of copies.
//!
//! The sets know nothing of schedules, intervals or counters: they hold, for each chunk that was
//! preserved, the live copies that need it. Copies are kept for more or less than an interval, for
//! no multiple of it, and by number; writes are small, large, and past the last whole chunk.

use core::time::Duration;

use proptest::prelude::*;
use shadowvol::ChunkSize;
use shadowvol_host::plan::{Keep, Schedule};
use shadowvol_host::trace::{Change, Event};

use super::support::{Sets, plan, single, with_copies};

const SIZE: u64 = 700_001;

fn traces() -> impl Strategy<Value = Vec<Event>> {
    let place = (0..SIZE, prop_oneof![0..600_u64, 0..9_000_u64, 0..SIZE]);
    let event = (prop_oneof![Just(0_u64), 0..50_u64, 0..400_u64], place, 0..10_u8);
    prop::collection::vec(event, 1..120).prop_map(|drawn| {
        let mut at = 0;
        let mut events = Vec::new();
        for (nth, (later, (offset, length), kind)) in drawn.into_iter().enumerate() {
            // The trace begins with its first event.
            at += if nth == 0 { 0 } else { later };
            let length = length.min(SIZE - offset);
            let change = match kind {
                0 => Change::Flush,
                1 | 2 => Change::Discard { offset, length },
                _ => Change::Write { offset, length },
            };
            events.push(Event { at, change });
        }
        events.push(Event { at, change: Change::Write { offset: 0, length: 1 } });
        events
    })
}

fn schedules() -> impl Strategy<Value = (u64, Keep)> {
    let time = (1..3_000_u64).prop_map(|time| Keep::For(Duration::from_nanos(time)));
    let keep = prop_oneof![time, (1..9_u32).prop_map(Keep::Copies)];
    (1..700_u64, keep)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn plans_say_what_sets_say(
        events in traces(),
        (every, keep) in schedules(),
        shift in 12..=20_u8,
    ) {
        let chunk = ChunkSize::from_shift(shift).expect("a chunk size");
        let found = plan(&events, SIZE, &single(chunk, every, keep));
        let mut sets = Sets::new(chunk);
        with_copies(&events, every, keep).into_iter().for_each(|change| sets.apply(change));

        let row = &found.rows[0];
        prop_assert_eq!(row.schedule, Schedule::Every { every: Duration::from_nanos(every), keep });
        prop_assert_eq!(row.peak_slots, sets.peak);
        prop_assert_eq!(row.preserved_chunks, sets.preserved);
        let intervals: Vec<_> = row.intervals.iter().map(|interval| interval.slots).collect();
        prop_assert_eq!(intervals, sets.intervals);
        prop_assert_eq!(row.intervals.iter().map(|i| i.preserved).sum::<u64>(), sets.preserved);
        prop_assert!(row.diff_area > row.peak_slots * chunk.bytes() + row.journal);
        prop_assert!(row.preserved_bytes <= sets.preserved * chunk.bytes());

        let sum = |pick: fn(&Change) -> u64| events.iter().map(|event| pick(&event.change)).sum();
        let written: u64 = sum(|change| match change {
            Change::Write { length, .. } => *length,
            _ => 0,
        });
        prop_assert_eq!(found.trace.written_bytes, written);
        let all = written + row.preserved_bytes + row.record_bytes + row.rewritten_bytes;
        prop_assert_eq!(row.amplification, Some(all as f64 / written as f64));
    }
}

#[test]
fn each_part_of_a_grid_is_what_it_is_alone() {
    let write = |at, chunk: u64| Event {
        at,
        change: Change::Write { offset: chunk * 4096 % 600_000, length: 5_000 },
    };
    let events: Vec<_> = (0..2_000).map(|nth| write(nth * 7, nth * nth)).collect();
    let keeps = [Keep::For(Duration::from_nanos(900)), Keep::Copies(3)];
    let everies = [100, 450].map(Duration::from_nanos);
    let chunks: Vec<_> = (12..=20).flat_map(ChunkSize::from_shift).collect();
    let mut options = single(chunks[0], 1, keeps[0]);
    options.chunks.clone_from(&chunks);
    let grid = options.grid.as_mut().expect("a grid");
    (grid.every, grid.keep) = (everies.into(), keeps.into());
    let together = plan(&events, SIZE, &options);
    assert_eq!(together.rows.len(), chunks.len() * 4);
    let mut rows = together.rows.iter();
    for &chunk in &chunks {
        for every in everies {
            for keep in keeps {
                let alone = plan(&events, SIZE, &single(chunk, every.as_nanos() as u64, keep));
                let row = rows.next().expect("as many");
                assert_eq!(format!("{row:?}"), format!("{:?}", alone.rows[0]));
            }
        }
    }
}

#[test]
fn a_trace_that_is_shorter_than_copies_are_kept_is_not_warm() {
    let write = |at| Event { at, change: Change::Write { offset: 0, length: 1 } };
    for (keep, is_warm) in [(99, true), (100, true), (101, false)] {
        let keep = Keep::For(Duration::from_nanos(keep));
        let found = plan(&[write(0), write(100)], SIZE, &single(ChunkSize::MIN, 10, keep));
        assert_eq!(found.rows[0].is_warm, is_warm, "{keep:?}");
    }
}
