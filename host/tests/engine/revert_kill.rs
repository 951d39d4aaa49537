//! A process that reverts its volume is killed, again and again, and the volume is always either what
//! it was or the copy, with what was acknowledged since.
//!
//! The test binary starts itself again. The child has one thread that takes copies, deletes, writes
//! and begins reverts, and notes each before it begins and when it is acknowledged; another goes on
//! with a revert meanwhile. The parent kills it at a random moment, opening and going on included,
//! takes the role itself and compares every sector and every copy with what the notes add up to. At
//! most one thing was under way: of a write each sector may be old or new, of a revert the whole
//! volume is.

use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;

use shadowvol::CopyId;
use shadowvol_host::{CreateOptions, Durability, OpenOptions, RevertOptions, Volume, check};

use super::notes::Pen;
use super::sectors::{SECTOR, sector, version_of};
use super::support::{Random, is_long, whole};

/// More than is settled at once, and no multiple of a chunk.
const SECTORS: u64 = (6 << 11) + 3;
const SIZE: u64 = SECTORS * SECTOR as u64;
const FOLDER: &str = "SHADOWVOL_TEST_REVERT_FOLDER";

/// The version of each sector.
type Versions = Vec<u64>;

#[test]
fn killing_a_revert_leaves_one_of_two_volumes() {
    let kills = if is_long() { 150 } else { 15 };
    for durability in [Durability::Coherent, Durability::Durable] {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place(folder.path().to_owned());
        let options = CreateOptions { size: Some(SIZE), durability, ..Default::default() };
        Volume::create(place.image(), &options).expect("a volume").close().expect("a close");
        let mut model = Model::default();
        let mut random = Random(11);
        let (mut kill, mut met) = (0, 0);
        // More of them, where the machine's other work lets too few meet a revert.
        while kill < kills || met <= kills / 10 {
            assert!(kill < 10 * kills, "only {met} kills met a revert that was under way");
            kill += 1;
            fs::write(place.notes(), "").expect("empty notes");
            let mut child = place.start();
            // Half of the moments lie behind the beginning of a revert, the others anywhere.
            while kill % 2 == 0 && !place.told_of("revert ") {
                assert!(child.try_wait().expect("a child").is_none(), "{}", place.errors());
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_micros(random.below(60_000)));
            child.kill().expect("a running child");
            child.wait().expect("a child");
            let what = format!("{durability:?}, kill {kill}: {}", place.errors());
            model.follow(&fs::read_to_string(place.notes()).expect("notes"));
            met += u64::from(model.hold(&place.image(), &what));
        }
    }
}

struct Place(PathBuf);

impl Place {
    fn image(&self) -> PathBuf {
        self.0.join("disk.img")
    }

    fn notes(&self) -> PathBuf {
        self.0.join("notes")
    }

    fn told_of(&self, word: &str) -> bool {
        fs::read_to_string(self.notes()).unwrap_or_default().contains(word)
    }

    fn errors(&self) -> String {
        fs::read_to_string(self.0.join("errors")).unwrap_or_default()
    }

    fn start(&self) -> Child {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "revert_kill::child", "--ignored", "--nocapture"])
            .env(FOLDER, &self.0)
            .stdout(Stdio::null())
            .stderr(File::create(self.0.join("errors")).expect("a file"))
            .spawn()
            .expect("a child")
    }
}

/// What the notes add up to.
#[derive(Default)]
struct Model {
    volume: Versions,
    copies: BTreeMap<u32, Versions>,
    pending: Option<Pending>,
}

/// What was begun and not acknowledged.
enum Pending {
    Write(core::ops::Range<usize>, u64),
    Copy,
    Delete(u32),
    Revert(u32),
}

impl Model {
    fn follow(&mut self, notes: &str) {
        self.volume.resize(SECTORS as usize, 0);
        // The last line may be torn.
        let end = notes.rfind('\n').map_or(0, |at| at + 1);
        for line in notes[..end].lines() {
            let mut words = line.split(' ');
            let what = words.next().expect("a word");
            let numbers: Vec<u64> = words.map(|word| word.parse().expect("a number")).collect();
            let range = |numbers: &[u64]| numbers[0] as usize..(numbers[0] + numbers[1]) as usize;
            self.pending = None;
            match (what, &*numbers) {
                ("writing", [.., version]) => {
                    self.pending = Some(Pending::Write(range(&numbers), *version));
                }
                ("write", [.., version]) => self.volume[range(&numbers)].fill(*version),
                ("copying", []) => self.pending = Some(Pending::Copy),
                ("copy", [id]) => {
                    self.copies.insert(*id as u32, self.volume.clone());
                }
                ("deleting", [id]) => self.pending = Some(Pending::Delete(*id as u32)),
                ("delete", [id]) => {
                    self.copies.remove(&(*id as u32));
                }
                ("reverting", [id]) => self.pending = Some(Pending::Revert(*id as u32)),
                ("revert", [id]) => self.volume.clone_from(&self.copies[&(*id as u32)]),
                _ => panic!("a note that nobody makes: {line}"),
            }
        }
    }

