//! Writing: the first overwrite of a chunk against the floor, and rewriting against plain `pwrite`.

use shadowvol::ChunkSize;
use shadowvol_benches::{Outcome, Pattern, Result, Row, Stage, Table, places};
use shadowvol_host::Durability::{Coherent, Durable};

const SIZE: u64 = 256 << 20;
const FIRST: [(Pattern, u64); 6] = [
    (Pattern::Sparse, 4 << 10),
    (Pattern::Random, 4 << 10),
    (Pattern::Sequential, 4 << 10),
    (Pattern::Random, 64 << 10),
    (Pattern::Sequential, 64 << 10),
    (Pattern::Sequential, 1 << 20),
];
const AGAIN: [(Pattern, u64); 2] = [(Pattern::Random, 4 << 10), (Pattern::Sequential, 64 << 10)];

fn main() -> Result<()> {
    let mut table = Table::new("write");
    for place in places() {
        let folder = tempfile::tempdir_in(&place.path)?;
        let stage = Stage::new(folder.path(), SIZE, Coherent, ChunkSize::default())?;
        let mut push =
            |what: &str, (pattern, length): (Pattern, u64), base, goal, outcome: Outcome| {
                let what = format!("{what}, {} {} KiB", pattern.name(), length >> 10);
                table.push(Row { what, place: place.name, base, goal: Some(goal), outcome });
            };
        for work in FIRST {
            let outcome = stage.first_overwrite(work.0, work.1)?;
            push("first overwrite, coherent", work, "floor", 0.7, outcome);
        }
        let work = (Pattern::Random, 4 << 10);
        let outcome = stage.growing_overwrite(work.0, work.1)?;
        push("first overwrite, growing", work, "floor", 0.7, outcome);
        for work in AGAIN {
            push("rewrite, coherent", work, "pwrite", 0.9, stage.rewrite(work.0, work.1)?);
        }
        // An image has one holder at a time.
        drop(stage);
        let stage = Stage::new(folder.path(), SIZE, Durable, ChunkSize::default())?;
        let outcome = stage.first_overwrite(work.0, work.1)?;
        push("first overwrite, durable", work, "floor + sync", 0.5, outcome);
    }
    table.save()?;
    Ok(())
}
