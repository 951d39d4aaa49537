//! The power is cut at random moments, and whoever takes the role finds all that was acknowledged.

use core::time::Duration;

use crate::bed::{Bed, Seat};
use crate::figures::Figures;
use crate::kernel::Kernel;
use crate::ledger::Ledger;
use crate::random::Random;
use crate::raw::{DIFF, VOLUME};
use crate::workload::SIZE;

/// The role goes to and fro: when the active's kernel is killed, the other one takes it at once,
/// while its passive reads on. The kernels give the disks different numbers.
pub(crate) fn raw(bed: &Bed, rounds: u64) -> Figures {
    bed.disk("rolling", SIZE as u64);
    bed.disk("rolling.diff", DIFF);
    let boot = |seat| match seat {
        Seat::One => Kernel::boot(bed, seat, &["rolling", "rolling.diff"]),
        Seat::Two => Kernel::boot(bed, seat, &["rolling.diff", "rolling"]),
    };
    let volume = |seat| match seat {
        Seat::One => VOLUME,
        Seat::Two => "/dev/ubdb /dev/ubda",
    };
    let mut here = Seat::One;
    let (active, next) = (boot(here), boot(here.other()));
    let (mut active, mut next) =
        (active.joined(here.address()), next.joined(here.other().address()));
    let (mut figures, mut ledger, mut random) = (Figures::default(), Ledger::new(), Random(3));
    active.run(&format!("/node create {}", volume(here)));
    active.start("active", volume(here));
    active.wait_for("active role");
    for _ in 0..rounds {
        let there = here.other();
        next.start("passive", volume(there));
        next.wait_for("passive reads");
        active.listen(Duration::from_millis(random.below(2000)));
        ledger.read(&active.cut());
        figures.cuts += 1;
        next.start("active", volume(there));
        active = boot(here);
        next.wait_for("active role");
        figures.right.add(&next.stop_passive());
        ledger.read(&next.news());
        active = active.joined(here.address());
        core::mem::swap(&mut active, &mut next);
        here = there;
    }
    figures.add(&ledger);
    figures
}

/// A volume in files of a local file system, which keeps writes in the page cache until they are
/// flushed. In every other round the last writes are known not to be.
pub(crate) fn ext4(bed: &Bed, rounds: u64) -> Figures {
    const VOLUME: &str = "/disk/disk.img /disk/disk.img.diff";
    bed.formatted_disk("local");
    let boot = || Kernel::boot(bed, Seat::One, &["local"]);
    let (mut figures, mut ledger, mut random) = (Figures::default(), Ledger::new(), Random(4));
    let mut spare = boot();
    for round in 0..=rounds {
        let mut active = spare.joined(Seat::One.address());
        active.run("mount -t ext4 /dev/ubda /disk");
        if round == 0 {
            active.run(&format!("/node create {VOLUME}"));
        }
        spare = boot();
        active.start("active", VOLUME);
        active.wait_for("active role");
        active.start("passive", VOLUME);
        let opened = active.wait_for("passive opened");
        assert_eq!(opened, "passive opened LocalFile direct false");
        active.listen(Duration::from_millis(500));
        figures.right.add(&active.stop_passive());
        active.listen(Duration::from_millis(random.below(1000)));
        if round % 2 == 0 {
            active.order("active", "hold");
            active.wait_for("active held");
            active.order("active", "scribble");
            active.wait_for("active scribbled");
        }
        ledger.read(&active.cut());
        figures.cuts += 1;
    }
    figures.add(&ledger);
    assert!(ledger.unflushed > 0, "nothing was lost, so no power was cut: {figures}");
    figures
}
