//! The active node is killed at random moments, hundreds of times, and nothing is lost.
//!
//! The test binary starts itself again as a writer: three threads fill their ranges with sectors
//! that describe themselves, a fourth takes, deletes and compacts. What is acknowledged is noted in
//! a file by one `write` a line, which outlives the process. The parent kills the writer at a random
//! moment, opening included, takes the role itself and compares: every copy has the digest that was
//! noted for its instant, every acknowledged write is there, sectors are whole, and the check finds
//! nothing. A reader in a third process lives through all of it, and tells when any copy has two
//! digests.
//!
//! Some of the copies are taken as a set, and edited before they are finished: whenever the writer
//! dies, an edit is there as a whole, in a finished copy, or not at all.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

use parking_lot::{Mutex, RwLock};
use shadowvol::set::Veto;
use shadowvol::{Attributes, CopyId};
use shadowvol_host::set::{BackupSet, Draft, Participant, SetOptions};
use shadowvol_host::{
    CreateOptions, Durability, Error, OpenOptions, Passive, PassiveOptions, Volume,
};

use super::notes::{Notes, Pen};
use super::sectors::{SECTOR, sector, version_of};
use super::support::{Random, digest, is_gone, is_long, whole};

const WRITERS: u64 = 3;
/// Sectors of each writer; no border is a chunk's.
const SECTORS: u64 = 301;
const SIZE: u64 = WRITERS * SECTORS * SECTOR as u64;
const FOLDER: &str = "SHADOWVOL_TEST_KILL_FOLDER";

#[test]
fn killing_the_active_loses_nothing() {
    let kills = if is_long() { 300 } else { 30 };
    for durability in [Durability::Coherent, Durability::Durable] {
        let folder = tempfile::tempdir().expect("a folder");
        let place = Place(folder.path().to_owned());
        let options = CreateOptions { size: Some(SIZE), durability, ..Default::default() };
        Volume::create(place.image(), &options).expect("a volume").close().expect("a close");
        let mut reader = place.start("kill::reader", Stdio::null());
        let mut random = Random(7);
        let mut edits = 0;
        for kill in 0..kills / 2 {
            let before = place.noted();
            let mut writer = place.start("kill::writer", Stdio::null());
            // Half of the moments fall behind a new copy, the others anywhere, as into the opening.
            // Nothing depends on how long it is.
            while kill % 2 == 0 && place.noted() == before {
                assert!(writer.try_wait().expect("a child").is_none(), "{}", place.told());
                thread::sleep(Duration::from_millis(1));
            }
            thread::sleep(Duration::from_micros(5_000 + random.below(200_000)));
            writer.kill().expect("a running child");
            writer.wait().expect("a child");
            let what = format!("{durability:?}, kill {kill}");
            Notes::read(&place.notes()).hold(&place.image(), &what);
            edits += edits_are_whole(&place.image(), &what);
            assert!(reader.try_wait().expect("a child").is_none(), "the reader: {}", place.told());
        }
        reader.kill().expect("a running child");
        reader.wait().expect("a child");
        let notes = Notes::read(&place.notes());
        assert!(notes.copies.len() > 3, "{} copies: {}", notes.copies.len(), place.told());
        assert!(edits > 0, "no copy was edited: {}", place.told());
    }
}

/// Sectors that an edit changes, far apart: each stretch takes a barrier of its own.
const EDITED: [core::ops::Range<u64>; 3] = [3..20, 300..310, 890..903];
/// Their version in the copy, which the volume never has.
const EDIT: u64 = 1 << 40;

/// Changes every copy of a set.
struct Editor;

impl Participant for Editor {
    fn name(&self) -> String {
        "editor".into()
    }

    fn post_snapshot(&self, copies: &[Draft]) -> Result<(), Veto> {
        let failed = |error: Error| Veto::for_good(error.to_string());
        let fork = copies[0].writable().map_err(failed)?;
        for nth in EDITED.into_iter().flatten() {
            fork.write(nth * SECTOR as u64, &sector(nth, EDIT)).map_err(failed)?;
        }
        Ok(())
    }

    fn abort(&self) -> Result<(), Veto> {
        Ok(())
    }
}

/// Looks at all copies that a dead writer has left; says in how many there is an edit.
fn edits_are_whole(image: &Path, what: &str) -> usize {
    let node = open_reader(image);
    let mut edits = 0;
    for copy in node.shadow_copies().expect("a journal") {
        let about = &copy.info().about;
        let bytes = whole(&node, copy.info().id).expect("a live copy");
        let is_edited = about.attributes.contains(Attributes::RECOVERED);
        assert!(!(is_edited && about.is_unfinished()), "{what}");
        for (nth, sector) in (0..).zip(bytes.chunks(SECTOR)) {
            let wanted = is_edited && EDITED.iter().any(|range| range.contains(&nth));
            let found = version_of(nth, sector) == Some(EDIT);
            assert_eq!(found, wanted, "{what}: sector {nth} of copy {}", copy.info().id);
        }
        edits += usize::from(is_edited);
    }
    edits
}

/// Takes an edited copy.
fn edited(volume: &Volume) -> CopyId {
    let mut set = BackupSet::new(SetOptions::default());
    set.volume("disk", volume).expect("a volume").require(Arc::new(Editor));
    let set = set.prepare().expect("prepared").create().expect("created");
    let copy = set.copies()[0].id;
    set.complete(true);
    copy
}

/// Where a volume and the notes about it are.
struct Place(PathBuf);

impl Place {
    fn image(&self) -> PathBuf {
        self.0.join("disk.img")
    }