    /// Compares the volume and its copies with the notes; whether a revert is under way.
    fn hold(&mut self, image: &Path, what: &str) -> bool {
        let volume = Volume::open(image, &OpenOptions::default()).expect(what);
        let found = versions(&read(&volume), what);
        match self.pending.take() {
            Some(Pending::Write(range, version)) => {
                for nth in range.filter(|&nth| found[nth] == version) {
                    self.volume[nth] = version;
                }
            }
            Some(Pending::Revert(id)) if found == self.copies[&id] => {
                self.volume.clone_from(&found);
            }
            Some(Pending::Copy) => {
                let copies = volume.shadow_copies().expect(what);
                if let Some(last) = copies.last()
                    && !self.copies.contains_key(&last.id.number())
                {
                    self.copies.insert(last.id.number(), self.volume.clone());
                }
            }
            Some(Pending::Delete(id))
                if volume.shadow_copy(CopyId::new(id).expect("a number")).is_err() =>
            {
                self.copies.remove(&id);
            }
            _ => {}
        }
        let wrong = found.iter().zip(&self.volume).position(|(found, truth)| found != truth);
        assert_eq!(wrong, None, "the first wrong sector of the volume: {what}");
        let node = volume.reader().expect(what);
        let live: Vec<_> =
            volume.shadow_copies().expect(what).iter().map(|copy| copy.id.number()).collect();
        assert!(live.iter().eq(self.copies.keys()), "{live:?}: {what}");
        for (&id, truth) in &self.copies {
            let bytes = whole(&node, CopyId::new(id).expect("a number")).expect(what);
            assert!(versions(&bytes, what) == *truth, "copy {id}: {what}");
        }
        assert_eq!(check(&node, |_, _| true).expect(what).findings, [], "{what}");
        let reverting = volume.reverting().expect(what).is_some();
        volume.close().expect(what);
        reverting
    }
}

fn read(volume: &Volume) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    volume.read(0, &mut bytes).expect("the volume");
    bytes
}

fn versions(bytes: &[u8], what: &str) -> Versions {
    let version = |(nth, bytes)| {
        version_of(nth, bytes).unwrap_or_else(|| panic!("sector {nth} is torn: {what}"))
    };
    (0..).zip(bytes.chunks(SECTOR)).map(version).collect()
}

#[test]
#[ignore = "a child of killing_a_revert_leaves_one_of_two_volumes"]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let place = Place(folder.into());
    let pen = Pen::open(&place.notes());
    let volume = Volume::open(place.image(), &OpenOptions::default()).expect("the role");
    let copies = volume.shadow_copies().expect("copies");
    let mut version = 1 + versions(&read(&volume), "").into_iter().max().unwrap_or(0);
    version += 1_000 * u64::from(copies.last().map_or(0, |copy| copy.id.number()));
    let mut random = Random(version);
    // Not so fast that no kill meets it.
    let go_on = |copy| {
        volume.revert(copy, RevertOptions::default(), |_, _| {
            thread::sleep(Duration::from_millis(30));
            true
        })
    };
    thread::scope(|scope| {
        let mut under_way = None;
        if let Some(copy) = volume.reverting().expect("open") {
            under_way = Some(scope.spawn(move || go_on(copy)));
        }
        loop {
            for _ in 0..1 + random.below(6) {
                let first = random.below(SECTORS);
                let count = 1 + random.below(3_000.min(SECTORS - first));
                version += 1;
                let data: Vec<_> =
                    (first..first + count).flat_map(|nth| sector(nth, version)).collect();
                pen.note(&format!("writing {first} {count} {version}"));
                volume.write(first * SECTOR as u64, &data).expect("a write");
                pen.note(&format!("write {first} {count} {version}"));
            }
            if random.below(2) == 0
                && let Some(thread) = under_way.take()
            {
                thread.join().expect("no panic").expect("the rest of a revert");
            }
            if under_way.is_some() {
                continue;
            }
            pen.note("copying");
            let copy = volume.create_shadow_copy("").expect("a copy").id;
            pen.note(&format!("copy {copy}"));
            let copies = volume.shadow_copies().expect("copies");
            if copies.len() > 3 {
                let old = copies[random.below(2) as usize].id;
                pen.note(&format!("deleting {old}"));
                volume.delete_shadow_copies(&[old]).expect("a deletion");
                pen.note(&format!("delete {old}"));
            }
            let copies = volume.shadow_copies().expect("copies");
            let copy = copies[random.below(copies.len() as u64) as usize].id;
            pen.note(&format!("reverting {copy}"));
            // It pauses when it has settled the first part; when there is none, it is over.
            let begun = volume.revert(copy, RevertOptions::default(), |_, _| false);
            pen.note(&format!("revert {copy}"));
            if begun.is_err() {
                under_way = Some(scope.spawn(move || go_on(copy)));
            }
        }
    });
}
