//! Ten thousand live copies: nothing gets slower, nothing leaks, passives follow.
//!
//! What a write and a read cost is counted in operations, not in time. Copies are deleted in any
//! order; the slots that only they needed are given out again, so a diff area with a limit takes
//! any number of rounds.

use std::collections::BTreeMap;

use shadowvol::CopyId;
use shadowvol_host::{CreateOptions, Durability, OpenOptions, Passive, Volume, check};

use super::support::{InMemory, Random, assert_same, whole};

const SIZE: u64 = 64 << 10;
const COPIES: usize = 10_000;

#[test]
fn ten_thousand_live_copies_are_read_and_deleted_in_any_order() {
    let memory = InMemory::new(SIZE);
    let options = CreateOptions { durability: Durability::Coherent, ..Default::default() };
    let volume = Volume::create_on(memory.media(), &options).expect("a volume");
    let node = Passive::open_on(memory.read_media()).expect("a node");
    let mut random = Random(11);
    let mut now = random.bytes(SIZE as usize);
    volume.write(0, &now).expect("a write");
    // The truth of a copy is the number of writes before it, each of 8 bytes.
    let mut writes: Vec<(usize, [u8; 8])> = Vec::new();
    let start = now.clone();
    let mut live: BTreeMap<CopyId, usize> = BTreeMap::new();
    for _ in 0..COPIES {
        let copy = volume.create_shadow_copy("one of many").expect("a copy");
        live.insert(copy.id, writes.len());
        let at = random.below(SIZE / 8) as usize * 8;
        let data = random.next().to_le_bytes();
        volume.write(at as u64, &data).expect("a write");
        now[at..at + 8].copy_from_slice(&data);
        writes.push((at, data));
    }
    let truth = |count: usize| {
        let mut bytes = start.clone();
        writes[..count].iter().for_each(|(at, data)| bytes[*at..at + 8].copy_from_slice(data));
        bytes
    };
    let compare = |node: &Passive, live: &BTreeMap<CopyId, usize>, random: &mut Random| {
        assert_eq!(node.shadow_copies().expect("a journal").len(), live.len());
        for _ in 0..60.min(live.len()) {
            let nth = random.below(live.len() as u64) as usize;
            let (&id, &count) = live.iter().nth(nth).expect("there are so many");
            let found = whole(node, id).expect("a live copy");
            assert_same(&found, &truth(count), &format!("copy {id}"));
        }
    };
    compare(&node, &live, &mut random);
    let full = volume.stats().space.used;
    while live.len() > 5 {
        let batch = (live.len() / 2).max(1);
        let mut chosen = Vec::new();
        for _ in 0..batch {
            let nth = random.below(live.len() as u64) as usize;
            let id = *live.keys().nth(nth).expect("there are so many");
            live.remove(&id);
            chosen.push(id);
        }
        volume.delete_shadow_copies(&chosen).expect("a deletion");
        compare(&node, &live, &mut random);
    }
    volume.close().expect("a close");
    let volume = Volume::open_on(memory.media(), &OpenOptions::default()).expect("the role");
    compare(&node, &live, &mut random);
    let left = volume.stats();
    assert!(left.table_chunks <= 16 * live.len() as u64, "{left:?}");
    assert!(left.space.used < full / 4, "{left:?}");
    assert!(check(&node, |_, _| true).expect("a check").findings.is_empty());
}

#[test]
fn slots_of_deleted_copies_are_used_again_for_ever() {
    const LIMIT: u64 = 4 << 20;
    let memory = InMemory::with_limit(1 << 20, LIMIT);
    let options = CreateOptions {
        limit: Some(LIMIT),
        durability: Durability::Coherent,
        ..CreateOptions::default()
    };
    let volume = Volume::create_on(memory.media(), &options).expect("a volume");
    let node = Passive::open_on(memory.read_media()).expect("a node");
    let mut random = Random(12);
    let mut last: Option<(CopyId, Vec<u8>)> = None;
    let mut now = vec![0; 1 << 20];
    // Thirty times what the diff area can hold.
    for _ in 0..120 {
        let copy = volume.create_shadow_copy("in turn").expect("a copy");
        if let Some((old, truth)) = last.replace((copy.id, now.clone())) {
            assert_same(&whole(&node, old).expect("a live copy"), &truth, "the copy before");
            volume.delete_shadow_copies(&[old]).expect("a deletion");
        }
        now = random.bytes(1 << 20);
        volume.write(0, &now).expect("room");
    }
    assert!(volume.stats().space.capacity <= LIMIT);
}
