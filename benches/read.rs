//! Reading: the volume by its active node, and a shadow copy by a passive one, against plain `pread`.

use shadowvol_benches::Pattern::{Random, Sequential};
use shadowvol_benches::{Axes, Pattern, Result, Stage, Table, Versus, places, settings};

const SMALL: (Pattern, u64) = (Random, 4 << 10);
/// How what is read was overwritten since the copy was taken.
const STATES: [(&str, Option<(Pattern, u64)>); 3] = [
    ("nothing overwritten", None),
    ("overwritten in order", Some((Sequential, 1 << 20))),
    ("overwritten at random", Some(SMALL)),
];

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
            let stage = Stage::new(folder.path(), usual)?;
            stage.renew()?;
            let copy = stage.newest()?;
            match overwritten {
                Some((pattern, size)) => stage.overwrite(usual.requests(pattern, size))?,
                None => {
                    let axes = usual.work("active read").requests(SMALL.0, SMALL.1);
                    table.push(axes, pread.goal(0.95), &stage.active_read(axes)?)?;
                }
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
