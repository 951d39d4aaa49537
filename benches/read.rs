//! Reading: the volume by its active node, and a shadow copy by a passive one, against plain `pread`.

use shadowvol_benches::Pattern::Random;
use shadowvol_benches::{Axes, Result, STATES, Stage, Table, Versus, places, settings};

fn main() -> Result<()> {
    let mut table = Table::new("read")?;
    let pread = Versus::base("pread");
    let sizes = if settings().long {
        &[512, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20][..]
    } else {
        &[4 << 10, 64 << 10, 1 << 20]
    };
    for place in places() {
        let usual = Axes { place: place.name, ..Axes::default() };
        for (state, overwritten) in STATES {
            let folder = place.folder()?;
            let (stage, copy) = Stage::frozen(folder.path(), usual, overwritten)?;
            if overwritten.is_none() {
                let axes = usual.work("active read").requests(Random, 4 << 10);
                table.push(axes, pread.goal(0.95), &stage.active_read(axes)?)?;
            }
            for size in sizes {
                let axes = usual.work("passive read").state(state).requests(Random, *size);
                let goal = if overwritten.is_none() { pread.goal(0.8) } else { pread };
                table.push(axes, goal, &stage.passive_read(axes, &copy)?)?;
            }
        }
    }
    Ok(())
}
