//! What is measured while a writer runs at full speed.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use shadowvol_benches::Pattern::{Random, Sequential};
use shadowvol_benches::{Interval, Outcome, Result, Shuffle, Side, Versus, beside, histogram};

use crate::disk::Requests;
use crate::peer::{Age, Peer};
use crate::suite::{BATCH, PIECE, SMALL, SNAPSHOTS, Suite, random};
use crate::turns::rounds;

/// From one snapshot to the next.
const EVERY: Duration = Duration::from_millis(100);
/// How long snapshots are taken: no more of them than each side can take in this time.
const TAKING: Duration = Duration::from_secs(3);

impl Suite<'_> {
    /// A reader of everything, and a writer at random.
    pub(crate) fn reads_beside_a_writer(&mut self) -> Result<()> {
        let pieces = Sequential.offsets(self.axes.volume, PIECE);
        let all = Requests::reads(&pieces, PIECE);
        let volume = self.axes.volume;
        let mut sides = [(); 4].map(|()| [Side::new(1), Side::new(1)]);
        for round in 0..=rounds().rounds {
            self.fresh()?;
            let (readers, writers) = (self.frozen(Age::Newest)?, self.live()?);
            for ((mut reader, mut writer), sides) in
                readers.into_iter().zip(writers).zip(&mut sides)
            {
                let mut places = Shuffle::new(7);
                let write = || {
                    let offsets = random(&mut places, volume, BATCH);
                    let batch = Requests::writes(&offsets, SMALL);
                    writer.run(batch, &mut histogram()).map(drop)
                };
                let times = beside(write, || reader.run(all, &mut histogram()))?;
                if round > 0 {
                    sides[0].rounds.push(times.0);
                    sides[1].rounds.push(times.1);
                }
            }
        }
        let reads = self.axes.work("copy-out").state("beside a writer").requests(Sequential, PIECE);
        let writes = self.axes.work("writer").state("beside a copy-out").requests(Random, SMALL);
        self.push(reads, sides.each_ref().map(|[read, _]| read.clone()), [None; 2])?;
        self.push(writes, sides.map(|[_, write]| write), [None; 2])
    }

    /// The worst that a writer at full speed sees while snapshots are taken.
    pub(crate) fn stalls(&mut self) -> Result<()> {
        let (volume, mut snapshots) = (self.axes.volume, SNAPSHOTS);
        for peer in [&mut *self.ours, &mut *self.peer] {
            snapshots = stall(peer, volume, snapshots, Some(TAKING))?.0;
        }
        let mut sides = [Side::new(snapshots), Side::new(snapshots)];
        for _ in 0..rounds().rounds {
            for (side, peer) in sides.iter_mut().zip([&mut *self.ours, &mut *self.peer]) {
                let (_, interval) = stall(peer, volume, snapshots, None)?;
                side.rounds.push(interval.lasted);
                side.intervals.push(interval);
            }
        }
        let worst = sides.each_ref().map(|side| side.latency().max() as f64 / 1000.0);
        let [ours, theirs] = sides;
        let outcome = Outcome::of_latencies(ours, theirs, Histogram::max)
            .with("worst_stall_us", worst[0])
            .with("peer_worst_stall_us", worst[1]);
        let axes = self.axes.work("worst of full-speed writes").state("snapshots taken");
        self.table.push(axes.requests(Random, SMALL), Versus::base(self.names.name), &outcome)
    }
}

/// The number of snapshots that were taken, for no longer than the limit, and the latencies of a writer
/// at full speed meanwhile.
fn stall(
    peer: &mut dyn Peer,
    volume: u64,
    snapshots: usize,
    limit: Option<Duration>,
) -> Result<(usize, Interval)> {
    peer.renew()?;
    let (mut disk, stop) = (peer.live()?, AtomicBool::new(false));
    thread::scope(|scope| {
        let writer = scope.spawn(|| -> Result<Interval> {
            let (mut interval, mut places) = (Interval::begin(), Shuffle::new(9));
            while !stop.load(Ordering::Relaxed) {
                let offsets = random(&mut places, volume, BATCH);
                let batch = Requests::writes(&offsets, SMALL);
                disk.run(batch, &mut interval.latencies)?;
            }
            Ok(interval.end())
        });
        let (begun, mut taken) = (Instant::now(), 0);
        let mut all = Ok(());
        while all.is_ok() && taken < snapshots && limit.is_none_or(|it| begun.elapsed() < it) {
            thread::sleep(EVERY);
            all = peer.snapshot();
            taken += 1;
        }
        thread::sleep(EVERY);
        stop.store(true, Ordering::Relaxed);
        let interval = writer.join().map_err(|_| "the writer panicked")?;
        all.and(interval).map(|interval| (taken, interval))
    })
}
