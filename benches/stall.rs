//! What writers wait while shadow copies are taken one after the other.
//!
//! At full speed, the figure is the worst stall: of plain writes to the same file it is what the
//! machine does to everybody. At a pace, latencies count from when each write was due, so that a stall
//! makes all the writes late that were due meanwhile.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{
    Axes, Interval, Outcome, Pace, Result, Shuffle, Side, Stage, Table, Versus, note, places,
    settings,
};
use shadowvol_host::Durability;

const SMALL: u64 = 4 << 10;
/// From one copy to the next.
const EVERY: Duration = Duration::from_millis(2);
/// Copies that are kept.
const KEEP: usize = 100;
/// From one paced write to the next.
const PACES: [(Durability, u64); 2] = [(Durability::Coherent, 50), (Durability::Durable, 5_000)];
const LASTING: Duration = Duration::from_millis(500);

fn main() -> Result<()> {
    let mut table = Table::new("stall")?;
    for place in places() {
        for (durability, interval) in PACES {
            let setting = Axes { place: place.name, durability, ..Axes::default() };
            let setting = setting.state("copies taken").requests(Random, SMALL);
            let folder = place.folder()?;
            let bed = Bed { stage: Stage::new(folder.path(), setting)? };
            let (outcome, taken) = bed.at_full_speed()?;
            let worst = outcome.ours.latency().max() as f64 / 1000.0;
            let outcome = outcome.with("worst_stall_us", worst).with("copies_taken", taken);
            table.push(
                setting.work("worst of full-speed writes"),
                Versus::base("pwrite"),
                &outcome,
            )?;
            let (outcome, taken) = bed.at_a_pace(Duration::from_micros(interval))?;
            let outcome = outcome.with("copies_taken", taken);
            let base = Versus::base("no copies");
            table.push(setting.work("p99.9 of paced writes"), base, &outcome)?;
        }
    }
    Ok(())
}

/// A volume that is written to.
struct Bed {
    stage: Stage,
}

impl Bed {
    /// Rounds of ours while copies are taken, and of plain writes, in turn; the worst of each is compared.
    fn at_full_speed(&self) -> Result<(Outcome, f64)> {
        let (mut ours, mut plain, mut taken) = (Side::new(0), Side::new(0), 0);
        let durable = self.stage.axes.durability == Durability::Durable;
        for round in 0..=settings().rounds {
            let mut random = Shuffle::new(round as u64);
            let mut place = || random.below(self.stage.axes.volume / SMALL) * SMALL;
            let data = [round as u8; SMALL as usize];
            let write = || Ok(self.stage.volume.write(place(), &data)?);
            let (interval, copies) = self.taking_copies(|| rush(write))?;
            let other = rush(|| {
                self.stage.origin.write(place(), &data)?;
                if durable { self.stage.origin.sync() } else { Ok(()) }
            })?;
            if round > 0 {
                taken += copies;
                ours.intervals.push(interval);
                plain.intervals.push(other);
            }
        }
        for side in [&mut ours, &mut plain] {
            side.count = side.latency().len() as usize / settings().rounds;
            side.rounds = side.intervals.iter().map(|interval| interval.lasted).collect();
        }
        Ok((Outcome::of_latencies(ours, plain, Histogram::max), taken as f64))
    }

    /// The same pace while copies are taken, and while none are, in turn.
    fn at_a_pace(&self, interval: Duration) -> Result<(Outcome, f64)> {
        let pace = Pace { interval, lasting: LASTING };
        let (mut busy, mut quiet, mut taken) = (Side::new(0), Side::new(0), 0);
        for round in 0..=settings().rounds {
            let mut random = Shuffle::new(round as u64);
            let data = [round as u8; SMALL as usize];
            let mut write = |_| {
                let place = random.below(self.stage.axes.volume / SMALL) * SMALL;
                Ok(self.stage.volume.write(place, &data)?)
            };
            let (side, copies) = self.taking_copies(|| pace.run(&mut write))?;
            self.stage.renew()?;
            let other = pace.run(&mut write)?;
            if round > 0 {
                taken += copies;
                busy.extend(side);
                quiet.extend(other);
            }
        }
        let mut outcome =
            Outcome::of_latencies(busy, quiet, |latencies| latencies.value_at_quantile(0.999));
        outcome.interval = Some(interval);
        Ok((outcome, taken as f64))
    }

    /// Does this while another thread takes copies, and deletes the oldest; returns how many it took.
    fn taking_copies<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, usize)> {
        let (volume, stop) = (&self.stage.volume, AtomicBool::new(false));
        self.stage.renew()?;
        thread::scope(|scope| {
            let taker = scope.spawn(|| -> Result<usize> {
                let (mut ids, mut taken) = (Vec::new(), 0);
                while !stop.load(Ordering::Relaxed) {
                    ids.push(volume.create_shadow_copy("")?.id);
                    taken += 1;
                    if ids.len() > KEEP {
                        volume.delete_shadow_copies(&[ids.remove(0)])?;
                    }
                    thread::sleep(EVERY);
                }
                Ok(taken)
            });
            let done = work();
            stop.store(true, Ordering::Relaxed);
            let taken = taker.join().map_err(|_| "the taker of copies panicked")??;
            Ok((done?, taken))
        })
    }
}

/// Writes as fast as it can.
fn rush(mut write: impl FnMut() -> Result<()>) -> Result<Interval> {
    let mut interval = Interval::begin();
    let begun = Instant::now();
    let mut last = begun;
    while last - begun < LASTING {
        write()?;
        let now = Instant::now();
        note(&mut interval.latencies, now - last);
        last = now;
    }
    Ok(interval.end())
}
