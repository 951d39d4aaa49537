//! One instant for all volumes, under writers who do not know of it.
//!
//! One application writes a number to volume A, and when that is acknowledged the same number to B, as
//! a database does with its log and its data; another one does it the other way round. A copy of B that
//! has a number which the copy of A lacks is of a later instant. Both volumes are in memory, so the
//! writers are as quick as can be.

use core::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use shadowvol::set::Outcome;
use shadowvol::{Attributes, Description};
use shadowvol_host::Volume;
use shadowvol_host::set::{BackupSet, SetCopy, SetOptions};

use crate::bed::{Actor, Disk};

const SETS: usize = 60;

#[test]
fn no_copy_shows_an_effect_without_its_cause() {
    let disks = [Disk::new(), Disk::new()];
    let [a, b] = [&disks[0].volume, &disks[1].volume];
    let stop = AtomicBool::new(false);
    let mut seen = [0, 0];
    thread::scope(|scope| {
        let (stop, _end) = (&stop, End(&stop));
        for (cell, first, second) in [(0, a, b), (1, b, a)] {
            scope.spawn(move || {
                for number in 1_u64.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    for volume in [first, second] {
                        volume.write(at(cell), &number.to_le_bytes()).expect("a write");
                    }
                }
            });
        }
        for _ in 0..SETS {
            let mut set = BackupSet::new(SetOptions::default());
            set.volume("a", a).expect("a volume").volume("b", b).expect("a volume");
            let set = set.prepare().expect("prepared").create().expect("created");
            let copies = set.copies();
            for (cell, cause, effect) in [(0, 0, 1), (1, 1, 0)] {
                let number = |nth: usize| number(&disks[nth].volume, &copies[nth], cell);
                let (cause, effect) = (number(cause), number(effect));
                assert!(cause == effect || cause == effect + 1, "{cause}, then {effect}");
                seen[cell] = cause;
            }
            set.complete(true);
            for (volume, copy) in [a, b].into_iter().zip(&copies) {
                volume.delete_shadow_copies(&[copy.id]).expect("deleted");
            }
        }
    });
    assert!(seen.iter().all(|&number| number as usize > SETS), "the writers stood still: {seen:?}");
}

/// Stops the writers when the reader has seen enough, or something wrong.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn at(cell: usize) -> u64 {
    cell as u64 * 65_536
}

fn number(volume: &Volume, copy: &SetCopy, cell: usize) -> u64 {
    let mut bytes = [0; 8];
    let copy = volume.reader().expect("a reader").shadow_copy(copy.id).expect("a copy");
    copy.read(at(cell), &mut bytes).expect("a read");
    u64::from_le_bytes(bytes)
}

/// What the copies say of themselves: they are one set's, of one time, and whole.
#[test]
fn the_copies_of_a_set_say_so() {
    let disks = [Disk::new(), Disk::new(), Disk::new()];
    let actor = Actor::calm("database");
    let about = Description::new("nightly", 0);
    let mut set = BackupSet::new(SetOptions { about, ..SetOptions::default() });
    for (nth, disk) in disks.iter().enumerate() {
        set.volume(&nth.to_string(), &disk.volume).expect("a volume");
    }
    set.require(actor.clone());
    let set = set.prepare().expect("prepared").create().expect("created");
    assert_eq!(set.report().outcome, Some(Outcome::ApplicationConsistent));
    assert_eq!(*actor.shown.lock(), set.copies());
    let about = |nth: usize| {
        let copy = set.copies()[nth].id;
        disks[nth].volume.shadow_copy(copy).expect("a copy").about
    };
    for nth in 0..disks.len() {
        assert_eq!(about(nth), about(0));
        assert_eq!((about(nth).set, about(nth).set_copies), (set.id(), 3));
        assert_eq!(about(nth).attributes, Attributes::APPLICATION_CONSISTENT);
        assert_eq!(about(nth).label, "nightly");
    }
    assert!(!set.id().is_none());
    set.complete(true);
    assert!(disks.iter().all(|disk| disk.copies() == 1), "they stay");
}
