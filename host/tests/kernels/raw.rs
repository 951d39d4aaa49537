//! Origin and diff area on disks that both kernels see.

use core::time::Duration;

use crate::bed::Bed;
use crate::figures::Figures;
use crate::kernel::Kernel;
use crate::ledger::Ledger;
use crate::pair;
use crate::readers;
use crate::workload::SIZE;

/// The disks of a volume in a kernel.
pub(crate) const VOLUME: &str = "/dev/ubda /dev/ubdb";
/// Bytes of the diff area.
pub(crate) const DIFF: u64 = 24 << 20;

/// Passives in both kernels read while the active works in one. By themselves they read past the
/// page cache; made to use it, they give wrong answers, so wrong answers would be seen.
pub(crate) fn shared_disk(bed: &Bed, seconds: u64) -> Figures {
    bed.disk("shared", SIZE as u64);
    bed.disk("shared.diff", DIFF);
    let [mut here, mut there] = pair::boot(bed, &["shared", "shared.diff"]);
    let mut figures = Figures::default();
    here.run(&format!("/node create {VOLUME}"));
    here.start("active", VOLUME);
    here.wait_for("active role");
    let opened = "passive opened BlockDevice direct true";
    let sides = &mut [(&mut here, opened), (&mut there, opened)];
    let time = Duration::from_secs(seconds);
    readers::read(sides, VOLUME, time, &mut figures, |seen| seen.copies > 10 && seen.redirects > 0);
    read_stale(&mut there, VOLUME, &mut figures);
    here.order("active", "stop");
    here.wait_for("active closed");
    let mut ledger = Ledger::new();
    ledger.read(&here.news());
    // It can be opened in the other kernel, which finds everything.
    there.start("active", VOLUME);
    there.wait_for("active role");
    ledger.read(&there.news());
    figures.add(&ledger);
    figures
}

/// Reads by way of the page cache, which must give wrong answers: else nothing would be proven where
/// there are none.
pub(crate) fn read_stale(kernel: &mut Kernel, volume: &str, figures: &mut Figures) {
    for _ in 0..10 {
        kernel.start("stale", volume);
        kernel.listen(Duration::from_secs(3));
        figures.stale.add(&kernel.stop_passive());
        if figures.stale.wrong > 0 {
            return;
        }
    }
    panic!("this test cannot see wrong answers: {figures}");
}
