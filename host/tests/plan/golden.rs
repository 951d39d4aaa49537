//! The recorded trace to the byte, read by a reader that was written from `docs/trace.md` alone.
//!
//! Fixed bytes must be read as they always were; and what a volume records must be what that reader
//! understands. So neither side can change without the other, nor both without the page.

use core::iter;
use std::fs;

use shadowvol::ChunkSize;
use shadowvol_host::trace::{Change, Event, TraceOptions};
use shadowvol_host::{CreateOptions, Volume};

use super::support::{events, in_memory, open};

const HEAD: &str = concat!(
    r#"{"shadowvol":"trace","version":1,"volume":"000102030405060708090a0b0c0d0e0f","#,
    r#""size":1048576,"chunk_size":4096,"begun":1700000000000000000,"copies":[3,7]}"#,
    "\n"
);

/// Two blocks, the second of which begins 70,000 ns after the recording's begin.
const BLOCKS: [&str; 2] = [
    "6b25c784 12000000 e803000000000000 0100 8040 8020 01e807 ff3f 8004 0300 040a 08",
    "a4f0b1be 0d000000 7011010000000000 0200 80801e 808002 0501 03 0700",
];

fn bytes_of(hex: &str) -> Vec<u8> {
    let hex: Vec<_> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    hex.chunks(2).map(|two| (two[0] << 4 | two[1]) as u8).collect()
}

#[test]
fn fixed_bytes_are_read_as_ever() {
    let mut bytes = HEAD.as_bytes().to_vec();
    BLOCKS.iter().for_each(|block| bytes.extend(bytes_of(block)));
    let trace = open(bytes, &TraceOptions::default());
    assert_eq!(trace.size(), Some(1 << 20));
    let expected = [
        (0, Change::Created { copy: 3 }),
        (0, Change::Created { copy: 7 }),
        (1000, Change::Write { offset: 4096, length: 4096 }),
        (2000, Change::Write { offset: 4096, length: 512 }),
        (2000, Change::Flush),
        (2010, Change::Created { copy: 8 }),
        (70_000, Change::Discard { offset: 245_760, length: 32_768 }),
        (70_001, Change::Deleted { copy: 3 }),
    ];
    let expected: Vec<_> = expected.map(|(at, change)| Event { at, change }).into();
    assert_eq!(events(trace), expected);
}

#[test]
fn what_a_volume_records_is_what_the_page_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace");
    let (_, media) = in_memory(3 << 20);
    let options =
        CreateOptions { chunk: ChunkSize::from_shift(14).expect("one"), ..Default::default() };
    let volume = Volume::create_on(media, &options).expect("a volume");
    let old = volume.create_shadow_copy("before").expect("a copy").id;
    let recording = volume.record(&path).expect("a recording");
    volume.write(70_000, &[1; 5_000]).expect("a write");
    volume.write(3, &[1]).expect("a write");
    volume.discard(1 << 20, 1 << 20).expect("a discard");
    volume.flush().expect("a flush");
    let copy = volume.create_shadow_copy("within").expect("a copy").id;
    volume.revert(copy, Default::default(), |_, _| true).expect("a revert");
    volume.delete_shadow_copies(&[old, copy]).expect("a deletion");
    let summary = recording.stop().expect("a whole trace");

    let bytes = fs::read(&path).expect("the trace");
    assert_eq!(summary.bytes, bytes.len() as u64);
    let line = bytes.iter().position(|&byte| byte == b'\n').expect("a line");
    let head: serde_json::Value = serde_json::from_slice(&bytes[..line]).expect("JSON");
    assert_eq!((&head["shadowvol"], &head["version"]), (&"trace".into(), &1.into()));
    assert_eq!((&head["size"], &head["chunk_size"]), (&(3 << 20).into(), &16_384.into()));
    assert_eq!(head["copies"], serde_json::json!([old.number()]));
    assert_eq!(head["volume"].as_str().map(str::len), Some(32));

    let entries = read(&bytes[line + 1..]);
    let found: Vec<_> = entries.iter().map(|(_, kind, numbers)| (*kind, numbers.clone())).collect();
    let copy = u64::from(copy.number());
    let expected = [
        (1, vec![70_000, 5_000]),
        (1, vec![3, 1]),
        (2, vec![1 << 20, 1 << 20]),
        (3, vec![]),
        (4, vec![copy]),
        (6, vec![copy]),
        (5, vec![u64::from(old.number())]),
        (5, vec![copy]),
        (7, vec![]),
    ];
    assert_eq!(found, expected);
    assert!(entries.windows(2).all(|two| two[0].0 <= two[1].0), "time does not go back");
    assert_eq!(summary.events, 8);
}

/// The page's reader: time, kind and numbers of each entry, places as they are.
fn read(mut bytes: &[u8]) -> Vec<(u64, u8, Vec<u64>)> {
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let number = |at: usize, len: usize| {
            bytes[at..at + len].iter().rev().fold(0, |all, &byte| all << 8 | u64::from(byte))
        };
        let length = number(4, 4) as usize;
        let block = &bytes[..16 + length];
        assert_eq!(u64::from(crc.checksum(&block[4..])), number(0, 4));
        let (mut time, mut before) = (number(8, 8), 0);
        let mut rest = block[16..].iter();
        while let Some(&kind) = rest.next() {
            let mut varint = || {
                let groups = iter::from_fn({
                    let mut more = true;
                    let rest = &mut rest;
                    move || {
                        let byte = more.then(|| rest.next()).flatten()?;
                        more = byte & 0x80 != 0;
                        Some(u64::from(byte & 0x7f))
                    }
                });
                (0..).step_by(7).zip(groups).map(|(shift, group)| group << shift).sum::<u64>()
            };
            time += varint();
            let numbers = match kind {
                1 | 2 => {
                    let place = varint();
                    let distance =
                        if place % 2 == 0 { (place / 2) as i64 } else { -((place / 2) as i64) - 1 };
                    let (offset, length) = ((before + distance) as u64, varint());
                    before = (offset + length) as i64;
                    vec![offset, length]
                }
                4..=6 => vec![varint()],
                _ => vec![],
            };
            entries.push((time, kind, numbers));
        }
        bytes = &bytes[block.len()..];
    }
    entries
}
