//! The active's kernel sleeps, another one takes the role, and the sleeper wakes up.

use core::time::Duration;

use crate::bed::Bed;
use crate::figures::Figures;
use crate::kernel::Kernel;
use crate::ledger::Ledger;
use crate::pair;
use crate::random::Random;
use crate::raw::{DIFF, VOLUME};
use crate::workload::SIZE;

/// In odd rounds the sleeper had no write under way, and flushes first when it wakes up: not even
/// that is acknowledged, so nothing of its successor's is touched. In even rounds it sleeps in the
/// middle of its work, and may overwrite what it was about to: no software can keep it from that.
/// But whatever it acknowledged, asleep or awake, its successor has found.
pub(crate) fn woken(bed: &Bed, rounds: u64) -> Figures {
    let disks = ["fenced", "fenced.diff"];
    bed.disk(disks[0], SIZE as u64);
    bed.disk(disks[1], DIFF);
    let [mut one, mut two] = pair::boot(bed, &disks);
    let (mut figures, mut random) = (Figures::default(), Random(5));
    for round in 0..rounds {
        one.run("dd if=/dev/zero of=/dev/ubdb bs=64k count=1 conv=fsync 2>/dev/null");
        one.run(&format!("/node create {VOLUME}"));
        let idle = round % 2 == 1;
        sleep_and_wake(&mut one, &mut two, idle, &mut random, &mut figures);
        core::mem::swap(&mut one, &mut two);
    }
    figures
}

fn sleep_and_wake(
    sleeper: &mut Kernel,
    successor: &mut Kernel,
    idle: bool,
    random: &mut Random,
    figures: &mut Figures,
) {
    let mut ledger = Ledger::new();
    sleeper.start("active", VOLUME);
    sleeper.wait_for("active role");
    sleeper.listen(Duration::from_millis(300 + random.below(700)));
    if idle {
        sleeper.order("active", "hold");
        sleeper.wait_for("active held");
    }
    sleeper.pause();
    figures.pauses += 1;
    successor.start("active", VOLUME);
    successor.wait_for("active role");
    if idle {
        successor.start("passive", VOLUME);
        successor.wait_for("passive reads");
    } else {
        successor.order("active", "hold");
        successor.wait_for("active held");
    }
    sleeper.resume();
    if idle {
        sleeper.order("active", "flush");
        sleeper.wait_for("active fenced flush");
        sleeper.order("active", "go");
    }
    sleeper.wait_for("active closed");
    let last = sleeper.news();
    assert!(!idle || !last.iter().any(|line| line == "active flushed all"), "{last:?}");
    // What the sleeper said when it was awake again is read before what its successor found.
    ledger.read(&last);
    ledger.read(&successor.news());
    if idle {
        successor.listen(Duration::from_millis(1000));
        figures.right.add(&successor.stop_passive());
    } else {
        successor.order("active", "look");
        successor.wait_for("active looked");
        figures.late_sectors += ledger.late_sectors(&successor.news());
        successor.order("active", "go");
    }
    successor.order("active", "stop");
    successor.wait_for("active closed");
    ledger.read(&successor.news());
    figures.add(&ledger);
}
