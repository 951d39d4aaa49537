//! What is measured of a peer, and of us beside it.

use core::cell::RefCell;
use core::ops::Range;
use core::time::Duration;
use std::time::Instant;

use hdrhistogram::Histogram;
use shadowvol_benches::Pattern::{Random, Sequential, Sparse};
use shadowvol_benches::{
    Axes, Contest, Outcome, Pattern, Result, Shuffle, Side, Table, Versus, Way, histogram, settings,
};
use shadowvol_host::Caching;

use crate::disk::{Disk, Kind, Requests};
use crate::peer::Peer;

pub(crate) const SMALL: u64 = 4 << 10;
pub(crate) const PIECE: u64 = 1 << 20;
const WRITES: [(Pattern, u64); 5] = [
    (Sparse, SMALL),
    (Random, SMALL),
    (Sequential, SMALL),
    (Random, 64 << 10),
    (Sequential, 64 << 10),
];
/// Past the page cache, each request waits for the disk.
const DIRECT_WRITES: [(Pattern, u64); 2] = [(Sparse, SMALL), (Sparse, 64 << 10)];
const DIRECT_REQUESTS: usize = 2048;
/// Writes that a writer beside something else makes before it looks whether to stop.
const BATCH: usize = 64;
/// That are taken one after the other.
pub(crate) const SNAPSHOTS: usize = 10;

/// A peer, and us.
pub(crate) struct Suite<'a> {
    pub(crate) table: &'a mut Table,
    pub(crate) names: Names,
    pub(crate) axes: Axes,
    pub(crate) ours: &'a mut dyn Peer,
    pub(crate) peer: &'a mut dyn Peer,
}

/// What the peer is called in the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names {
    pub(crate) name: &'static str,
    /// With the cost of the way to it taken out.
    pub(crate) net: &'static str,
    /// Whether the plain file has rows of its own beside this peer.
    pub(crate) with_plain: bool,
}

/// Ours, the peer's, a plain file, and the peer's way to a disk without snapshots.
pub(crate) type Four<T> = [T; 4];

