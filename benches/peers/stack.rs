//! What it costs to take snapshots, and to have many of them.

use core::cell::RefCell;
use core::time::Duration;
use std::time::Instant;

use shadowvol_benches::Pattern::{Random, Sparse};
use shadowvol_benches::{Axes, Outcome, Result, Shuffle, Side, Versus, histogram, settings};

use crate::disk::{Kind, Requests};
use crate::peer::Age;
use crate::suite::{BATCH, SMALL, SNAPSHOTS, Suite, random};
use crate::turns::{once, rounds};

/// So many are there when something is measured; the last one in the long form only.
const COPIES: [usize; 4] = [1, 10, 100, 1_000];
/// First overwrites of a round: each round has a part of the disk of its own.
const PART: usize = 768;
/// Writes between two of many snapshots.
const BETWEEN: usize = 8;

impl Suite<'_> {
    /// Taking a snapshot.
    pub(crate) fn snapshots(&mut self) -> Result<()> {
        self.renew()?;
        self.create(self.axes.work("snapshot"), &mut Shuffle::new(3), (SNAPSHOTS, BATCH))
    }

    /// Taking another snapshot, reading the oldest one and writing, where there are so many.
    pub(crate) fn stacks(&mut self) -> Result<()> {
        let shown = if settings().long { COPIES.len() } else { COPIES.len() - 1 };
        COPIES[..shown].iter().try_for_each(|copies| {
            let done = self.stack(*copies);
            done.map_err(|error| format!("with {copies} snapshots: {error}").into())
        })
    }

    fn stack(&mut self, copies: usize) -> Result<()> {
        let axes = Axes { copies: Some(copies), ..self.axes };
        let small = axes.requests(Random, SMALL);
        let places = &mut Shuffle::new(11);
        self.renew()?;
        (0..copies).try_for_each(|_| self.another(places, BETWEEN).map(drop))?;
        if self.peer.frozen(Age::Oldest)?.is_some() {
            self.read(small.work("passive read").state("oldest"), Age::Oldest)?;
        }
        self.create(axes.work("create"), places, (rounds().rounds, BETWEEN))?;
        self.overwrites(axes.requests(Sparse, SMALL).work("first overwrite"))
    }

    /// First overwrites, each time after one more snapshot, and where no round has written before: what
    /// one has written lies near at hand.
    fn overwrites(&mut self, axes: Axes) -> Result<()> {
        let offsets = axes.offsets();
        let mut parts = offsets.chunks(PART).map(|part| Requests::of(Kind::Write, axes, part));
        let mut sides = [(); 4].map(|()| Side::new(PART));
        for (round, requests) in parts.by_ref().take(rounds().rounds + 1).enumerate() {
            self.snapshot()?;
            let times = once(&self.live()?.map(RefCell::new), requests)?;
            if round > 0 {
                sides.iter_mut().zip(times).for_each(|(side, time)| side.extend(time));
            }
        }
        self.snapshot()?;
        let written = self.amplification(parts.next().ok_or("the disk is too small")?)?;
        self.push(axes, sides, written)
    }

    /// So many more snapshots, with so many writes behind each; the first one does not count.
    fn create(
        &mut self,
        axes: Axes,
        places: &mut Shuffle,
        (snapshots, writes): (usize, usize),
    ) -> Result<()> {
        let mut sides = [Side::new(1), Side::new(1)];
        self.another(places, writes)?;
        for _ in 0..snapshots {
            let times = self.another(places, writes)?;
            for (side, time) in sides.iter_mut().zip(times) {
                side.rounds.push(time);
            }
        }
        let [ours, theirs] = sides;
        let extra = [("ours_us", ours.seconds() * 1e6), ("peer_us", theirs.seconds() * 1e6)];
        let outcome = Outcome::of(ours, theirs);
        let outcome = extra.into_iter().fold(outcome, |outcome, (name, it)| outcome.with(name, it));
        self.table.push(axes, Versus::base(self.names.name), &outcome)
    }

    /// A snapshot of each and some writes behind it; what the snapshots have taken.
    fn another(&mut self, places: &mut Shuffle, writes: usize) -> Result<[Duration; 2]> {
        let offsets = random(places, self.axes.volume, writes);
        let mut times = [Duration::ZERO; 2];
        for (time, peer) in times.iter_mut().zip([&mut *self.ours, &mut *self.peer]) {
            let begun = Instant::now();
            peer.snapshot()?;
            *time = begun.elapsed();
            let writes = Requests::writes(&offsets, SMALL);
            peer.live()?.run(writes, &mut histogram())?;
        }
        Ok(times)
    }
}
