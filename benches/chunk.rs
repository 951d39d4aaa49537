//! The chunk size: the first overwrite by size of request, against the same floor, which copies no
//! more than the request. The default is the size that is never far behind the best.

use shadowvol::ChunkSize;
use shadowvol_benches::{Pattern, Result, Row, Stage, Table, places};
use shadowvol_host::Durability::Coherent;

const SIZE: u64 = 256 << 20;
const REQUESTS: [(Pattern, u64); 4] = [
    (Pattern::Sparse, 4 << 10),
    (Pattern::Random, 4 << 10),
    (Pattern::Random, 64 << 10),
    (Pattern::Sequential, 1 << 20),
];

fn main() -> Result<()> {
    let mut table = Table::new("chunk");
    for place in places() {
        let folder = tempfile::tempdir_in(&place.path)?;
        for bytes in [4 << 10, 16 << 10, 64 << 10] {
            let chunk = ChunkSize::from_bytes(bytes)?;
            let stage = Stage::new(folder.path(), SIZE, Coherent, chunk)?;
            for (pattern, length) in REQUESTS {
                let outcome = stage.first_overwrite(pattern, length)?;
                let (pattern, length) = (pattern.name(), length >> 10);
                let what = format!("chunk {} KiB, {pattern} {length} KiB", bytes >> 10);
                let (place, goal) = (place.name, None);
                table.push(Row { what, place, base: "floor", goal, outcome });
            }
        }
    }
    table.save()?;
    Ok(())
}