impl Suite<'_> {
    pub(crate) fn run(&mut self) -> Result<()> {
        self.snapshots()?;
        let direct = self.axes.caching == Caching::Direct;
        let writes = if direct { &DIRECT_WRITES[..] } else { &WRITES[..] };
        for (pattern, size) in writes {
            self.writes(self.axes.requests(*pattern, *size))?;
        }
        self.fresh()?;
        if self.peer.frozen()?.is_none() {
            println!("{}: its snapshots cannot be read while it is written to", self.names.name);
        } else {
            self.reads()?;
            if !direct {
                self.reads_beside_a_writer()?;
            }
        }
        if !self.peer.takes_while_written() {
            println!("{}: it takes no snapshot while it is written to", self.names.name);
        } else if !direct {
            self.stalls()?;
        }
        Ok(())
    }

    /// The time to take a snapshot, with some writes between two.
    fn snapshots(&mut self) -> Result<()> {
        let mut sides = [Side::new(1), Side::new(1)];
        let mut random = Shuffle::new(3);
        self.ours.renew()?;
        self.peer.renew()?;
        for nth in 0..=SNAPSHOTS {
            for (side, peer) in sides.iter_mut().zip([&mut *self.ours, &mut *self.peer]) {
                let begun = Instant::now();
                peer.snapshot()?;
                // The first one is the warm-up.
                if nth > 0 {
                    side.rounds.push(begun.elapsed());
                }
                let offsets = self::random(&mut random, self.axes.volume);
                let writes =
                    Requests { kind: Kind::Write, offsets: &offsets, length: SMALL as usize };
                peer.live()?.run(writes, &mut histogram())?;
            }
        }
        let [ours, theirs] = sides;
        let extra = [("ours_us", ours.seconds() * 1e6), ("peer_us", theirs.seconds() * 1e6)];
        let outcome = Outcome::of(ours, theirs);
        let outcome = extra.into_iter().fold(outcome, |outcome, (name, it)| outcome.with(name, it));
        self.table.push(self.axes.work("snapshot"), Versus::base(self.names.name), &outcome)
    }

    fn writes(&mut self, axes: Axes) -> Result<()> {
        let mut offsets = axes.offsets();
        if axes.caching == Caching::Direct {
            offsets.truncate(DIRECT_REQUESTS);
        }
        let requests = Requests { kind: Kind::Write, offsets: &offsets, length: axes.length() };
        let first = self.contest(requests, true)?;
        let written = [self.amplification(requests, true)?, self.amplification(requests, false)?];
        self.push(axes.work("first overwrite"), first, written)?;
        // What was written last is preserved now.
        let again = self.contest(requests, false)?;
        self.push(axes.work("rewrite"), again, [None; 2])
    }

    /// Bytes written to media for each byte of the user at the first overwrite.
    fn amplification(&mut self, requests: Requests<'_>, ours: bool) -> Result<Option<f64>> {
        let peer: &mut dyn Peer = if ours { self.ours } else { self.peer };
        peer.renew()?;
        peer.snapshot()?;
        let before = peer.written()?;
        peer.live()?.run(requests, &mut histogram())?;
        let after = peer.written()?;
        let user = (requests.offsets.len() * requests.length) as f64;
        Ok(before.zip(after).map(|(before, after)| (after - before) as f64 / user))
    }

    fn reads(&mut self) -> Result<()> {
        let whole = self.axes.requests(Sequential, PIECE).work("copy-out");
        let small = self.axes.requests(Random, SMALL).work("passive read");
        self.read(whole.state("nothing overwritten"))?;
        self.read(small.state("nothing overwritten"))?;
        let offsets = Sequential.offsets(self.axes.volume, PIECE);
        let writes = Requests { kind: Kind::Write, offsets: &offsets, length: PIECE as usize };
        for peer in [&mut *self.ours, &mut *self.peer] {
            peer.live()?.run(writes, &mut histogram())?;
        }
        self.read(whole.state("all overwritten"))?;
        self.read(small.state("all overwritten"))
    }

    fn read(&mut self, axes: Axes) -> Result<()> {
        let mut offsets = axes.offsets();
        if axes.caching == Caching::Direct {
            offsets.truncate(DIRECT_REQUESTS);
        }
        let requests = Requests { kind: Kind::Read, offsets: &offsets, length: axes.length() };
        let sides = self.contest(requests, false)?;
        self.push(axes, sides, [None; 2])
    }

    /// All four in turn; each round after a snapshot of its own if it shall be `fresh`.
    fn contest(&mut self, requests: Requests<'_>, fresh: bool) -> Result<Four<Side>> {
        let disks = self.connect(requests.kind)?.map(RefCell::new);
        let prepare = || {
            if fresh {
                self.fresh()?;
                for (disk, anew) in disks.iter().zip(self.connect(requests.kind)?) {
                    disk.replace(anew);
                }
            }
            Ok(())
        };
        let [mut ours, mut theirs, mut plain, mut own] =
            [0, 1, 2, 3].map(|nth| Turn { disk: &disks[nth], requests });
        let ways: Four<&mut dyn Way> = [&mut ours, &mut theirs, &mut plain, &mut own];
        rounds().sides(requests.offsets.len(), prepare, ways)
    }

    /// To read snapshots, or to write.
    pub(crate) fn connect(&self, kind: Kind) -> Result<Four<Box<dyn Disk>>> {
        let connect = |peer: &dyn Peer| match kind {
            Kind::Write => peer.live(),
            Kind::Read => peer.frozen()?.ok_or_else(|| "it cannot be read".into()),
        };
        let (ours, peer) = (connect(self.ours)?, connect(self.peer)?);
        Ok([ours, peer, self.ours.plain()?, self.peer.plain()?])
    }

    pub(crate) fn fresh(&mut self) -> Result<()> {
        for peer in [&mut *self.ours, &mut *self.peer] {
            peer.renew()?;
            peer.snapshot()?;
        }
        Ok(())
    }

    /// A row as it is, and one with the cost of the way to the peer taken out.
    pub(crate) fn push(
        &mut self,
        axes: Axes,
        sides: Four<Side>,
        written: [Option<f64>; 2],
    ) -> Result<()> {
        let [ours, theirs, plain, own] = sides;
        let to_plain = Outcome::of(ours.clone(), plain);
        let to_own = Outcome::of(theirs.clone(), own);
        let peer_to_plain = Outcome::of(theirs.clone(), to_plain.base.clone());
        let names = ["written_per_byte", "peer_written_per_byte"];
        let outcome = names.into_iter().zip(written).fold(
            Outcome::of(ours.clone(), theirs.clone())
                .with("to_plain", to_plain.ratio)
                .with("peer_to_plain", peer_to_plain.ratio)
                .with("peer_to_own", to_own.ratio),
            |outcome, (name, it)| {
                it.into_iter().fold(outcome, |outcome, it| outcome.with(name, it))
            },
        );
        self.table.push(axes, Versus::base(self.names.name), &outcome)?;
        let outcome = Outcome::of_ratios(ours, theirs, net(&to_plain, &to_own));
        self.table.push(axes, Versus::base(self.names.net), &outcome)?;
        if self.names.with_plain {
            self.table.push(axes, Versus::base("plain file"), &to_plain)?;
        }
        Ok(())
    }
}

/// Ours to the peer's as if the way to it cost no more than a plain file does: its time, less that of
/// its own disk without snapshots, and that of the plain file instead; no less than that.
fn net(to_plain: &Outcome, to_own: &Outcome) -> Vec<f64> {
    let seconds = |side: &Side| side.rounds.clone().into_iter().map(|round| round.as_secs_f64());
    let ours = seconds(&to_plain.ours).zip(seconds(&to_plain.base));
    let theirs = seconds(&to_own.ours).zip(seconds(&to_own.base));
    ours.zip(theirs)
        .map(|((ours, plain), (theirs, own))| ((theirs - own).max(0.0) + plain) / ours)
        .collect()
}

/// Peers take long; three rounds will do.
pub(crate) fn rounds() -> Contest {
    Contest { rounds: settings().rounds.min(3) }
}

/// Some writes, wherever.
pub(crate) fn random(places: &mut Shuffle, volume: u64) -> Vec<u64> {
    (0..BATCH).map(|_| places.below(volume / SMALL) * SMALL).collect()
}

/// The part of the requests whose turn it is.
struct Turn<'a> {
    disk: &'a RefCell<Box<dyn Disk>>,
    requests: Requests<'a>,
}

impl Way for Turn<'_> {
    fn time(&mut self, items: Range<usize>, latencies: &mut Histogram<u64>) -> Result<Duration> {
        let requests = Requests { offsets: &self.requests.offsets[items], ..self.requests };
        self.disk.borrow_mut().run(requests, latencies)
    }
}
