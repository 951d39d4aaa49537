//! The story: a disk rots. Whatever byte of the repository is not what it was, a verification finds
//! it, and no restore returns a wrong byte: it is right, or it fails.

use std::fs;

use shadowvol_host::Error;
use shadowvol_host::backup::{Kind, Repository};

use super::support::{Bed, Random, assert_same, files, is_long};

const SIZE: u64 = 3 << 20;

/// Two backups, of noise and of what compresses.
fn bed() -> (Bed, Vec<(shadowvol_host::backup::BackupId, Vec<u8>)>) {
    let mut bed = Bed::new(SIZE);
    bed.write(0, &Random(1).bytes(200_000));
    bed.write(1 << 20, &b"the same again ".repeat(20_000));
    let mut truths = vec![(bed.backup(Kind::Full).id, bed.truth.clone())];
    bed.write(100, &b"something else ".repeat(1000));
    truths.push((bed.backup(Kind::Incremental).id, bed.truth.clone()));
    (bed, truths)
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_never_restored() {
    let (bed, truths) = bed();
    assert!(bed.verified().is_ok());
    let mut random = Random(3);
    for path in files(&bed.path()) {
        let bytes = fs::read(&path).expect("a file");
        let most = if is_long() { 2000 } else { 40 };
        let mut places: Vec<u64> = (0..most).map(|_| random.below(bytes.len() as u64)).collect();
        // Beginnings and ends say what the rest is.
        places.extend(0..bytes.len().min(16) as u64);
        places.extend((bytes.len().saturating_sub(48)..bytes.len()).map(|at| at as u64));
        for at in places {
            let mut damaged = bytes.clone();
            damaged[at as usize] ^= 1 << random.below(8);
            fs::write(&path, &damaged).expect("a file");
            let what = format!("byte {at} of {} in {}", bytes.len(), path.display());
            check(&bed, &truths, &what);
        }
        fs::write(&path, &bytes).expect("a file");
    }
    assert!(bed.verified().is_ok());
}

/// Something is damaged: it is found, and what is restored nevertheless is right.
fn check(bed: &Bed, truths: &[(shadowvol_host::backup::BackupId, Vec<u8>)], what: &str) {
    let opened = Repository::open(bed.path());
    let found = match &opened {
        Ok(repository) => !repository.verify(None, |_, _| true).expect("a verification").is_ok(),
        Err(Error::Repository(_)) => true,
        Err(error) => panic!("{what}: {error}"),
    };
    assert!(found, "{what} was not found");
    for (id, truth) in truths {
        match bed.restored(*id) {
            Ok(bytes) => assert_same(&bytes, truth, what),
            Err(Error::Repository(_)) => {}
            Err(error) => panic!("{what}: {error}"),
        }
    }
}

#[test]
fn a_file_that_is_cut_or_gone_is_found() {
    let (bed, truths) = bed();
    for path in files(&bed.path()) {
        let bytes = fs::read(&path).expect("a file");
        for length in [0, 1, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).expect("a file");
            check(&bed, &truths, &format!("{length} bytes of {}", path.display()));
        }
        fs::remove_file(&path).expect("a file");
        let within = |folder: &str| path.parent().is_some_and(|parent| parent.ends_with(folder));
        if within("index") {
            // All that it says can be read from the packs.
            assert!(bed.verified().is_ok());
            for (id, truth) in &truths {
                assert_same(&bed.restored(*id).expect("a restore"), truth, "without an index");
            }
        } else if !within("backups") {
            check(&bed, &truths, &format!("without {}", path.display()));
        }
        fs::write(&path, &bytes).expect("a file");
    }
}

#[test]
fn a_report_names_the_backups_and_their_lost_bytes() {
    let (bed, truths) = bed();
    // The second backup's own pack is the smaller one.
    let packs = files(&bed.path().join("packs"));
    let size = |path: &std::path::PathBuf| path.metadata().expect("a pack").len();
    let own = packs.iter().min_by_key(|path| size(path)).expect("a pack");
    let bytes = fs::read(own).expect("a pack");
    let mut damaged = bytes.clone();
    damaged[10] ^= 1;
    fs::write(own, &damaged).expect("a pack");
    let report = bed.verified();
    assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
    assert_eq!((report.backups.len(), report.packs), (2, 2));
    let [(id, extents)] = &report.harmed[..] else { panic!("{:?}", report.harmed) };
    assert_eq!((*id, extents.len(), extents[0].offset), (truths[1].0, 1, 0));
    let one = |nth: usize| {
        let ids = [truths[nth].0];
        bed.repository.verify(Some(&ids), |_, _| true).expect("a verification")
    };
    assert!(one(0).is_ok());
    assert_eq!(one(1).harmed, report.harmed);
    fs::remove_file(own).expect("a pack");
    let report = bed.verified();
    assert!(!report.findings.is_empty());
    assert_eq!((report.harmed.len(), report.harmed[0].0), (1, truths[1].0));
    assert_same(&bed.restored(truths[0].0).expect("a restore"), &truths[0].1, "the other");
    assert!(bed.restored(truths[1].0).is_err());
    assert!(!bed.folder.path().join("restored.partial").exists());
    fs::write(own, &bytes).expect("a pack");
    assert!(bed.verified().is_ok());
}

/// A manifest's name proves that nothing was changed in it, not who has written it.
#[test]
fn a_manifest_with_impossible_numbers_is_damage() {
    let (bed, truths) = bed();
    let backups = bed.path().join("backups");
    let good = fs::read_to_string(backups.join(truths[0].0.to_string())).expect("a manifest");
    let changed = |from: &str, to: &str| {
        let text = good.replace(from, to);
        assert_ne!(text, good, "{from}");
        text
    };
    let size = format!("\"size\": {}", truths[0].1.len());
    let hostile = [
        changed("\"chunk\": 65536", "\"chunk\": 0"),
        changed("\"chunk\": 65536", "\"chunk\": 4097"),
        changed("\"chunk\": 65536", "\"chunk\": 4294963200"),
        changed(&size, &format!("\"size\": {}", u64::MAX)),
        format!("{good}{}", " ".repeat(2 << 20)),
        "[".repeat(1 << 19),
    ];
    for text in hostile {
        let id = blake3::hash(text.as_bytes()).to_hex()[..32].to_owned();
        let path = backups.join(&id);
        fs::write(&path, &text).expect("a manifest");
        assert_eq!(bed.repository.backups().expect("a list").damaged.len(), 1, "{text:.400}");
        let report = bed.verified();
        assert_eq!((report.findings.len(), report.harmed.len()), (1, 0), "{report:?}");
        assert!(bed.restored(id.parse().expect("a name")).is_err());
        fs::remove_file(&path).expect("a manifest");
    }
    let longer = changed(&size, &format!("\"size\": {}", i64::MAX));
    let id = blake3::hash(longer.as_bytes()).to_hex()[..32].to_owned();
    fs::write(backups.join(&id), &longer).expect("a manifest");
    let report = bed.verified();
    assert_eq!(report.harmed.len(), 1, "{report:?}");
    assert!(bed.restored(id.parse().expect("a name")).is_err());
}
