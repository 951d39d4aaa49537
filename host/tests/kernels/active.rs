//! The active, in its kernel: writes without a pause, takes, deletes and compacts, and says on its
//! console what was acknowledged. What it said outlives its kernel.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use parking_lot::RwLock;
use shadowvol::Error as EngineError;
use shadowvol_host::{CreateOptions, Error, OpenOptions, Volume, check};

use crate::orders::Orders;
use crate::random::Random;
use crate::workload::{Label, SECTOR, SECTORS, SIZE, Stamp, WRITERS, extent_of, sector, stamp_of};

/// Writes of a region from one flush to the next.
const UNFLUSHED: u64 = 48;
/// Copies that are kept.
const MOST_COPIES: usize = 6;

/// Makes a volume, and closes it.
pub(crate) fn create(image: &Path, diff: &Path) {
    // A device has its size.
    let size = (!image.starts_with("/dev")).then_some(SIZE as u64);
    let diff = Some(diff.to_owned());
    let volume = Volume::create(image, &CreateOptions { diff, size, ..Default::default() });
    volume.expect("a new volume").close().expect("a close");
}

/// Takes the role, says what is there, and works until it is told to stop or its role ends.
pub(crate) fn run(image: &Path, diff: &Path) {
    let orders = listen();
    let options = OpenOptions { diff: Some(diff.to_owned()), ..OpenOptions::default() };
    let volume = Volume::open(image, &options).expect("the role");
    let life = volume.reader().expect("a reader").stats().epoch.0;
    say_what_is_there(&volume);
    println!("active role {life}");
    let work = Work {
        volume,
        life,
        acknowledged: Default::default(),
        quiet: RwLock::new(()),
        stop: AtomicBool::new(false),
    };
    if work.fill().is_some() {
        work.go_on(&orders);
    }
    match work.volume.close() {
        Ok(()) => println!("active closed"),
        Err(error) => println!("FAULT: closing: {error}"),
    }
}
fn listen() -> Receiver<String> {
    let mut orders = Orders::take("active");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || while tell.send(orders.next()).is_ok() {});
    told
}

/// Says which copies there are, once all their bytes were judged, and what the volume holds.
fn say_what_is_there(volume: &Volume) {
    let reader = volume.reader().expect("a reader");
    let mut bytes = vec![0; SIZE];
    for copy in reader.shadow_copies().expect("copies") {
        let info = copy.info();
        copy.read(0, &mut bytes).expect("a copy");
        let label: Result<Label, _> = info.about.label.parse();
        if let Err(what) = label.and_then(|label| label.judge(&bytes)) {
            println!("FAULT: recovered copy {}: {what}", info.id);
        }
        println!("active live {} {} {}", info.id, info.about.time, info.about.label);
    }
    for finding in check(&reader, |_, _| true).expect("a check").findings {
        println!("FAULT: check: {finding:?}");
    }
    say_sectors(volume);
}

/// Says what the volume holds: runs of sectors as `found FIRST COUNT LIFE VERSION`.
fn say_sectors(volume: &Volume) {
    let mut bytes = vec![0; SIZE];
    volume.read(0, &mut bytes).expect("the volume");
    let mut runs: Vec<(usize, usize, Stamp)> = Vec::new();
    for (nth, bytes) in bytes.chunks(SECTOR).enumerate() {
        let Some(stamp) = stamp_of(nth, bytes) else {
            println!("FAULT: sector {nth} of the volume is torn");
            continue;
        };
        match runs.last_mut() {
            Some((_, count, last)) if *last == stamp => *count += 1,
            _ => runs.push((nth, 1, stamp)),
        }
    }
    for (first, count, Stamp { life, version }) in runs {
        println!("active found {first} {count} {life} {version}");
    }
}

struct Work {
    volume: Volume,
    life: u64,
    /// The version of each region that was acknowledged last.
    acknowledged: [AtomicU64; WRITERS],
    /// Held by whoever works, and alone while nobody shall.
    quiet: RwLock<()>,
    stop: AtomicBool,
}

