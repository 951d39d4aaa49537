//! The driver that ships is recorded under threads, and crashed at every barrier.
//!
//! A volume lies on media in memory that record each operation as an interval, in one order over
//! both media and all threads. Writers, and one who takes and deletes copies, use it as they like.
//! Then crash images are made from the recording: what was behind a barrier is there, and of the
//! rest any part, as [`shadowvol::backend`] allows. From each image the role is taken, and all that
//! was promised is compared; recoveries are recorded and crashed in turn.
//!
//! Contents are drawn from seeds, but when threads run is up to the machine, so that no two runs
//! are alike: a failure prints the operations around the crash and what became of each. The short
//! form samples; `SHADOWVOL_LONG=1` tries every crash and says how many that were (`--nocapture`).

mod crashes;
mod fate;
mod front;
mod growth;
mod image;
mod load;
mod log;
mod oracle;
#[path = "../support/random.rs"]
mod random;
mod recorder;
mod records;
mod recovery;
mod replay;
#[path = "../support/same.rs"]
mod same;
mod story;
#[path = "../support/whole.rs"]
mod whole;

use shadowvol::ChunkSize;
use shadowvol::format::superblock::OnFull;
use shadowvol_host::Durability;

use load::Load;
use replay::replay;

/// Four writers with room enough.
const PLENTY: Load = Load {
    durability: Durability::Durable,
    on_full: OnFull::FailWrite,
    size: 100_300,
    chunk: ChunkSize::MIN,
    slots: (400, 400),
    writers: 4,
    rounds: 30,
    most: 20_000,
    compactions: 1,
    barrier: 200,
};

#[test]
fn power_fails_under_writers() {
    replay("durable", PLENTY);
}

#[test]
fn the_process_dies_under_writers() {
    replay("coherent", Load { durability: Durability::Coherent, ..PLENTY });
}

#[test]
fn power_fails_in_a_full_diff_area() {
    replay("full", Load { slots: (56, 56), ..PLENTY });
}

#[test]
fn power_fails_while_the_oldest_copies_go() {
    let load = Load { slots: (48, 48), on_full: OnFull::DropOldest, ..PLENTY };
    replay("dropping", load);
}

/// The diff area grows in small steps, because its medium refuses great ones, and power takes them
/// back.
#[test]
fn power_fails_while_the_diff_area_grows() {
    replay("growing", Load { slots: (12, 300), ..PLENTY });
}

/// It grows by one great step, ahead of the writes that need it.
#[test]
fn power_fails_while_the_diff_area_grows_ahead() {
    replay("growing ahead", Load { slots: (12, 1200), ..PLENTY });
}

#[test]
fn power_fails_in_compactions() {
    replay("compacting", Load { compactions: 5, ..PLENTY });
}

/// Small writes of many threads to one chunk or its neighbours, behind slow barriers.
#[test]
fn power_fails_between_shared_barriers() {
    let load = Load { writers: 8, rounds: 20, most: 5000, barrier: 1500, ..PLENTY };
    replay("sharing", load);
}

#[test]
fn power_fails_with_large_chunks() {
    let chunk = ChunkSize::from_shift(14).expect("a power of two");
    replay("large chunks", Load { chunk, slots: (60, 60), size: 250_001, ..PLENTY });
}
