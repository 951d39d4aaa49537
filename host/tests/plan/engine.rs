//! Plans against the engine: a real volume is given the same writes, copies and deletions.
//!
//! At every step the volume's table holds exactly the chunks that the sets say, once it has swept
//! what nobody needs; the plan's peak is the highest of these. A diff area that may grow as far as
//! the plan says takes all writes; one that has room for the old bytes alone does not. No byte is
//! zero, because zeros take no slot and a trace does not know of them.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use shadowvol::active::Space;
use shadowvol::{ChunkSize, CopyId};
use shadowvol_host::plan::{Keep, Row};
use shadowvol_host::trace::{Change, Event};
use shadowvol_host::{CreateOptions, Durability, Error, Volume};

use super::random::Random;
use super::support::{Sets, in_memory, plan, single, with_copies};

const SIZE: u64 = 8 << 20;

/// So long a volume may take to sweep.
const PATIENCE: Duration = Duration::from_secs(20);

/// Writes of which some are close together, and some are large.
fn workload(seed: u64, writes: u64) -> Vec<Event> {
    let mut random = Random(seed);
    let mut at = 0;
    let mut write = |nth: u64| {
        at += if nth == 0 { 0 } else { random.below(20) };
        let near = random.below(3) > 0;
        let offset = random.below(if near { SIZE / 16 } else { SIZE });
        let most = if random.below(40) == 0 { 700_000 } else { 12_000 };
        let length = (1 + random.below(most)).min(SIZE - offset);
        Event { at, change: Change::Write { offset, length } }
    };
    (0..writes).map(&mut write).collect()
}

fn volume(chunk: ChunkSize, limit: Option<u64>) -> Volume {
    let (_, media) = in_memory(SIZE);
    let options =
        CreateOptions { chunk, limit, durability: Durability::Coherent, ..Default::default() };
    let volume = Volume::create_on(media, &options).expect("a volume");
    volume.write(0, &vec![0xa5; SIZE as usize]).expect("a write without copies");
    volume
}

fn play(volume: &Volume, change: Change) -> Result<(), Error> {
    match change {
        Change::Write { offset, length } => {
            volume.write(offset, &vec![0x5a; length as usize])?;
        }
        Change::Created { copy } => {
            assert_eq!(volume.create_shadow_copy("")?.id.number(), copy);
        }
        Change::Deleted { copy } => {
            volume.delete_shadow_copies(&[CopyId::new(copy).expect("a number")])?;
        }
        _ => {}
    }
    Ok(())
}

/// Plays it all, and compares what is in use with the sets after each step.
fn compare(chunk: ChunkSize, changes: &[Change]) -> (Sets, Volume) {
    let (volume, mut sets) = (volume(chunk, None), Sets::new(chunk));
    for &change in changes {
        play(&volume, change).expect("room without limit");
        sets.apply(change);
        let begun = Instant::now();
        while volume.stats().table_chunks != sets.needed() {
            assert!(
                begun.elapsed() < PATIENCE,
                "{} {}",
                volume.stats().table_chunks,
                sets.needed()
            );
            std::thread::yield_now();
        }
    }
    (sets, volume)
}

fn row(chunk: ChunkSize, events: &[Event], every: u64, keep: Keep) -> Row {
    plan(events, SIZE, &single(chunk, every, keep)).rows.remove(0)
}

#[test]
fn the_engine_has_in_use_what_the_plan_says() {
    let keeps = [
        Keep::Copies(3),
        Keep::For(Duration::from_nanos(1_750)),
        Keep::For(Duration::from_nanos(90)),
    ];
    for (seed, keep) in (1..).zip(keeps) {
        for shift in [12, 14, 17] {
            let chunk = ChunkSize::from_shift(shift).expect("a chunk size");
            let events = workload(seed, 600);
            let row = row(chunk, &events, 500, keep);
            let (sets, volume) = compare(chunk, &with_copies(&events, 500, keep));
            assert_eq!(row.peak_slots, sets.peak);
            let stats = volume.stats();
            assert_eq!(stats.preserved_bytes, row.preserved_chunks * chunk.bytes());
            assert_eq!(stats.zero_bytes, 0);
            // Where free slots are no neighbours, runs are shorter: at worst each chunk is one.
            let most = row.record_bytes + row.preserved_chunks * 17 + 48 * (1 + stats.records / 8);
            let found = stats.journal_bytes;
            assert!((row.record_bytes..=most).contains(&found), "{found} {row:?}");
        }
    }
}

#[test]
fn without_deletions_the_journal_is_the_same_to_the_byte() {
    for shift in [12, 16, 20] {
        let chunk = ChunkSize::from_shift(shift).expect("a chunk size");
        let events = workload(9, 400);
        let keep = Keep::Copies(1_000);
        let row = row(chunk, &events, 700, keep);
        let (_, volume) = compare(chunk, &with_copies(&events, 700, keep));
        let stats = volume.stats();
        assert_eq!(stats.journal_bytes, row.record_bytes);
        assert_eq!(stats.space.journal, row.journal);
        assert_eq!(stats.compactions, 0);
    }
}

#[test]
fn a_diff_area_as_large_as_the_plan_says_is_enough_and_the_old_bytes_alone_are_not() {
    for (seed, shift) in [(21, 12), (22, 13), (23, 16), (24, 20)] {
        let chunk = ChunkSize::from_shift(shift).expect("a chunk size");
        let events = workload(seed, 3_000);
        let keep = Keep::Copies(4);
        let row = row(chunk, &events, 2_000, keep);
        let changes = with_copies(&events, 2_000, keep);

        let volume = Arc::new(volume(chunk, Some(row.diff_area)));
        for &change in &changes {
            play(&volume, change).expect("room");
        }
        let Space { limit, capacity, .. } = volume.stats().space;
        assert_eq!(limit, row.diff_area);
        assert!(capacity <= limit);

        let least = shadowvol::Geometry::new(SIZE, chunk).least_bytes();
        let volume = self::volume(chunk, Some((row.peak_slots * chunk.bytes()).max(least)));
        let failed = changes.iter().find_map(|&change| play(&volume, change).err());
        let error = failed.expect("too little room");
        assert!(matches!(error.engine(), Some(shadowvol::Error::DiffAreaFull { .. })), "{error}");
    }
}

#[test]
fn a_journal_that_is_written_anew_stays_below_what_the_plan_says() {
    let chunk = ChunkSize::MIN;
    // The same few chunks again and again: records that are soon worth nothing.
    let mut random = Random(5);
    let write = |at: u64, random: &mut Random| {
        let offset = random.below(64) * 4096;
        Event { at, change: Change::Write { offset, length: 4096 } }
    };
    let events: Vec<_> = (0..40_000).map(|nth| write(nth * 10, &mut random)).collect();
    let keep = Keep::Copies(2);
    let row = row(chunk, &events, 200, keep);
    assert!(row.rewritten_bytes > 0);
    let volume = volume(chunk, Some(row.diff_area));
    for change in with_copies(&events, 200, keep) {
        play(&volume, change).expect("room");
    }
    volume.compact().expect("room for the next journal");
    let stats = volume.stats();
    assert!(stats.compactions > 0);
    assert!(stats.space.journal <= row.journal, "{stats:?} {row:?}");
}
