//! Writing: the first overwrite of a chunk against the floor, and rewriting against plain `pwrite`.

use shadowvol_benches::Pattern::{Random, Sequential, Sparse};
use shadowvol_benches::{Axes, Pattern, Result, Stage, Table, Versus, places, settings};
use shadowvol_host::Durability::Durable;

const REQUESTS: [(Pattern, u64); 6] = [
    (Sparse, 4 << 10),
    (Random, 4 << 10),
    (Sequential, 4 << 10),
    (Random, 64 << 10),
    (Sequential, 64 << 10),
    (Sequential, 1 << 20),
];
/// What the long form has as well.
const MORE: [(Pattern, u64); 4] =
    [(Random, 512), (Random, 16 << 10), (Random, 256 << 10), (Random, 1 << 20)];

fn main() -> Result<()> {
    let mut table = Table::new("write")?;
    let more = if settings().long { &MORE[..] } else { &[] };
    let requests = || REQUESTS.iter().chain(more).copied();
    for place in places() {
        let folder = place.folder()?;
        let usual = Axes { place: place.name, ..Axes::default() };
        let floor = Versus::base("floor");

        for (pattern, size) in requests() {
            let stage = Stage::new(folder.path(), usual)?;
            let axes = usual.work("first overwrite").requests(pattern, size);
            table.push(axes, floor.goal(0.85), &stage.first_overwrite(axes)?)?;
        }
        // The page cache has our diff area in small pieces then, and the floor's in large ones.
        let axes = usual.work("first overwrite").state("after small requests");
        let axes = axes.requests(Sequential, 1 << 20);
        let stage = Stage::new(folder.path(), usual)?;
        stage.fill_area()?;
        stage.renew()?;
        stage.overwrite(usual.requests(Random, 4 << 10))?;
        table.push(axes, Versus::base("floor in large pieces"), &stage.first_overwrite(axes)?)?;
        drop(stage);
        let stage = Stage::new(folder.path(), usual)?;
        let axes = usual.work("growing overwrite").requests(Random, 4 << 10);
        table.push(axes, floor, &stage.growing_overwrite(axes)?)?;
        for (pattern, size) in requests() {
            let axes = usual.work("rewrite").requests(pattern, size);
            table.push(axes, Versus::base("pwrite").goal(0.95), &stage.rewrite(axes)?)?;
        }

        // An image has one holder at a time.
        drop(stage);
        let durable = Axes { durability: Durable, ..usual };
        let stage = Stage::new(folder.path(), durable)?;
        for (pattern, size) in [(Random, 4 << 10), (Sequential, 64 << 10)] {
            let axes = durable.work("first overwrite").requests(pattern, size);
            let base = Versus::base("floor + sync").goal(0.5);
            table.push(axes, base, &stage.first_overwrite(axes)?)?;
        }
    }
    Ok(())
}
