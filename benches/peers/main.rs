//! Other snapshot systems beside ours, with the same requests, in turn in one run: `make bench-peers`.
//!
//! QEMU and nbdkit are reached over a socket, 16 requests deep, by one client, so that the protocol's
//! cost is inside, while we are called. So each row comes a second time, `net`: as if the way to the
//! peer cost no more than a plain file does. For that, a disk without snapshots is measured in the same
//! contest, reached in the same way: another export of the same server, or another file in the same
//! file system.
//!
//! `.ci/bench-peers` runs this in a mount namespace of its own, with a folder that it removes: however
//! this ends, nothing stays behind.

#[cfg(target_os = "linux")]
mod cloning;
mod company;
mod daemon;
mod disk;
mod fleece;
mod nbd;
mod nbdkit;
mod ours;
mod peer;
mod qcow2;
mod qemu;
mod qmp;
#[cfg(target_os = "linux")]
mod reflink;
mod stack;
mod suite;
mod turns;

use core::mem;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use shadowvol_benches::{Axes, Result, Table, is_chosen, settings};
use shadowvol_host::{Caching, Durability};

use crate::fleece::Fleece;
use crate::nbdkit::Nbdkit;
use crate::ours::Ours;
use crate::peer::{Peer, Setting};
use crate::qcow2::{External, Internal};
#[cfg(target_os = "linux")]
use crate::reflink::{Method, Reflink};
use crate::suite::{Names, Suite};

/// Writes from one flush to the next, on disk.
const FLUSH_EVERY: usize = 16;

/// Makes a peer.
type Make = fn(Setting) -> Result<Box<dyn Peer>>;

/// A peer's name, alone and with the cost of the way to it taken out, and how it is made.
const PEERS: &[(&str, &str, Make)] = &[
    ("qemu-cbw", "qemu-cbw net", |setting| Ok(Box::new(Fleece::new(setting)?))),
    ("qcow2-int", "qcow2-int net", |setting| Ok(Box::new(Internal::new(setting)?))),
    ("qcow2-ext", "qcow2-ext net", |setting| Ok(Box::new(External::new(setting)?))),
    ("nbdkit-cow", "nbdkit-cow net", |setting| Ok(Box::new(Nbdkit::new(setting, "64K")?))),
    ("nbdkit-cow-4k", "nbdkit-cow-4k net", |setting| Ok(Box::new(Nbdkit::new(setting, "4K")?))),
    #[cfg(target_os = "linux")]
    ("xfs-reflink", "xfs-reflink net", |setting| {
        Ok(Box::new(Reflink::new(setting, Method::XfsClone)?))
    }),
    #[cfg(target_os = "linux")]
    ("btrfs-reflink", "btrfs-reflink net", |setting| {
        Ok(Box::new(Reflink::new(setting, Method::BtrfsClone)?))
    }),
    #[cfg(target_os = "linux")]
    ("btrfs-subvol", "btrfs-subvol net", |setting| {
        Ok(Box::new(Reflink::new(setting, Method::BtrfsSubvolume)?))
    }),
];

/// Where preserving by a clone is measured beside preserving by a copy.
#[cfg(target_os = "linux")]
const CLONING: [(&str, Method); 2] =
    [("xfs-clone", Method::XfsClone), ("btrfs-clone", Method::BtrfsClone)];

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    let folders = arguments.next().zip(arguments.next());
    let (memory, disk) = folders.ok_or("usage: peers MEMORY-FOLDER DISK-FOLDER [PEER...]")?;
    let chosen: Vec<String> = arguments.collect();
    let is_wanted = |name: &str| chosen.is_empty() || chosen.iter().any(|it| it == name);
    let volume = if settings().long { 1 << 30 } else { 256 << 20 };
    let usual = Axes { volume, ..Axes::default() };
    let direct = Axes { place: "disk", caching: Caching::Direct, ..usual };
    let mut table = Table::new("peers")?;
    let mut absent = Vec::new();
    let places = [(usual, &memory), (direct, &disk)];
    let places = || places.into_iter().filter(|(axes, _)| is_chosen(axes.place));
    let mut first = [true; 2];
    for (name, net, make) in PEERS.iter().copied().filter(|(name, ..)| is_wanted(name)) {
        for (nth, (axes, folder)) in places().enumerate() {
            // nbdkit's file plugin goes by way of the page cache.
            if axes.caching == Caching::Direct && name.starts_with("nbdkit") {
                continue;
            }
            let names = Names { name, net, with_plain: mem::take(&mut first[nth]) };
            if let Err(error) = beside(&mut table, names, make, axes, Path::new(folder)) {
                println!("{name}: NOT MEASURED: {error}");
                absent.push(name);
            }
        }
    }
    #[cfg(target_os = "linux")]
    for (name, method) in CLONING.iter().copied().filter(|(name, _)| is_wanted(name)) {
        for (axes, folder) in places() {
            let setting = Setting { folder: Path::new(folder).join(name), axes };
            fs::create_dir_all(&setting.folder)?;
            let measured = cloning::measure(&mut table, name, method, &setting);
            fs::remove_dir_all(&setting.folder)?;
            if let Err(error) = measured {
                println!("{name}: NOT MEASURED: {error}");
                absent.push(name);
            }
        }
    }
    if !absent.is_empty() {
        println!("\nNOT MEASURED, or not to the end, for the reasons above: {}", absent.join(", "));
    }
    Ok(())
}

/// Measures one peer, and us beside it.
fn beside(table: &mut Table, names: Names, make: Make, axes: Axes, folder: &Path) -> Result<()> {
    let own = |who: &str| -> Result<(PathBuf, Setting)> {
        let folder = folder.join(who);
        fs::create_dir_all(&folder)?;
        Ok((folder.clone(), Setting { folder, axes }))
    };
    let ((their_folder, theirs), (our_folder, ours)) = (own(names.name)?, own("shadowvol")?);
    let measured = (|| {
        let peer = &mut *make(theirs)?;
        let setting = ours.clone();
        Suite { table, names, axes, ours: &mut Ours::new(setting)?, peer }.run()?;
        if axes.caching == Caching::Buffered {
            return Ok(());
        }
        let durability = Durability::Durable;
        let axes = Axes { durability, flush_every: Some(FLUSH_EVERY), ..axes };
        let setting = Setting { axes, ..ours };
        Suite { table, names, axes, ours: &mut Ours::new(setting)?, peer }.flushed()
    })();
    fs::remove_dir_all(their_folder)?;
    fs::remove_dir_all(our_folder)?;
    measured
}
