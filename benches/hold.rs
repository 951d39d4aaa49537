//! How long writers wait while a set is taken, by the number of its volumes.
//!
//! A writer per set volume would measure the processor's queue, so one writer goes round all of them
//! as fast as it can, and the longest of its writes in each set is that set's hold as a writer sees it: the
//! wait for the slowest volume, since the first one that was held is only let go when the last one is
//! committed.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::path::Path;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use shadowvol_benches::{Result, places};
use shadowvol_host::set::{BackupSet, Created, SetOptions};
use shadowvol_host::{CreateOptions, Durability, Error, Volume};

const SIZE: u64 = 16 << 20;
const SMALL: usize = 4 << 10;

fn main() -> Result<()> {
    println!(
        "{:<34} {:>6} {:>9} {:>9} {:>9}",
        "hold, as writers see it", "sets", "p50", "p99", "max"
    );
    for place in places() {
        for (durability, name) in
            [(Durability::Coherent, "coherent"), (Durability::Durable, "durable")]
        {
            for (volumes, sets) in [(1, 400), (8, 200), (64, 50)] {
                let folder = tempfile::tempdir_in(&place.path)?;
                let holds = measure(folder.path(), durability, volumes, sets)?;
                let at = |quantile| micros(holds.value_at_quantile(quantile));
                println!(
                    "{:<34} {sets:>6} {:>9} {:>9} {:>9}",
                    format!("{volumes} volumes, {name}, {}", place.name),
                    at(0.5),
                    at(0.99),
                    micros(holds.max())
                );
            }
        }
    }
    Ok(())
}

fn micros(nanos: u64) -> String {
    format!("{:.0} us", nanos as f64 / 1000.0)
}

/// The longest write of each set, in nanoseconds.
fn measure(
    folder: &Path,
    durability: Durability,
    volumes: usize,
    sets: usize,
) -> Result<Histogram<u64>> {
    let options = CreateOptions { size: Some(SIZE), durability, ..CreateOptions::default() };
    let create = |nth: usize| Volume::create(folder.join(nth.to_string()), &options);
    let volumes = (0..volumes).map(create).collect::<core::result::Result<Vec<_>, _>>()?;
    let watch = Watch::default();
    let mut holds = Histogram::new(3)?;
    thread::scope(|scope| -> Result<()> {
        let writer = scope.spawn(|| write(&volumes, &watch));
        let taken: Result<()> = (0..sets).try_for_each(|_| {
            watch.longest.store(0, Ordering::Relaxed);
            let set = take(&volumes)?;
            watch.wait_for_write(|| writer.is_finished());
            holds.record(watch.longest.load(Ordering::Relaxed))?;
            // Its copies go with it, so that the next set finds the volumes as this one did.
            drop(set);
            Ok(())
        });
        watch.stop.store(true, Ordering::Relaxed);
        writer.join().map_err(|_| "the writer panicked")??;
        taken
    })?;
    Ok(holds)
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
