//! A volume in files that one kernel has on its disk and the other one mounts by NFS 4.2.

use core::time::Duration;

use crate::bed::{Bed, Seat};
use crate::figures::Figures;
use crate::kernel::Kernel;
use crate::ledger::Ledger;
use crate::raw::read_stale;
use crate::readers;

const DISK: &str = "exported";
const VOLUME: &str = "/disk/disk.img /disk/disk.img.diff";
const SERVER: Seat = Seat::One;
const CLIENT: Seat = Seat::Two;

/// The active on the server, then on the client; then the client's power is cut, and at last the
/// server's, while the active on the client waits for it. Passives read on both sides.
pub(crate) fn both_ways(bed: &Bed, seconds: u64) -> Figures {
    let time = Duration::from_secs(seconds);
    let (mut figures, mut ledger) = (Figures::default(), Ledger::new());
    bed.formatted_disk(DISK);
    let (server, client) = (Kernel::boot(bed, SERVER, &[DISK]), Kernel::boot(bed, CLIENT, &[]));
    let mut server = serve(server, "");
    let mut client = mount(client);

    // The active on the server. The client reads past its cache by itself; made to use it, wrong.
    server.run(&format!("/node create {VOLUME}"));
    server.start("active", VOLUME);
    server.wait_for("active role");
    read(&mut server, &mut client, time, &mut figures);
    read_stale(&mut client, VOLUME, &mut figures);
    stop(&mut server, &mut ledger);

    // On the client.
    client.start("active", VOLUME);
    client.wait_for("active role");
    read(&mut server, &mut client, time, &mut figures);

    // The client's power is cut, the server takes the role; and back, once the client has started.
    ledger.read(&client.cut());
    figures.cuts += 1;
    client = Kernel::boot(bed, CLIENT, &[]);
    server.start("active", VOLUME);
    server.wait_for("active role");
    client = mount(client);
    stop(&mut server, &mut ledger);
    client.start("active", VOLUME);
    client.wait_for("active role");

    // The server's power is cut. The client waits for it, and goes on.
    client.listen(Duration::from_secs(1));
    drop(server.cut());
    figures.cuts += 1;
    server = serve(Kernel::boot(bed, SERVER, &[DISK]), "after-a-crash");
    let before = client.said.len();
    client.listen(Duration::from_millis(500));
    while client.said.len() < before + 20 {
        client.wait_for("active copy");
    }
    read(&mut server, &mut client, time, &mut figures);
    stop(&mut client, &mut ledger);
    server.start("active", VOLUME);
    server.wait_for("active role");
    stop(&mut server, &mut ledger);
    figures.add(&ledger);
    figures
}

fn serve(kernel: Kernel, when: &str) -> Kernel {
    let mut kernel = kernel.joined(SERVER.address());
    kernel.run("mount -t ext4 /dev/ubda /disk");
    kernel.run(&format!("serve {} {when}", CLIENT.address()));
    kernel
}

fn mount(kernel: Kernel) -> Kernel {
    let mut kernel = kernel.joined(CLIENT.address());
    kernel.run(&format!("mount_nfs {} {}", SERVER.address(), CLIENT.address()));
    kernel
}

fn stop(kernel: &mut Kernel, ledger: &mut Ledger) {
    kernel.order("active", "stop");
    kernel.wait_for("active closed");
    ledger.read(&kernel.news());
}

/// Lets passives read in both kernels.
fn read(server: &mut Kernel, client: &mut Kernel, time: Duration, figures: &mut Figures) {
    let local = "passive opened LocalFile direct false";
    let remote = "passive opened RemoteFile { file_system: \"NFS\" } direct true";
    let sides = &mut [(server, local), (client, remote)];
    readers::read(sides, VOLUME, time, figures, |seen| seen.copies > 4);
}
