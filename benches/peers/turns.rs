//! All sides in turn, for as long as there is time.

use core::cell::RefCell;
use core::ops::Range;
use core::time::Duration;

use hdrhistogram::Histogram;
use shadowvol_benches::{Axes, Contest, Result, Side, Way, settings};
use shadowvol_host::Caching;

use crate::disk::{Disk, Kind, Requests};

/// How long a round of all four may take.
const LIMIT: Duration = Duration::from_secs(3);
/// Past the page cache, each request waits for the disk.
const DIRECT_REQUESTS: usize = 2048;
/// Of many snapshots, for there are many rows of them.
const STACK_REQUESTS: usize = 8192;

/// Ours, the peer's, a plain file, and the peer's way to a disk without snapshots.
pub(crate) type Four<T> = [T; 4];

/// All of them in turn, with so many requests at most; `prepare` goes before each round.
///
/// The first round ends when the time is up, and the others have no more requests than that.
pub(crate) fn contest(
    disks: &Four<RefCell<Box<dyn Disk>>>,
    (kind, axes, most): (Kind, Axes, usize),
    mut prepare: impl FnMut() -> Result<()>,
) -> Result<Four<Side>> {
    let all = offsets(axes, most);
    let mut turns = Turn::of_all(disks, Requests::of(kind, axes, &all));
    let count = Contest::warm_up(most, Some(LIMIT), &mut prepare, &mut ways(&mut turns))?;
    let offsets = offsets(axes, count);
    let mut turns = Turn::of_all(disks, Requests::of(kind, axes, &offsets));
    rounds().warm(count, prepare, ways(&mut turns))
}

/// All of them in turn, in one round.
pub(crate) fn once(
    disks: &Four<RefCell<Box<dyn Disk>>>,
    requests: Requests<'_>,
) -> Result<Four<Side>> {
    let mut turns = Turn::of_all(disks, requests);
    Contest { rounds: 1 }.warm(requests.offsets.len(), || Ok(()), ways(&mut turns))
}

/// Peers take long; three rounds will do.
pub(crate) fn rounds() -> Contest {
    Contest { rounds: settings().rounds.min(3) }
}

/// Requests of a round, if there is time: one for each place, or few where only few are wanted.
pub(crate) fn most(axes: Axes) -> usize {
    axes.offsets().len().min(few(axes).unwrap_or(usize::MAX))
}

fn few(axes: Axes) -> Option<usize> {
    let direct = (axes.caching == Caching::Direct).then_some(DIRECT_REQUESTS);
    direct.or_else(|| axes.copies.map(|_| STACK_REQUESTS))
}

/// Where so many requests go. If there should be one for each place, there is in the part of the disk
/// that they take: who copies more than what is overwritten copies it for as many requests as ever.
pub(crate) fn offsets(axes: Axes, count: usize) -> Vec<u64> {
    let mut offsets = axes.offsets();
    if few(axes).is_none() {
        let volume = axes.volume / offsets.len() as u64 * count as u64;
        return Axes { volume, ..axes }.offsets();
    }
    offsets.truncate(count);
    offsets
}

/// The part of the requests whose turn it is.
struct Turn<'a> {
    disk: &'a RefCell<Box<dyn Disk>>,
    requests: Requests<'a>,
}

impl<'a> Turn<'a> {
    fn of_all(disks: &'a Four<RefCell<Box<dyn Disk>>>, requests: Requests<'a>) -> Four<Self> {
        disks.each_ref().map(|disk| Self { disk, requests })
    }
}

impl Way for Turn<'_> {
    fn time(&mut self, items: Range<usize>, latencies: &mut Histogram<u64>) -> Result<Duration> {
        let requests = Requests { offsets: &self.requests.offsets[items], ..self.requests };
        self.disk.borrow_mut().run(requests, latencies)
    }
}

fn ways<'a>(turns: &'a mut Four<Turn<'_>>) -> Four<&'a mut dyn Way> {
    turns.each_mut().map(|turn| turn as &mut dyn Way)
}
