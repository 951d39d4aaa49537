//! A reader that knows only `docs/repository.md`, and uses nothing of the crate.
//!
//! The repository outlives the program that wrote it. If that page is wrong, so is this reader. It
//! takes the slow way that the page describes: all packs' directories first, no index.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use shadowvol_host::backup::Kind;

use super::support::{Bed, Random, assert_same};

/// A chunk as a pack's directory has it.
struct Record {
    hash: [u8; 32],
    stored: Vec<u8>,
    plain: usize,
    crc: u32,
    coding: u32,
}

#[test]
fn a_stranger_can_read_every_backup() {
    let mut bed = Bed::new((40 << 20) + 4096);
    let mut truths = Vec::new();
    let mut random = Random(11);
    for kind in [Kind::Full, Kind::Incremental, Kind::Copy, Kind::Differential] {
        for _ in 0..6 {
            bed.scribble(&mut random, 2 << 20);
        }
        truths.push((bed.backup(kind).id.to_string(), bed.truth.clone()));
    }
    for (id, truth) in truths {
        assert_same(&restore(&bed.path(), &id), &truth, &id);
    }
}

/// The names of all chunks of all packs, as often as they are stored.
pub(crate) fn chunks(repository: &Path) -> Vec<[u8; 32]> {
    records(repository).into_iter().map(|record| record.hash).collect()
}

fn restore(repository: &Path, id: &str) -> Vec<u8> {
    let bytes = fs::read(repository.join("config")).expect("a configuration");
    let end = bytes.iter().position(|&byte| byte == b'\n').expect("a line") + 1;
    let seal = format!("{}\n", blake3::hash(&bytes[..end]).to_hex());
    assert_eq!(&bytes[end..], seal.as_bytes());
    let config: serde_json::Value = serde_json::from_slice(&bytes[..end]).expect("JSON");
    assert_eq!(config["format"], "shadowvol backup repository");
    assert_eq!(config["version"], 1);

    let bytes = fs::read(repository.join("backups").join(id)).expect("a manifest");
    assert_eq!(blake3::hash(&bytes).to_hex()[..32], *id);
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
    let size = manifest["size"].as_u64().expect("a size");
    let chunk = manifest["chunk"].as_u64().expect("a chunk size");
    let root = blake3::Hash::from_hex(manifest["root"].as_str().expect("a root")).expect("digits");

    let plain: HashMap<[u8; 32], Vec<u8>> =
        records(repository).into_iter().map(|record| (record.hash, decode(&record))).collect();
    let mut level = 1;
    while chunk * 256_u64.pow(level) < size {
        level += 1;
    }
    let mut names = vec![*root.as_bytes()];
    while level > 0 {
        level -= 1;
        let count = size.div_ceil(chunk * 256_u64.pow(level)) as usize;
        let mut below = Vec::new();
        for name in names {
            if name == [0; 32] {
                below.extend([[0; 32]; 256]);
            } else {
                below.extend_from_slice(plain[&name].as_chunks::<32>().0);
            }
        }
        below.truncate(count);
        assert_eq!(below.len(), count);
        names = below;
    }
    let mut volume = vec![0; size as usize];
    for (place, name) in volume.chunks_mut(chunk as usize).zip(names) {
        if name != [0; 32] {
            place.copy_from_slice(&plain[&name]);
        }
    }
    volume
}

fn decode(record: &Record) -> Vec<u8> {
    let plain = match record.coding {
        0 => record.stored.clone(),
        1 => zstd::decode_all(&record.stored[..]).expect("a frame"),
        coding => panic!("coding {coding}"),
    };
    assert_eq!(crc(&record.stored), record.crc);
    assert_eq!(plain.len(), record.plain);
    assert_eq!(blake3::hash(&plain).as_bytes(), &record.hash);
    plain
}

fn records(repository: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for entry in fs::read_dir(repository.join("packs")).expect("packs") {
        let path = entry.expect("a pack").path();
        if path.extension().is_some_and(|ending| ending == "partial") {
            continue;
        }
        let bytes = fs::read(&path).expect("a pack");
        let (front, footer) = bytes.split_at(bytes.len() - 16);
        assert_eq!((&bytes[..8], &footer[8..]), (&b"SVPACK01"[..], &b"SVPACKED"[..]));
        let directory = &front[front.len() - 48 * number(footer) as usize..];
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(blake3::hash(directory).to_hex()[..], name);
        assert_eq!(crc(&[directory, &footer[..4]].concat()), number(&footer[4..]));
        let mut at = 8;
        for record in directory.chunks(48) {
            let end = at + number(&record[32..]) as usize;
            records.push(Record {
                hash: record[..32].try_into().expect("a hash"),
                stored: bytes[at..end].to_vec(),
                plain: number(&record[36..]) as usize,
                crc: number(&record[40..]),
                coding: number(&record[44..]),
            });
            at = end;
        }
        assert_eq!(at, front.len() - directory.len());
    }
    records
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes[..4].try_into().expect("four bytes"))
}

fn crc(bytes: &[u8]) -> u32 {
    crc::Crc::<u32>::new(&crc::CRC_32_ISCSI).checksum(bytes)
}
