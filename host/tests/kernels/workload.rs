//! What the active writes: a function of numbers, so that whoever reads knows the truth by itself.
//!
//! The volume is divided among [`WRITERS`]. Each time the role is taken a new *life* begins, whose
//! number is the epoch: every writer fills its region, which is version 0 of the life, and then
//! writes extents that follow from life, region and version. Sectors say whose, where, and of which
//! version they are. A shadow copy's label names the life and the versions that were acknowledged
//! before it was taken: later ones may be in it, whole.

use core::fmt;
use core::ops::Range;
use core::str::FromStr;

use crate::random::Random;

/// Bytes of a sector.
pub(crate) const SECTOR: usize = 512;
/// How many threads write, each to its own region.
pub(crate) const WRITERS: usize = 3;
/// Sectors of a region; its borders are no chunk's.
pub(crate) const SECTORS: usize = 701;
/// Bytes of a region.
pub(crate) const REGION: usize = SECTORS * SECTOR;
/// Bytes of the volume.
pub(crate) const SIZE: usize = WRITERS * REGION;

/// What a sector was written by; later ones are greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stamp {
    /// Number of the holding of the role; 0 if the sector was never written.
    pub(crate) life: u64,
    /// Number of the write within the life and region.
    pub(crate) version: u64,
}

/// The bytes of a sector of the volume.
pub(crate) fn sector(nth: usize, stamp: Stamp) -> [u8; SECTOR] {
    let mut bytes = [0; SECTOR];
    let head = [nth as u64, stamp.life, stamp.version];
    let mut filler = Random((nth as u64) << 48 ^ stamp.life << 32 ^ stamp.version);
    for (at, word) in bytes.chunks_exact_mut(8).enumerate() {
        let value = head.get(at).copied().unwrap_or_else(|| filler.next());
        word.copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// What a sector was written by; `None` if it is torn or another's.
pub(crate) fn stamp_of(nth: usize, bytes: &[u8]) -> Option<Stamp> {
    if bytes.iter().all(|&byte| byte == 0) {
        return Some(Stamp::default());
    }
    let word = |at: usize| u64::from_le_bytes(core::array::from_fn(|byte| bytes[at + byte]));
    let stamp = Stamp { life: word(8), version: word(16) };
    (bytes == sector(nth, stamp)).then_some(stamp)
}

/// The sectors of its region that a write goes to.
pub(crate) fn extent_of(life: u64, region: usize, version: u64) -> Range<usize> {
    if version == 0 {
        return 0..SECTORS;
    }
    let mut random = Random(life << 40 ^ (region as u64) << 32 ^ version);
    let start = random.below(SECTORS as u64) as usize;
    let most = (SECTORS - start).min(48) as u64;
    start..start + 1 + random.below(most) as usize
}

/// The versions of a region's sectors after this many writes of a life.
pub(crate) fn versions_after(life: u64, region: usize, version: u64) -> Vec<u64> {
    let mut versions = vec![0; SECTORS];
    for write in 1..=version {
        versions[extent_of(life, region, write)].fill(write);
    }
    versions
}

/// The bytes of a region after this many writes of a life.
pub(crate) fn region_after(life: u64, region: usize, version: u64) -> Vec<u8> {
    let versions = versions_after(life, region, version);
    let first = region * SECTORS;
    let bytes = |(at, version)| sector(first + at, Stamp { life, version });
    versions.into_iter().enumerate().flat_map(bytes).collect()
}

/// What was acknowledged before a shadow copy was taken; its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) life: u64,
    pub(crate) versions: [u64; WRITERS],
}

impl Label {
    /// Whether these are the bytes of the volume at an instant that this label bears: each region
    /// after one of its writes, wholly, and after none that came before the label was made.
    pub(crate) fn judge(&self, volume: &[u8]) -> Result<(), String> {
        for (region, bytes) in volume.chunks(REGION).enumerate() {
            let newest = newest_version(self.life, region, bytes)?;
            let least = self.versions[region];
            if newest < least {
                return Err(format!("region {region}: version {newest}, {least} was acknowledged"));
            }
            let truth = region_after(self.life, region, newest);
            if let Some(at) = bytes.iter().zip(&truth).position(|(found, truth)| found != truth) {
                let nth = region * SECTORS + at / SECTOR;
                let start = at - at % SECTOR;
                let found = stamp_of(nth, &bytes[start..start + SECTOR]);
                return Err(format!("sector {nth}: {found:?} in version {newest} of its region"));
            }
        }
        Ok(())
    }
}

/// The last write of a life that reached a region.
fn newest_version(life: u64, region: usize, bytes: &[u8]) -> Result<u64, String> {
    let mut newest = 0;
    for (at, bytes) in bytes.chunks(SECTOR).enumerate() {
        let nth = region * SECTORS + at;
        let stamp = stamp_of(nth, bytes).ok_or_else(|| format!("sector {nth} is torn"))?;
        if stamp.life != life {
            return Err(format!("sector {nth}: {stamp:?} in a copy of life {life}"));
        }
        newest = newest.max(stamp.version);
    }
    Ok(newest)
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.life)?;
        self.versions.iter().try_for_each(|version| write!(f, " {version}"))
    }
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Result<Vec<u64>, _> = text.split(' ').map(str::parse).collect();
        match numbers.as_deref() {
            Ok(&[life, ref versions @ ..]) if versions.len() == WRITERS => {
                Ok(Self { life, versions: core::array::from_fn(|at| versions[at]) })
            }
            _ => Err(format!("no label: {text:?}")),
        }
    }
}