impl Work {
    /// What an operation gave. The only error that may be is that there is a newer active.
    fn done<T>(&self, what: &str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(done) => return Some(done),
            Err(error) if matches!(error.engine(), Some(EngineError::Fenced { .. })) => {
                println!("active fenced {what}");
            }
            Err(error) => println!("FAULT: {what}: {error}"),
        }
        None
    }

    /// Begins the life: every region has version 0.
    fn fill(&self) -> Option<()> {
        (0..WRITERS).try_for_each(|region| self.write(region, 0))?;
        self.done("flush", self.volume.flush())?;
        (0..WRITERS).for_each(|region| println!("active flushed {region} 0"));
        Some(())
    }

    /// Works with a thread for each region and one for the copies, and follows orders meanwhile.
    fn go_on(&self, orders: &Receiver<String>) {
        thread::scope(|scope| {
            let writers = (0..WRITERS).map(|region| scope.spawn(move || self.keep_writing(region)));
            let mut threads: Vec<_> = writers.collect();
            threads.push(scope.spawn(|| self.keep_copying()));
            let mut held = None;
            while threads.iter().any(|thread| !thread.is_finished()) {
                let Ok(order) = orders.recv_timeout(Duration::from_millis(20)) else { continue };
                match order.as_str() {
                    "hold" => {
                        held = Some(self.quiet.write());
                        println!("active held");
                    }
                    "flush" => {
                        if self.done("flush", self.volume.flush()).is_some() {
                            println!("active flushed all");
                        }
                    }
                    "scribble" => {
                        self.scribble();
                    }
                    "look" => {
                        say_sectors(&self.volume);
                        println!("active looked");
                    }
                    "go" => drop(held.take()),
                    "stop" => self.stop.store(true, Ordering::Relaxed),
                    other => println!("FAULT: an order {other:?}"),
                }
            }
        });
    }

    fn write(&self, region: usize, version: u64) -> Option<()> {
        let extent = extent_of(self.life, region, version);
        let first = region * SECTORS + extent.start;
        let stamp = Stamp { life: self.life, version };
        let data: Vec<u8> = extent.flat_map(|at| sector(region * SECTORS + at, stamp)).collect();
        self.done("write", self.volume.write((first * SECTOR) as u64, &data))?;
        self.acknowledged[region].store(version, Ordering::Release);
        Some(())
    }

    /// Writes to every region, and flushes nothing.
    fn scribble(&self) -> Option<()> {
        for region in 0..WRITERS {
            let version = self.acknowledged[region].load(Ordering::Acquire) + 1;
            self.write(region, version)?;
            println!("active wrote {region} {version}");
        }
        println!("active scribbled");
        Some(())
    }

    fn keep_writing(&self, region: usize) -> Option<()> {
        for version in 1.. {
            let _working = self.quiet.read();
            self.write(region, version)?;
            if version % UNFLUSHED == 0 {
                self.done("flush", self.volume.flush())?;
                println!("active flushed {region} {version}");
            }
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
        }
        Some(())
    }

    fn keep_copying(&self) -> Option<()> {
        let mut random = Random(self.life);
        let mut live: Vec<_> = self.volume.shadow_copies().expect("copies");
        for round in 1.. {
            let working = self.quiet.read();
            let versions =
                self.acknowledged.each_ref().map(|version| version.load(Ordering::Acquire));
            let label = Label { life: self.life, versions }.to_string();
            let copy = self.done("create", self.volume.create_shadow_copy(&label))?;
            println!("active copy {} {} {label}", copy.id, copy.about.time);
            live.push(copy);
            if live.len() > MOST_COPIES {
                let old = live.swap_remove(random.below(live.len() as u64) as usize).id;
                println!("active delete {old}");
                self.done("delete", self.volume.delete_shadow_copies(&[old]))?;
                println!("active deleted {old}");
            }
            if round % 5 == 0 {
                self.done("compact", self.volume.compact())?;
            }
            drop(working);
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            thread::sleep(Duration::from_millis(random.below(20)));
        }
        Some(())
    }
}
