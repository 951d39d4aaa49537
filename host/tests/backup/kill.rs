//! The story: a backup is killed at random moments, with SIGKILL, again and again. The last good one
//! is whole after each, and the next run stores nothing that a killed one has stored.

use core::time::Duration;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use shadowvol_host::backup::{BackupOptions, Kind, Repository, RestoreOptions};
use shadowvol_host::{CreateOptions, Passive, PassiveOptions, Volume};

use super::reader;
use super::support::{Random, assert_same, files, is_long};

const FOLDER: &str = "SHADOWVOL_TEST_BACKUP";
const SIZE: u64 = 96 << 20;

#[test]
fn a_killed_backup_harms_nothing_and_is_resumed() {
    let folder = tempfile::tempdir().expect("a folder");
    let (image, place) = (folder.path().join("disk.img"), folder.path().join("backups"));
    let options = CreateOptions { size: Some(SIZE), ..Default::default() };
    let volume = Volume::create(&image, &options).expect("a volume");
    volume.write(0, &Random(1).bytes(1 << 20)).expect("a write");
    volume.create_shadow_copy("").expect("a copy");
    let repository = Repository::create(&place).expect("a repository");
    let good = back_up(&image, &repository, Kind::Full);
    let first = whole(&image);
    volume.write(0, &Random(2).bytes(SIZE as usize)).expect("a write");
    volume.create_shadow_copy("").expect("a copy");
    let mut random = Random(7);
    let (mut killed, mut left) = (0, 0);
    for round in 0..if is_long() { 60 } else { 8 } {
        let mut child = start(folder.path());
        // Some of the first ones while nothing is stored, the others when more is than before.
        if round % 3 > 0 {
            while packs(&place).len() <= left {
                if child.try_wait().expect("a child").is_some() {
                    break;
                }
                thread::sleep(Duration::from_millis(1));
            }
        }
        thread::sleep(Duration::from_micros(random.below(60_000)));
        let ended = child.try_wait().expect("a child").is_some();
        child.kill().expect("a child");
        child.wait().expect("a child");
        killed += u32::from(!ended);
        left = packs(&place).len();
        let restored = folder.path().join("restored");
        repository
            .restore(good.id, &restored, RestoreOptions::default(), |_, _| true)
            .expect("a restore");
        assert_same(&fs::read(restored).expect("a file"), &first, "the last good one");
        let report = repository.verify(None, |_, _| true).expect("a verification");
        assert!(report.is_ok(), "{report:?}");
        if ended {
            // Begin again with a repository that has only the first.
            let listing = repository.backups().expect("a list");
            let remove = listing.backups[1..].iter().map(|backup| backup.id).collect();
            let options = shadowvol_host::backup::PruneOptions { remove, ..Default::default() };
            repository.prune(&options, |_, _| true).expect("a pruning");
            left = packs(&place).len();
        }
    }
    assert!(killed > 2, "{killed} were killed");
    let before = stored(&place);
    let last = back_up(&image, &repository, Kind::Full);
    assert_eq!(stored(&place) - before, last.manifest.stored);
    let hashes = reader::chunks(&place);
    let mut distinct = hashes.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), hashes.len(), "chunks were stored twice");
    let restored = folder.path().join("restored");
    repository
        .restore(last.id, &restored, RestoreOptions::default(), |_, _| true)
        .expect("a restore");
    assert_same(&fs::read(restored).expect("a file"), &whole(&image), "the resumed one");
    assert!(files(&place).iter().all(|path| !path.to_string_lossy().ends_with(".partial")));
    volume.close().expect("a close");
}

fn start(folder: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "kill::victim", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a child")
}

#[test]
#[ignore = "a child of a_killed_backup_harms_nothing_and_is_resumed"]
fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = PathBuf::from(folder);
    let repository = Repository::open(folder.join("backups")).expect("a repository");
    back_up(&folder.join("disk.img"), &repository, Kind::Full);
}

fn newest(image: &Path) -> shadowvol_host::ShadowCopy {
    let node = Passive::open(image, &PassiveOptions::default()).expect("a node");
    node.find_newest().expect("copies").expect("a copy")
}

fn back_up(image: &Path, repository: &Repository, kind: Kind) -> shadowvol_host::backup::Backup {
    let options = BackupOptions { kind, ..BackupOptions::default() };
    repository.backup(&newest(image), &options, |_, _| true).expect("a backup")
}

fn whole(image: &Path) -> Vec<u8> {
    let mut bytes = vec![0; SIZE as usize];
    newest(image).read(0, &mut bytes).expect("a copy");
    bytes
}

fn packs(place: &Path) -> Vec<PathBuf> {
    let all = files(&place.join("packs"));
    all.into_iter().filter(|path| !path.to_string_lossy().ends_with(".partial")).collect()
}

fn stored(place: &Path) -> u64 {
    packs(place).iter().map(|path| path.metadata().expect("a pack").len()).sum()
}