    fn start(&self, name: &str, output: Stdio) -> Child {
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(FOLDER, &self.0)
            .stdout(output)
            .stderr(File::create(self.0.join("errors")).expect("a file"))
            .spawn()
            .expect("a child")
    }

    fn told(&self) -> String {
        std::fs::read_to_string(self.0.join("errors")).unwrap_or_default()
    }

    /// How many copies were noted, by a writer that may be noting one now.
    fn noted(&self) -> usize {
        let notes = std::fs::read_to_string(self.notes()).unwrap_or_default();
        notes.matches("copy ").count()
    }

    fn notes(&self) -> PathBuf {
        self.0.join("notes")
    }
}

#[test]
#[ignore = "a child of killing_the_active_loses_nothing"]
fn writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let place = Place(folder.into());
    let notes = Notes::read(&place.notes());
    let pen = Pen::open(&place.notes());
    let volume = Volume::open(place.image(), &OpenOptions::default()).expect("the role");
    let mut now = vec![0; SIZE as usize];
    volume.read(0, &mut now).expect("the volume");
    let last = (0..).zip(now.chunks(SECTOR)).map(|(nth, sector)| version_of(nth, sector)).max();
    let version = AtomicU64::new(last.flatten().unwrap_or(0));
    // Held for a write, and alone for a creation whose truth is taken from memory.
    let quiet = RwLock::new(());
    let now: Vec<_> = (0..WRITERS).map(|nth| Mutex::new(now[range(nth)].to_vec())).collect();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (volume, version, quiet, now, pen) = (&volume, &version, &quiet, &now, &pen);
            scope.spawn(move || {
                let mut random = Random(version.load(Ordering::Relaxed) * 10 + writer);
                for round in 0_u64.. {
                    let _quiet = quiet.read();
                    let first = random.below(SECTORS);
                    let count = 1 + random.below(40.min(SECTORS - first));
                    let version = version.fetch_add(1, Ordering::Relaxed) + 1;
                    let start = writer * SECTORS + first;
                    let data: Vec<_> =
                        (start..start + count).flat_map(|nth| sector(nth, version)).collect();
                    volume.write(start * SECTOR as u64, &data).expect("a write");
                    let at = first as usize * SECTOR;
                    now[writer as usize].lock()[at..at + data.len()].copy_from_slice(&data);
                    pen.note(&format!("sector {start} {count} {version}"));
                    if round % 50 == 49 {
                        volume.flush().expect("a flush");
                    }
                }
            });
        }
        // Those that the writer before was in the middle of.
        volume.collect_orphans().expect("deletions");
        let mut live: Vec<_> = volume.shadow_copies().expect("copies");
        live.retain(|copy| !notes.doomed.contains_key(&copy.id.number()));
        let mut live: Vec<_> = live.iter().map(|copy| copy.id).collect();
        let mut random = Random(version.load(Ordering::Relaxed));
        let own = volume.reader().expect("a reader");
        // However short each writer lives, all kinds of copies are taken by one of them.
        for round in notes.copies.len().. {
            let (copy, truth) = if round % 3 == 2 {
                let copy = edited(&volume);
                (copy, digest(&whole(&own, copy).expect("a live copy")))
            } else if round % 2 == 0 {
                let _quiet = quiet.write();
                let copy = volume.create_shadow_copy("quiet").expect("a copy");
                let truth: Vec<_> = now.iter().flat_map(|bytes| bytes.lock().clone()).collect();
                (copy.id, digest(&truth))
            } else {
                // With writes in flight: what it is first, it is for ever.
                let copy = volume.create_shadow_copy("in the middle").expect("a copy");
                (copy.id, digest(&whole(&own, copy.id).expect("a live copy")))
            };
            pen.note(&format!("copy {} {truth}", copy.number()));
            live.push(copy);
            if live.len() > 6 {
                let old = live.swap_remove(random.below(live.len() as u64) as usize);
                pen.note(&format!("delete {}", old.number()));
                volume.delete_shadow_copies(&[old]).expect("a deletion");
                pen.note(&format!("deleted {}", old.number()));
            }
            if round % 5 == 4 {
                volume.compact().expect("a compaction");
            }
        }
    });
}

fn range(writer: u64) -> core::ops::Range<usize> {
    let length = SECTORS as usize * SECTOR;
    writer as usize * length..(writer as usize + 1) * length
}

#[test]
#[ignore = "a child of killing_the_active_loses_nothing"]
fn reader() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let place = Place(folder.into());
    let node = open_reader(&place.image());
    let mut seen: BTreeMap<(CopyId, i64), u64> = BTreeMap::new();
    loop {
        for copy in node.shadow_copies().expect("a journal") {
            // It is its maker's alone.
            if copy.info().about.is_unfinished() {
                continue;
            }
            let mut bytes = vec![0; SIZE as usize];
            match copy.read(0, &mut bytes) {
                Ok(()) => {}
                Err(error) if is_gone(&error) => continue,
                Err(error) => panic!("copy {}: {error}", copy.info().id),
            }
            let found = digest(&bytes);
            let key = (copy.info().id, copy.info().about.time);
            let first = *seen.entry(key).or_insert(found);
            assert_eq!(found, first, "copy {} was read differently before", copy.info().id);
        }
    }
}

/// The diff area is there from the start, but its holder may be changing at this moment.
fn open_reader(image: &Path) -> Passive {
    match Passive::open(image, &PassiveOptions::default()) {
        Ok(node) => node,
        Err(Error::Engine(error)) => panic!("opening: {error}"),
        Err(error) => panic!("opening: {error}"),
    }
}
