//! Everything goes wrong on real files, for as long as one likes, and nothing is lost.
//!
//! Writers live in processes of their own, one after the other, in weather that is drawn anew for
//! each: operations fail and writes are cut short, the disk is full, barriers are slow, and if a
//! writer does not give up by itself it is killed. After each, the volume is opened and compared
//! with what the writer has noted; then the next one opens it in its weather. Passive nodes in
//! other processes live through all of it. Some volumes lie on a disk that is too small for them.
//!
//! `make soak` runs it for `SOAK_SECONDS`, with the seed `SOAK_SEED`; the default is short.

mod course;
mod faults;
#[path = "../support/notes.rs"]
mod notes;
mod place;
#[path = "../support/random.rs"]
mod random;
mod reader;
#[path = "../support/sectors.rs"]
mod sectors;
#[path = "../support/tiny_disk.rs"]
mod tiny_disk;
#[path = "../support/whole.rs"]
mod whole;
mod writer;

use core::time::Duration;

use random::is_long;

#[test]
fn faults_and_kills_lose_nothing() {
    let number = |name: &str, default: u64| {
        let given = std::env::var(name).ok();
        given.map_or(default, |text| text.parse().expect("a number"))
    };
    let (seconds, seed) =
        (number("SOAK_SECONDS", if is_long() { 120 } else { 15 }), number("SOAK_SEED", 1));
    println!("{seconds} seconds with seed {seed}");
    let figures = course::soak(Duration::from_secs(seconds), seed);
    println!("{figures}");
    // What a slow machine does in the time, too.
    let done = figures.kills > seconds / 20 && figures.copies > figures.kills;
    assert!(done && figures.count("copies-read") > 0, "hardly anything was done: {figures:?}");
    let failures = figures.count("io-errors") + figures.count("failed-barriers");
    assert!(failures > 0 || seconds < 60, "nothing has failed: {figures:?}");
}
