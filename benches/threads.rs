//! The number of threads: in memory, and on disk past the page cache, where it is the depth of the
//! queue.

use shadowvol_benches::Pattern::{Random, Sequential, Sparse};
use shadowvol_benches::{Axes, Pattern, Place, Result, Stage, Table, Versus, places, settings};
use shadowvol_host::{Caching, Durability};

fn main() -> Result<()> {
    let mut table = Table::new("threads")?;
    let (few, many) = if settings().long {
        (&[1, 2, 4, 8][..], &[1, 4, 16, 32][..])
    } else {
        (&[1, 2, 4][..], &[1, 16][..])
    };
    for place in places() {
        let buffered = Axes { place: place.name, ..Axes::default() };
        measure(&mut table, &place, buffered, few, &[(Random, 4 << 10)])?;
        if place.name == "disk" {
            let direct = Axes { caching: Caching::Direct, ..buffered };
            let requests = [(Sparse, 4 << 10), (Random, 4 << 10), (Sequential, 64 << 10)];
            measure(&mut table, &place, direct, many, &requests)?;
            let durable = Axes { durability: Durability::Durable, ..direct };
            measure(&mut table, &place, durable, many, &[(Random, 4 << 10)])?;
        }
    }
    Ok(())
}

fn measure(
    table: &mut Table,
    place: &Place,
    setting: Axes,
    threads: &[usize],
    requests: &[(Pattern, u64)],
) -> Result<()> {
    let folder = place.folder()?;
    let stage = Stage::new(folder.path(), setting)?;
    let durable = setting.durability == Durability::Durable;
    let floor = Versus::base(if durable { "floor + sync" } else { "floor" });
    for (pattern, size) in requests.iter().copied() {
        for threads in threads.iter().copied() {
            let axes = Axes { threads, ..setting }.requests(pattern, size);
            let first = axes.work("first overwrite");
            table.push(first, floor, &stage.first_overwrite(first)?)?;
            if durable {
                continue;
            }
            let again = axes.work("rewrite");
            table.push(again, Versus::base("pwrite"), &stage.rewrite(again)?)?;
            stage.renew()?;
            let read = axes.work("passive read").state("nothing overwritten");
            let outcome = stage.passive_read(read, &stage.newest()?)?;
            table.push(read, Versus::base("pread"), &outcome)?;
        }
    }
    Ok(())
}
