//! What actives acknowledged, and whether the next one finds it.
//!
//! The ledger reads what the actives of one volume said, in the order in which they had the role.

use std::collections::BTreeMap;

use crate::workload::{SECTORS, Stamp, WRITERS, versions_after};

/// A copy's number and time: a number whose creation was lost with the power is given again.
type Key = (u32, i64);

/// What is known of one volume.
#[derive(Debug)]
pub(crate) struct Ledger {
    life: u64,
    /// Labels of acknowledged copies.
    copies: BTreeMap<Key, String>,
    /// Copies whose deletion was begun, and whether it was acknowledged.
    doomed: BTreeMap<u32, bool>,
    /// What each sector was flushed with.
    flushed: Vec<Stamp>,
    /// The last acknowledged version of each region, flushed or not.
    wrote: [u64; WRITERS],
    /// What the active that is taking the role has found so far.
    live: BTreeMap<Key, String>,
    found: Vec<Stamp>,
    /// Acknowledged copies in all.
    pub(crate) acknowledged: usize,
    /// How often the role was taken after another had it.
    pub(crate) takeovers: usize,
    /// Acknowledged writes that nobody had flushed, and that went with the power.
    pub(crate) unflushed: u64,
    /// Whether each holder said that it was fenced.
    pub(crate) fenced: usize,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            life: 0,
            copies: BTreeMap::new(),
            doomed: BTreeMap::new(),
            flushed: vec![Stamp::default(); WRITERS * SECTORS],
            wrote: [0; WRITERS],
            live: BTreeMap::new(),
            found: vec![Stamp::default(); WRITERS * SECTORS],
            acknowledged: 0,
            takeovers: 0,
            unflushed: 0,
            fenced: 0,
        }
    }

    /// Reads on. Fails the test when an active takes the role without finding all that must be.
    pub(crate) fn read(&mut self, said: &[String]) {
        said.iter()
            .filter_map(|line| line.strip_prefix("active "))
            .for_each(|note| self.note(note));
    }

    /// Sectors of earlier lives, among those that were found by the active that filled all of them.
    pub(crate) fn late_sectors(&self, said: &[String]) -> usize {
        let found = said.iter().filter_map(|line| line.strip_prefix("active found "));
        let runs = found.map(|note| match note.split(' ').collect::<Vec<_>>()[..] {
            [_, count, life, _] if life != self.life.to_string() => count.parse().unwrap_or(0),
            _ => 0,
        });
        runs.sum()
    }

    fn note(&mut self, note: &str) {
        let (verb, rest) = note.split_once(' ').unwrap_or((note, ""));
        let words: Vec<_> = rest.split(' ').collect();
        let number = |nth: usize| {
            let number = words.get(nth).and_then(|word| word.parse::<u64>().ok());
            number.unwrap_or_else(|| panic!("a note {note:?}"))
        };
        match verb {
            "live" | "copy" => {
                let time = words.get(1).and_then(|word| word.parse().ok());
                let key = (number(0) as u32, time.unwrap_or_else(|| panic!("a note {note:?}")));
                let copies = if verb == "live" { &mut self.live } else { &mut self.copies };
                copies.insert(key, words[2..].join(" "));
                self.acknowledged += usize::from(verb == "copy");
            }
            "found" => {
                let stamp = Stamp { life: number(2), version: number(3) };
                let first = number(0) as usize;
                self.found[first..first + number(1) as usize].fill(stamp);
            }
            "role" => self.take_over(number(0)),
            "delete" => drop(self.doomed.entry(number(0) as u32).or_insert(false)),
            "deleted" => drop(self.doomed.insert(number(0) as u32, true)),
            "wrote" => self.wrote[number(0) as usize] = number(1),
            "flushed" if rest != "all" => {
                let (life, region, version) = (self.life, number(0) as usize, number(1));
                let versions = versions_after(life, region, version).into_iter();
                let stamps = versions.map(|version| Stamp { life, version });
                for (sector, stamp) in self.flushed[region * SECTORS..].iter_mut().zip(stamps) {
                    *sector = stamp;
                }
            }
            "fenced" => self.fenced += 1,
            "flushed" | "held" | "scribbled" | "closed" => {}
            _ => panic!("a note {note:?}"),
        }
    }

    fn take_over(&mut self, life: u64) {
        assert!(life > self.life, "epoch {life} after {}", self.life);
        let live = core::mem::take(&mut self.live);
        for (key, label) in &self.copies {
            match self.doomed.get(&key.0) {
                None => assert_eq!(live.get(key), Some(label), "copy {key:?} is lost"),
                Some(true) => assert!(!live.contains_key(key), "deleted copy {key:?} is back"),
                Some(false) => {}
            }
        }
        for (nth, (found, flushed)) in self.found.iter().zip(&self.flushed).enumerate() {
            assert!(found >= flushed, "sector {nth} is {found:?}, {flushed:?} was flushed");
        }
        for (region, wrote) in self.wrote.iter().enumerate() {
            let found = &self.found[region * SECTORS..(region + 1) * SECTORS];
            let of_life = found.iter().filter(|stamp| stamp.life == self.life);
            let newest = of_life.map(|stamp| stamp.version).max().unwrap_or(0);
            self.unflushed += wrote.saturating_sub(newest);
        }
        self.takeovers += usize::from(self.life > 0);
        (self.life, self.copies, self.wrote) = (life, live, [0; WRITERS]);
        self.doomed.clear();
    }
}
