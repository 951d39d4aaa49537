//! What is measured of a peer, and of us beside it.

use core::cell::RefCell;

use shadowvol_benches::Pattern::{Random, Sequential, Sparse};
use shadowvol_benches::{Axes, Outcome, Pattern, Result, Shuffle, Side, Table, Versus, histogram};
use shadowvol_host::Caching;

use crate::disk::{Disk, Kind, Requests};
use crate::peer::{Age, Peer};
use crate::turns::{Four, contest, most, offsets};

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
/// Writes that a writer beside something else makes before it looks whether to stop.
pub(crate) const BATCH: usize = 64;
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

impl Suite<'_> {
    pub(crate) fn run(&mut self) -> Result<()> {
        self.snapshots()?;
        let direct = self.axes.caching == Caching::Direct;
        let writes = if direct { &DIRECT_WRITES[..] } else { &WRITES[..] };
        for (pattern, size) in writes {
            self.writes(self.axes.requests(*pattern, *size))?;
        }
        self.fresh()?;
        if self.peer.frozen(Age::Newest)?.is_none() {
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
        if !self.peer.has_many() {
            println!("{}: it has one snapshot at a time", self.names.name);
            return Ok(());
        }
        self.stacks()
    }

    /// The first overwrite where there is a flush now and then.
    pub(crate) fn flushed(&mut self) -> Result<()> {
        DIRECT_WRITES.into_iter().try_for_each(|(pattern, size)| {
            self.first_overwrite(self.axes.requests(pattern, size)).map(drop)
        })
    }

    fn writes(&mut self, axes: Axes) -> Result<()> {
        let count = self.first_overwrite(axes)?;
        // What was written last is preserved.
        let disks = self.live()?.map(RefCell::new);
        let again = contest(&disks, (Kind::Write, axes, count), || Ok(()))?;
        self.push(axes.work("rewrite"), again, [None; 2])
    }

    /// The first overwrite after a snapshot; returns the number of requests.
    fn first_overwrite(&mut self, axes: Axes) -> Result<usize> {
        let disks = self.live()?.map(RefCell::new);
        let sides = contest(&disks, (Kind::Write, axes, most(axes)), || {
            self.fresh()?;
            for (disk, anew) in disks.iter().zip(self.live()?) {
                disk.replace(anew);
            }
            Ok(())
        })?;
        self.fresh()?;
        let count = sides[0].count;
        let offsets = offsets(axes, count);
        let requests = Requests::of(Kind::Write, axes, &offsets);
        let written = self.amplification(requests)?;
        self.push(axes.work("first overwrite"), sides, written)?;
        Ok(count)
    }

    /// Bytes written to media for each byte of the user, by us and by the peer.
    pub(crate) fn amplification(&mut self, requests: Requests<'_>) -> Result<[Option<f64>; 2]> {
        let user = (requests.offsets.len() * requests.length) as f64;
        let mut written = [None; 2];
        for (written, peer) in written.iter_mut().zip([&mut *self.ours, &mut *self.peer]) {
            let before = peer.written()?;
            peer.live()?.run(requests, &mut histogram())?;
            let after = peer.written()?;
            *written = before.zip(after).map(|(before, after)| (after - before) as f64 / user);
        }
        Ok(written)
    }

    fn reads(&mut self) -> Result<()> {
        let whole = self.axes.requests(Sequential, PIECE).work("copy-out");
        let small = self.axes.requests(Random, SMALL).work("passive read");
        self.read(whole.state("nothing overwritten"), Age::Newest)?;
        self.read(small.state("nothing overwritten"), Age::Newest)?;
        let offsets = Sequential.offsets(self.axes.volume, PIECE);
        let writes = Requests::writes(&offsets, PIECE);
        for peer in [&mut *self.ours, &mut *self.peer] {
            peer.live()?.run(writes, &mut histogram())?;
        }
        self.read(whole.state("all overwritten"), Age::Newest)?;
        self.read(small.state("all overwritten"), Age::Newest)
    }

    pub(crate) fn read(&mut self, axes: Axes, age: Age) -> Result<()> {
        let disks = self.frozen(age)?.map(RefCell::new);
        let sides = contest(&disks, (Kind::Read, axes, most(axes)), || Ok(()))?;
        self.push(axes, sides, [None; 2])
    }

    /// To be written.
    pub(crate) fn live(&self) -> Result<Four<Box<dyn Disk>>> {
        Ok([self.ours.live()?, self.peer.live()?, self.ours.plain()?, self.peer.plain()?])
    }

    /// A snapshot of each, to be read.
    pub(crate) fn frozen(&self, age: Age) -> Result<Four<Box<dyn Disk>>> {
        let open =
            |peer: &dyn Peer| -> Result<_> { Ok(peer.frozen(age)?.ok_or("it cannot be read")?) };
        Ok([open(self.ours)?, open(self.peer)?, self.ours.plain()?, self.peer.plain()?])
    }

    pub(crate) fn renew(&mut self) -> Result<()> {
        self.ours.renew()?;
        self.peer.renew()
    }

    pub(crate) fn snapshot(&mut self) -> Result<()> {
        self.ours.snapshot()?;
        self.peer.snapshot()
    }

    pub(crate) fn fresh(&mut self) -> Result<()> {
        self.renew()?;
        self.snapshot()
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

/// So many writes, wherever.
pub(crate) fn random(places: &mut Shuffle, volume: u64, writes: usize) -> Vec<u64> {
    (0..writes).map(|_| places.below(volume / SMALL) * SMALL).collect()
}
