//! The passive, in its kernel: reads all copies over and over, and judges every byte.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use shadowvol::Error as EngineError;
use shadowvol_host::{
    Caching, Error, Passive, PassiveOptions, PassiveStats, ReadOnlyFile, ShadowCopy,
};

use crate::orders::Orders;
use crate::random::Random;
use crate::workload::{Label, SIZE};

/// Reads of a copy's parts after it was read whole.
const PARTS: usize = 12;

/// What all threads found.
#[derive(Default)]
struct Findings {
    copies: AtomicU64,
    wrong: AtomicU64,
    errors: AtomicU64,
    /// Whether wrong bytes and errors are what the test is looking for.
    tolerant: bool,
    stop: AtomicBool,
}

/// Reads until it is told to stop.
pub(crate) fn run(image: &Path, diff: &Path, caching: Caching) {
    let mut orders = Orders::take("passive");
    for path in [image, diff] {
        let file = ReadOnlyFile::open(path, caching).expect("a medium");
        println!("passive opened {:?} direct {}", file.medium(), file.is_direct());
    }
    let findings = Findings { tolerant: caching == Caching::Buffered, ..Findings::default() };
    let options =
        PassiveOptions { diff: Some(diff.to_owned()), caching, ..PassiveOptions::default() };
    let stats = thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|seed| {
                let (findings, options) = (&findings, &options);
                scope.spawn(move || {
                    let node = findings.insist(|| Passive::open(image, options))?;
                    let known = BTreeMap::new();
                    Some(Reader { node, findings, random: Random(seed), known }.run())
                })
            })
            .collect();
        println!("passive reads");
        orders.wait_for("stop");
        findings.stop.store(true, Ordering::Relaxed);
        let done = threads.into_iter().filter_map(|thread| thread.join().expect("a reader"));
        done.collect::<Vec<_>>()
    });
    let sum = |of: fn(&PassiveStats) -> u64| stats.iter().map(of).sum::<u64>();
    println!(
        "passive did reads {} bytes {} copies {} redirects {} restarts {} gone {} wrong {} errors {}",
        sum(|stats| stats.counters.reads),
        sum(|stats| stats.read_bytes),
        findings.copies.into_inner(),
        sum(|stats| stats.counters.redirected_reads),
        sum(|stats| stats.counters.restarts),
        sum(|stats| stats.gone),
        findings.wrong.into_inner(),
        findings.errors.into_inner(),
    );
}

impl Findings {
    /// Opens a node. Where errors are looked for, it tries until it can or is told to stop.
    fn insist(&self, open: impl Fn() -> Result<Passive, Error>) -> Option<Passive> {
        while !self.stop.load(Ordering::Relaxed) {
            match open() {
                Ok(node) => return Some(node),
                Err(_) if self.tolerant => _ = self.errors.fetch_add(1, Ordering::Relaxed),
                Err(error) => panic!("a passive node: {error}"),
            }
        }
        None
    }
}

struct Reader<'a> {
    node: Passive,
    findings: &'a Findings,
    random: Random,
    /// What copies were found to be, by number and time: a number whose creation was lost with the
    /// power is given again.
    known: BTreeMap<(u32, i64), Vec<u8>>,
}

impl Reader<'_> {
    fn run(mut self) -> PassiveStats {
        while !self.findings.stop.load(Ordering::Relaxed) {
            let done = self.node.shadow_copies().and_then(|copies| {
                let live = |key: &(u32, i64)| copies.iter().any(|copy| key_of(copy) == *key);
                self.known.retain(|key, _| live(key));
                copies.iter().try_for_each(|copy| self.look_at(copy))
            });
            match done {
                Ok(()) => {}
                Err(error) if matches!(error.engine(), Some(EngineError::Gone { .. })) => {}
                Err(_) if self.findings.tolerant => {
                    self.findings.errors.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => println!("FAULT: a passive read failed: {error}"),
            }
        }
        self.node.stats()
    }

    fn look_at(&mut self, copy: &ShadowCopy) -> Result<(), Error> {
        let key = key_of(copy);
        if !self.known.contains_key(&key) {
            let found = self.assemble(copy)?;
            self.findings.copies.fetch_add(1, Ordering::Relaxed);
            let label: Result<Label, _> = copy.info().about.label.parse();
            if let Err(what) = label.and_then(|label| label.judge(&found)) {
                self.tell(copy, &what);
            }
            self.known.insert(key, found);
        }
        let mut found = vec![0; 64 << 10];
        for _ in 0..PARTS {
            let start = self.random.below(SIZE as u64) as usize;
            let length = 1 + self.random.below(found.len().min(SIZE - start) as u64) as usize;
            copy.read(start as u64, &mut found[..length])?;
            if found[..length] != self.known[&key][start..start + length] {
                self.tell(copy, &format!("{length} bytes at {start} are not as they were"));
            }
        }
        Ok(())
    }

    /// Reads a whole copy, part by part in any order, so that the active overwrites much of it
    /// meanwhile.
    fn assemble(&mut self, copy: &ShadowCopy) -> Result<Vec<u8>, Error> {
        let mut found = vec![0; SIZE];
        let mut parts = Vec::new();
        let mut rest = &mut found[..];
        let mut start = 0;
        while !rest.is_empty() {
            let length = rest.len().min(1 + self.random.below(96 << 10) as usize);
            let (part, more) = rest.split_at_mut(length);
            parts.push((start, part));
            (start, rest) = (start + length as u64, more);
        }
        while !parts.is_empty() {
            let next = self.random.below(parts.len() as u64) as usize;
            let (start, part) = parts.swap_remove(next);
            copy.read(start, part)?;
        }
        Ok(found)
    }

    fn tell(&self, copy: &ShadowCopy, what: &str) {
        self.findings.wrong.fetch_add(1, Ordering::Relaxed);
        if !self.findings.tolerant {
            println!("FAULT: copy {}: {what}", copy.info().id);
        }
    }
}

fn key_of(copy: &ShadowCopy) -> (u32, i64) {
    (copy.info().id.number(), copy.info().about.time)
}
