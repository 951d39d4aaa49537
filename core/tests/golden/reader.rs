//! A reader of a diff area at rest, written from `docs/format.md` alone.

use std::collections::{BTreeMap, BTreeSet};

/// CRC-32C, bit by bit, going on from that of earlier bytes.
fn crc(so_far: u32, bytes: &[u8]) -> u32 {
    let mut crc = !so_far;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}

fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    (0..length).rev().fold(0, |all, nth| all << 8 | u64::from(bytes[at + nth]))
}

/// Old bytes of one chunk.
#[derive(Clone, Copy)]
struct Old {
    /// `None` for zeros.
    slot: Option<u64>,
    sum: u32,
}

/// Everything that a diff area says.
pub(crate) struct Reader<'a> {
    diff: &'a [u8],
    size: u64,
    chunk: u64,
    pub(crate) copies: BTreeMap<u64, (i64, String)>,
    /// By chunk, then by the newest copy when it was preserved.
    old: BTreeMap<u64, BTreeMap<u64, Old>>,
    /// By chunk and copy.
    amended: BTreeMap<(u64, u64), Old>,
    unfinished: BTreeSet<u64>,
    pub(crate) links: usize,
    pub(crate) records: u64,
    /// The copy that the volume is being reverted to.
    pub(crate) reverting: Option<u64>,
    /// Chunks whose bytes are in the origin all the same.
    settled: BTreeSet<u64>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(diff: &'a [u8]) -> Self {
        let whole = |at: &usize| {
            let block = &diff[*at..at + 512];
            block.starts_with(b"SHADOWVL") && number(block, 8, 4) as u32 == crc(0, &block[12..])
        };
        let places = [3584, 4096].into_iter().filter(whole);
        let newest = places.max_by_key(|at| (number(diff, at + 48, 8), number(diff, at + 56, 8)));
        let at = newest.expect("a superblock");
        assert_eq!(number(diff, at + 12, 4), 1);
        let mut reader = Self {
            diff,
            size: number(diff, at + 32, 8),
            chunk: 1 << number(diff, at + 40, 4),
            copies: BTreeMap::new(),
            old: BTreeMap::new(),
            amended: BTreeMap::new(),
            unfinished: BTreeSet::new(),
            links: 0,
            records: 0,
            reverting: None,
            settled: BTreeSet::new(),
        };
        let seed = crc(0, &diff[at + 16..at + 32]);
        let generation = &diff[at + 64..at + 80];
        reader.follow(number(diff, at + 80, 4), number(diff, at + 92, 4), seed, generation);
        assert!(reader.records >= number(diff, at + 152, 8), "fewer records than were counted");
        reader
    }

    fn follow(&mut self, first: u64, slots: u64, seed: u32, generation: &[u8]) {
        let mut at = (first * self.chunk) as usize;
        let mut end = at + (slots * self.chunk) as usize;
        while at + 40 <= end {
            let rest = &self.diff[at..end];
            let length = number(rest, 4, 2) as usize * 8;
            let believed = (40..=rest.len().min(4048)).contains(&length)
                && number(rest, 8, 8) == self.records
                && rest[16..32] == *generation
                && number(rest, 0, 4) as u32 == crc(seed, &rest[4..length]);
            if !believed {
                return;
            }
            self.records += 1;
            let body = &rest[36..length];
            match rest[6] {
                1 | 5 => {
                    let label = &body[72..72 + number(body, 4, 2) as usize];
                    let label = String::from_utf8(label.to_vec()).expect("UTF-8");
                    let copy = number(body, 0, 4);
                    self.unfinished.remove(&copy);
                    if number(body, 6, 2) & 2 != 0 {
                        self.unfinished.insert(copy);
                    }
                    self.copies.insert(copy, (number(body, 8, 8) as i64, label));
                }
                2 => {
                    for nth in 0..number(body, 4, 4) as usize {
                        self.copies.remove(&number(body, 8 + 4 * nth, 4));
                    }
                }
                3 => each_run(body, |chunk, copy, old| {
                    self.old.entry(chunk).or_default().entry(copy).or_insert(old);
                }),
                6 => each_run(body, |chunk, copy, old| {
                    self.amended.entry((chunk, copy)).or_insert(old);
                }),
                4 => {
                    self.links += 1;
                    at = (number(body, 0, 4) * self.chunk) as usize;
                    end = at + (number(body, 4, 4) * self.chunk) as usize;
                    continue;
                }
                7 => {
                    self.reverting = Some(number(body, 0, 4));
                    self.settled.clear();
                }
                8 => {
                    for extent in body.chunks_exact(16) {
                        let first = number(extent, 0, 8);
                        self.settled.extend(first..first + number(extent, 8, 8));
                    }
                }
                9 => self.reverting = None,
                kind => panic!("kind {kind}"),
            }
            at += length;
        }
    }

    /// The volume's bytes, given the origin's.
    pub(crate) fn volume(&self, origin: &[u8]) -> Vec<u8> {
        let Some(copy) = self.reverting else { return origin.to_vec() };
        let mut bytes = self.read(copy, origin);
        for (nth, chunk) in (0..).zip(bytes.chunks_mut(self.chunk as usize)) {
            if self.settled.contains(&nth) {
                let at = (nth * self.chunk) as usize;
                chunk.copy_from_slice(&origin[at..at + chunk.len()]);
            }
        }
        bytes
    }

    /// A copy's bytes, given the origin's.
    pub(crate) fn read(&self, copy: u64, origin: &[u8]) -> Vec<u8> {
        assert!(self.copies.contains_key(&copy));
        assert_eq!(origin.len() as u64, self.size);
        let mut bytes = origin.to_vec();
        for (nth, chunk) in (0..).zip(bytes.chunks_mut(self.chunk as usize)) {
            let amended = self.amended.get(&(nth, copy));
            let amended = amended.filter(|_| !self.unfinished.contains(&copy));
            let preserved = self.old.get(&nth).and_then(|runs| runs.range(copy..).next());
            let Some(old) = amended.or(preserved.map(|(_, old)| old)) else { continue };
            match old.slot {
                None => chunk.fill(0),
                Some(slot) => {
                    let at = (slot * self.chunk) as usize;
                    chunk.copy_from_slice(&self.diff[at..at + chunk.len()]);
                    assert_eq!(crc(0, chunk), old.sum, "chunk {nth} of copy {copy}");
                }
            }
        }
        bytes
    }
}

/// The runs of a record, chunk by chunk: the chunk, the copy, its bytes.
fn each_run(mut body: &[u8], mut each: impl FnMut(u64, u64, Old)) {
    while body.len() >= 16 {
        let place = number(body, 0, 8);
        let (first, count) = (place & ((1 << 48) - 1), (place >> 48) + 1);
        let (copy, slot) = (number(body, 8, 4), number(body, 12, 4));
        let is_zeros = slot == u64::from(u32::MAX);
        for nth in 0..count {
            let old = if is_zeros {
                Old { slot: None, sum: 0 }
            } else {
                let sum = number(body, 16 + 4 * nth as usize, 4) as u32;
                Old { slot: Some(slot + nth), sum }
            };
            each(first + nth, copy, old);
        }
        body = &body[16 + if is_zeros { 0 } else { 4 * count as usize }..];
    }
}
