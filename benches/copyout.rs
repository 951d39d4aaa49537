//! A whole shadow copy read by a passive node, alone and while a writer runs at full speed; and how
//! fast the writer is meanwhile.

use core::time::Duration;
use std::time::Instant;

use shadowvol_benches::Pattern::{Random, Sequential};
use shadowvol_benches::{
    Axes, Outcome, Result, STATES, Shuffle, Side, Stage, Table, Versus, beside, places, settings,
};

const PIECE: u64 = 1 << 20;
const SMALL: u64 = 4 << 10;

fn main() -> Result<()> {
    let mut table = Table::new("copyout")?;
    for place in places() {
        let usual = Axes { place: place.name, ..Axes::default() };
        for (state, overwritten) in STATES {
            let folder = place.folder()?;
            let (stage, copy) = Stage::frozen(folder.path(), usual, overwritten)?;
            let axes = usual.work("copy-out").state(state).requests(Sequential, PIECE);
            let base = Versus::base("pread").goal(0.95);
            table.push(axes, base, &stage.passive_read(axes, &copy)?)?;
        }
        let folder = place.folder()?;
        under_write(&mut table, &Stage::new(folder.path(), usual)?)?;
    }
    Ok(())
}

/// Ours and the plain way, each with a reader of everything and a writer at random, and each of the
/// plain ones alone. Our writer alone, too: nearly all that it writes are first overwrites, which cost
/// it more than the reader does.
fn under_write(table: &mut Table, stage: &Stage) -> Result<()> {
    let usual = stage.axes;
    let (mut ours, mut plain) = (Pair::new(), Pair::new());
    let (mut reader, mut writer, mut ours_alone) = (Side::new(1), Side::new(1), Side::new(1));
    for round in 0..=settings().rounds {
        // The warm-up counts for none of them.
        if round == 1 {
            (ours, plain) = (Pair::new(), Pair::new());
            (reader, writer, ours_alone) = (Side::new(1), Side::new(1), Side::new(1));
        }
        stage.renew()?;
        let (copy, mut random) = (stage.newest()?, Shuffle::new(7));
        let data = [0xa5; SMALL as usize];
        ours.push(beside(
            || Ok(stage.volume.write(random.below(usual.volume / SMALL) * SMALL, &data)?),
            || all(usual.volume, |at, buffer| Ok(copy.read(at, buffer)?)),
        )?);
        let mut write = || stage.origin.write(random.below(usual.volume / SMALL) * SMALL, &data);
        let read = || all(usual.volume, |at, buffer| stage.origin.read(at, buffer));
        plain.push(beside(&mut write, read)?);
        let took = read()?;
        reader.rounds.push(took);
        writer.rounds.push(time(took, write)?);
        stage.renew()?;
        let write = || Ok(stage.volume.write(random.below(usual.volume / SMALL) * SMALL, &data)?);
        ours_alone.rounds.push(time(took, write)?);
    }
    let read = usual.work("copy-out").state("beside a writer").requests(Sequential, PIECE);
    let write = usual.work("writer").state("beside a copy-out").requests(Random, SMALL);
    let beside = ours.writes.clone();
    for (axes, ours, plain, alone, bases, goal) in [
        (read, ours.reads, plain.reads, reader, ["pread", "pread + pwrite"], 0.8),
        (write, ours.writes, plain.writes, writer, ["pwrite", "pwrite + pread"], 0.7),
    ] {
        let [base, busy] = bases;
        table.push(axes, Versus::base(base).goal(goal), &Outcome::of(ours.clone(), alone))?;
        table.push(axes, Versus::base(busy), &Outcome::of(ours, plain))?;
    }
    table.push(write, Versus::base("ours alone").goal(0.7), &Outcome::of(beside, ours_alone))
}

/// A reader, and a writer beside it.
struct Pair {
    reads: Side,
    writes: Side,
}

impl Pair {
    const fn new() -> Self {
        Self { reads: Side::new(1), writes: Side::new(1) }
    }

    fn push(&mut self, (read, write): (Duration, Duration)) {
        self.reads.rounds.push(read);
        self.writes.rounds.push(write);
    }
}

/// The time to read everything.
fn all(size: u64, mut read: impl FnMut(u64, &mut [u8]) -> Result<()>) -> Result<Duration> {
    let mut buffer = vec![0; PIECE as usize];
    let begun = Instant::now();
    for at in (0..size).step_by(PIECE as usize) {
        read(at, &mut buffer)?;
    }
    Ok(begun.elapsed())
}

/// The time from one to the next, over as long as this.
fn time(lasting: Duration, mut work: impl FnMut() -> Result<()>) -> Result<Duration> {
    let (begun, mut done) = (Instant::now(), 0);
    while begun.elapsed() < lasting {
        work()?;
        done += 1;
    }
    Ok(begun.elapsed() / done)
}
