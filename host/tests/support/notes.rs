//! What a writer that may be killed was told, in a file, and what must hold after its end.
//!
//! Each note is a line, written by one `write`, which outlives the process. Sectors are whole: they
//! are written whole, and the page cache does not tear them. Only where a write has failed they may
//! hold anything, until one succeeds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use parking_lot::Mutex;
use shadowvol::CopyId;
use shadowvol_host::{OpenOptions as VolumeOptions, Passive, PassiveOptions, Volume, check};

use super::sectors::{SECTOR, version_of};
use super::whole::{digest, whole};

/// What was noted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// The digest of each copy.
    pub(crate) copies: BTreeMap<u32, u64>,
    /// Copies whose deletion was begun, and those whose deletion was acknowledged.
    pub(crate) doomed: BTreeMap<u32, bool>,
    /// Whether the oldest copies may have been let go.
    pub(crate) drops: bool,
    /// The last acknowledged version of each sector.
    pub(crate) sectors: BTreeMap<u64, u64>,
    /// Sectors that may have been discarded since.
    pub(crate) cleared: BTreeSet<u64>,
    /// Sectors in which a write has failed, and none succeeded since.
    pub(crate) torn: BTreeSet<u64>,
    /// Sectors in which a write has ever failed.
    pub(crate) scarred: BTreeSet<u64>,
    /// How often other things happened.
    pub(crate) counts: BTreeMap<String, u64>,
}

impl Notes {
    /// The notes in a file; none if there is no file. A line that is being written is none yet.
    pub(crate) fn read(path: &Path) -> Self {
        let mut notes = Self::default();
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let (lines, _) = text.rsplit_once('\n').unwrap_or_default();
        lines.lines().for_each(|line| notes.take(line));
        notes
    }

    fn take(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let number = |nth: usize| words[nth].parse::<u64>().expect("a number");
        let sectors = || number(1)..number(1) + number(2);
        match words[0] {
            "copy" => drop(self.copies.insert(number(1) as u32, number(2))),
            "delete" => drop(self.doomed.entry(number(1) as u32).or_insert(false)),
            "deleted" => drop(self.doomed.insert(number(1) as u32, true)),
            "drops" => self.drops = number(1) == 1,
            "sector" => sectors().for_each(|nth| {
                self.sectors.insert(nth, number(3));
                self.cleared.remove(&nth);
                self.torn.remove(&nth);
            }),
            "clear" => self.cleared.extend(sectors()),
            "cleared" => sectors().for_each(|nth| {
                self.sectors.insert(nth, number(3));
                self.cleared.insert(nth);
                self.torn.remove(&nth);
            }),
            "torn" => {
                self.torn.extend(sectors());
                self.scarred.extend(sectors());
            }
            "scarred" => self.scarred.extend(sectors()),
            "count" => *self.counts.entry(words[1].to_owned()).or_default() += number(2),
            other => panic!("a note {other:?}"),
        }
    }

    /// Takes the role of a volume whose writer has ended, compares all there is with the notes, and
    /// returns the live copies.
    pub(crate) fn hold(&self, image: &Path, what: &str) -> Vec<CopyId> {
        // First as a passive, which must do without recovery.
        let node = Passive::open(image, &PassiveOptions::default()).expect("a node");
        self.copies_hold(&node, what);
        let volume = Volume::open(image, &VolumeOptions::default());
        let volume = volume.unwrap_or_else(|error| panic!("{what}: {error}"));
        let reader = volume.reader().expect("a reader");
        self.copies_hold(&node, what);
        let live = self.copies_hold(&reader, what);
        let mut now = vec![0; volume.size() as usize];
        volume.read(0, &mut now).expect("the volume");
        self.volume_holds(&now, what);
        let report = check(&reader, |_, _| true).expect("a check");
        assert!(report.findings.is_empty(), "{what}: {:?}", report.findings);
        volume.close().expect("a close");
        live
    }

    /// Compares a node's copies with the notes, and returns them.
    fn copies_hold(&self, node: &Passive, what: &str) -> Vec<CopyId> {
        let live = node.shadow_copies().expect("a journal");
        let live: Vec<_> = live.iter().map(|copy| copy.info().id).collect();
        let oldest = live.first().map_or(u32::MAX, |id| id.number());
        for &number in self.copies.keys() {
            let is_there = live.iter().any(|id| id.number() == number);
            match self.doomed.get(&number) {
                None => {
                    let dropped = self.drops && number < oldest;
                    assert!(is_there || dropped, "{what}: copy {number} is lost");
                }
                Some(true) => assert!(!is_there, "{what}: copy {number} is back"),
                Some(false) => {}
            }
        }
        for &id in &live {
            let found = whole(node, id).unwrap_or_else(|error| panic!("{what}: {error}"));
            match self.copies.get(&id.number()) {
                Some(&noted) => assert_eq!(digest(&found), noted, "{what}: copy {id}"),
                None => self.unheard(id, &found, what),
            }
        }
        live
    }

    /// Copies that nobody heard of may be there too, if their sectors are whole.
    fn unheard(&self, id: CopyId, bytes: &[u8], what: &str) {
        for (nth, sector) in (0..).zip(bytes.chunks(SECTOR)) {
            let whole = version_of(nth, sector).is_some() || self.scarred.contains(&nth);
            assert!(whole, "{what}: sector {nth} of copy {id} is torn or another's");
        }
    }

    /// Compares the volume's bytes with the notes.
    fn volume_holds(&self, bytes: &[u8], what: &str) {
        for (nth, sector) in (0..).zip(bytes.chunks(SECTOR)) {
            if self.torn.contains(&nth) {
                continue;
            }
            let version = version_of(nth, sector);
            let noted = self.sectors.get(&nth).copied().unwrap_or(0);
            let right = version >= Some(noted) || version == Some(0) && self.cleared.contains(&nth);
            assert!(right, "{what}: sector {nth} has version {version:?}, not {noted}");
        }
    }
}

/// What notes are written with.
pub(crate) struct Pen(Mutex<File>);

impl Pen {
    pub(crate) fn open(path: &Path) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path);
        Self(Mutex::new(file.expect("a file for notes")))
    }

    pub(crate) fn note(&self, line: &str) {
        self.0.lock().write_all(format!("{line}\n").as_bytes()).expect("a note");
    }
}
