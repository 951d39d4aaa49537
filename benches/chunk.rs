//! The chunk size: the first overwrite by size of request, against the same floor, which copies no
//! more than the request. The default is the size that is never far behind the best.

use shadowvol::ChunkSize;
use shadowvol_benches::Pattern::{Random, Sequential, Sparse};
use shadowvol_benches::{Axes, Pattern, Result, Stage, Table, Versus, places, settings};

const REQUESTS: [(Pattern, u64); 4] =
    [(Sparse, 4 << 10), (Random, 4 << 10), (Random, 64 << 10), (Sequential, 1 << 20)];

fn main() -> Result<()> {
    let mut table = Table::new("chunk")?;
    let sizes = if settings().long { &[12, 13, 14, 15, 16, 18, 20][..] } else { &[12, 14, 16] };
    for place in places() {
        let folder = place.folder()?;
        for shift in sizes {
            let chunk = ChunkSize::from_bytes(1 << shift)?;
            let setting = Axes { place: place.name, chunk, ..Axes::default() };
            let stage = Stage::new(folder.path(), setting)?;
            for (pattern, size) in REQUESTS {
                let axes = setting.work("first overwrite").requests(pattern, size);
                table.push(axes, Versus::base("floor"), &stage.first_overwrite(axes)?)?;
            }
        }
    }
    Ok(())
}
