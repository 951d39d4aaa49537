//! Growth in good time, and the first write that uses it.
//!
//! The diff area is enlarged by a thread beside the writers, before any of them lacks room. A power
//! cut can take growth back until a barrier is behind it, and with it what lies in the new slots. If
//! a record that names such a slot has landed, who opens the volume as a passive node before it is
//! recovered reads behind the medium's end. Under threads some barrier of another request nearly
//! always comes between; here none does: one copy is taken, and when the area has grown one write
//! takes more slots than there were before.

use core::time::Duration;
use std::thread;
use std::time::Instant;

use shadowvol::backend::ReadAt;
use shadowvol::machine::Medium;
use shadowvol_host::{OpenOptions, Volume};

use super::PLENTY;
use super::load::{Load, Recording};
use super::log::{Effect, Pen, Told};
use super::random::Random;
use super::recorder::{Pace, record};
use super::replay::crash;

const SEED: u64 = 7;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn power_takes_back_growth_that_the_next_write_relies_on() {
    let load = Load { slots: (12, 1200), ..PLENTY };
    let before = load.make(SEED);
    let first_size = before.diff.size().expect("memory");
    let media = before.duplicate();
    let pen = Pen::default();
    let recorded = record(&media, &pen, Pace::Swift);
    let volume = Volume::open_on(recorded, &OpenOptions::default()).expect("the role");

    let label = "small".to_owned();
    let copy = volume.create_shadow_copy(&label).expect("a copy").id;
    pen.tell(Told::Created { copy, label });
    let begun = Instant::now();
    while volume.stats().space.capacity <= first_size {
        assert!(begun.elapsed() < PATIENCE, "the diff area does not grow");
        thread::sleep(Duration::from_millis(1));
    }
    let bytes = Random(SEED).bytes(load.size as usize);
    volume.write(0, &bytes).expect("a write");
    volume.close().expect("a close");

    let recording = Recording { before, log: pen.finish(), load };
    let uses_growth = recording.log.operations.iter().any(|one| match &one.effect {
        Effect::Write { at, data } => {
            one.medium == Medium::DiffArea && at + data.len() as u64 > first_size
        }
        _ => false,
    });
    assert!(uses_growth, "the write found room without growth");
    assert_eq!(crash("growth in good time", &recording, Random(SEED)), 1);
}
