//! How long writers wait while a set is taken, by the number of its volumes.
//!
//! A writer per set volume would measure the processor's queue, so one writer goes round all of them
//! as fast as it can, and the longest of its writes in each set is that set's hold as a writer sees it: the
//! wait for the slowest volume, since the first one that was held is only let go when the last one is
//! committed.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::path::Path;
use std::thread;
use std::time::Instant;

use shadowvol_benches::{Axes, Interval, Outcome, Result, Side, Table, Versus, note, places};
use shadowvol_host::set::{BackupSet, Created, SetOptions};
use shadowvol_host::{CreateOptions, Durability, Error, Volume};

const SIZE: u64 = 16 << 20;
const SMALL: usize = 4 << 10;

fn main() -> Result<()> {
    let mut table = Table::new("hold")?;
    for place in places() {
        for durability in [Durability::Coherent, Durability::Durable] {
            let mut one = None;
            for (volumes, sets, state) in
                [(1, 400, "1 volume"), (8, 200, "8 volumes"), (64, 50, "64 volumes")]
            {
                let folder = place.folder()?;
                let axes = Axes { place: place.name, volume: SIZE, durability, ..Axes::default() };
                let side = measure(folder.path(), axes, volumes, sets)?;
                let one = one.get_or_insert_with(|| side.clone()).clone();
                let worst = side.latency().max() as f64 / 1000.0;
                let outcome =
                    Outcome::of_latencies(side, one, |holds| holds.value_at_quantile(0.5))
                        .with("worst_hold_us", worst);
                table.push(
                    axes.work("hold of a set").state(state),
                    Versus::base("1 volume"),
                    &outcome,
                )?;
            }
        }
    }
    Ok(())
}

/// The longest write of each set.
fn measure(folder: &Path, axes: Axes, volumes: usize, sets: usize) -> Result<Side> {
    let Axes { durability, .. } = axes;
    let options = CreateOptions { size: Some(SIZE), durability, ..CreateOptions::default() };
    let create = |nth: usize| Volume::create(folder.join(nth.to_string()), &options);
    let volumes = (0..volumes).map(create).collect::<core::result::Result<Vec<_>, _>>()?;
    let watch = Watch::default();
    let (mut side, mut holds) = (Side::new(sets), Interval::begin());
    thread::scope(|scope| -> Result<()> {
        let writer = scope.spawn(|| write(&volumes, &watch));
        let taken: Result<()> = (0..sets).try_for_each(|_| {
            watch.longest.store(0, Ordering::Relaxed);
            let set = take(&volumes)?;
            watch.wait_for_write(|| writer.is_finished());
            note(&mut holds.latencies, Duration::from_nanos(watch.longest.load(Ordering::Relaxed)));
            // Its copies go with it, so that the next set finds the volumes as this one did.
            drop(set);
            Ok(())
        });
        watch.stop.store(true, Ordering::Relaxed);
        writer.join().map_err(|_| "the writer panicked")??;
        taken
    })?;
    let holds = holds.end();
    side.rounds.push(holds.lasted);
    side.intervals.push(holds);
    Ok(side)
}

/// What the writer and the requester tell each other.
#[derive(Default)]
struct Watch {
    stop: AtomicBool,
    writes: AtomicU64,
    /// Of the writes since it was last 0, in nanoseconds.
    longest: AtomicU64,
}

impl Watch {
    /// Waits until a write that is under way has ended, and been noted, unless the writer has gone.
    fn wait_for_write(&self, has_gone: impl Fn() -> bool) {
        let seen = self.writes.load(Ordering::Relaxed);
        while self.writes.load(Ordering::Relaxed) < seen + 2 && !has_gone() {
            thread::yield_now();
        }
    }
}

/// Overwrites the same chunk of each volume, and notes how long that took.
fn write(volumes: &[Volume], watch: &Watch) -> core::result::Result<(), Error> {
    while !watch.stop.load(Ordering::Relaxed) {
        for volume in volumes {
            let begun = Instant::now();
            volume.write(0, &[1; SMALL])?;
            watch.longest.fetch_max(begun.elapsed().as_nanos() as u64, Ordering::Relaxed);
            watch.writes.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

fn take(volumes: &[Volume]) -> Result<BackupSet<Created>> {
    let mut set = BackupSet::new(SetOptions::default());
    for (nth, volume) in volumes.iter().enumerate() {
        set.volume(&nth.to_string(), volume)?;
    }
    Ok(set.prepare()?.create()?)
}
