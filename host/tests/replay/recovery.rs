//! Opening what a crash has left, using it, and taking it apart.

use std::collections::BTreeMap;
use std::sync::Arc;

use shadowvol::backend::ReadAt;
use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::{Error, Event, OpenOptions, Passive, Volume, check};

use super::image::Image;
use super::log::Time;
use super::oracle::{Bounds, Oracle};
use super::random::Random;
use super::same::assert_same;
use super::whole::whole;

/// What a crash must leave.
pub(crate) struct Scene<'a> {
    pub(crate) oracle: &'a Oracle<'a>,
    pub(crate) bounds: &'a Bounds<'a>,
    pub(crate) time: Time,
}

type Truths = BTreeMap<CopyId, Arc<Vec<u8>>>;

/// Takes the role, and compares everything as nodes see it that were opened before the crash,
/// before the recovery and behind it. With random numbers the volume is then used.
pub(crate) fn recover(
    scene: &Scene<'_>,
    image: &Image,
    survivor: Option<Passive>,
    random: Option<&mut Random>,
) {
    let mut now = vec![0; image.origin.size().expect("memory") as usize];
    image.origin.read_at(0, &mut now).expect("within");
    scene.bounds.hold(&now);
    let early = Passive::open_on(image.media().read_only()).expect("a node before recovery");
    scene.oracle.copies_hold(&early, scene.time);
    if let Some(survivor) = &survivor {
        // It may know of copies and deletions that were lost.
        scene.oracle.copies_hold(survivor, scene.time);
    }
    let volume = Volume::open_on(image.media(), &OpenOptions::default()).expect("the role");
    let late = Passive::open_on(image.media().read_only()).expect("a node");
    let truths = scene.oracle.copies_hold(&late, scene.time);
    let mut nodes = Vec::from([early, late]);
    nodes.extend(survivor);
    compare(&volume, &nodes, &truths, &now);
    account(&volume, &nodes[1]);
    if let Some(random) = random {
        work(&volume, random, truths, now, &nodes);
        strip(volume, image);
    } else {
        volume.close().expect("a close");
    }
}

/// Every node has exactly these copies, and nothing is damaged.
fn compare(volume: &Volume, nodes: &[Passive], truths: &Truths, now: &[u8]) {
    let mut found = vec![0; now.len()];
    volume.read(0, &mut found).expect("the volume");
    assert_same(&found, now, "the volume");
    for (nth, node) in nodes.iter().enumerate() {
        let copies = node.shadow_copies().expect("a journal");
        assert!(truths.keys().copied().eq(copies.iter().map(|copy| copy.info().id)), "node {nth}");
        for (&copy, truth) in truths {
            let found = whole(node, copy).unwrap_or_else(|error| panic!("copy {copy}: {error}"));
            assert_same(&found, truth, &format!("copy {copy}, node {nth}"));
        }
        let report = check(node, |_, _| true).expect("a check");
        assert!(report.findings.is_empty(), "node {nth}: {:?}", report.findings);
    }
}

/// No slot is lost: those in use are the table's, the journal's and its spare one.
fn account(volume: &Volume, node: &Passive) {
    let chunk = volume.chunk_size();
    let space = volume.stats().space;
    let known = node.look(|state| {
        let mut slots = 0;
        state.view().table().for_each_slot(|_, count| slots += u64::from(count));
        slots * chunk + space.journal
    });
    let used = space.used;
    assert!(used == known || used == known + chunk, "{used} bytes in use, {known} are known");
}

/// A few requests, as if nothing had happened.
fn work(
    volume: &Volume,
    random: &mut Random,
    mut truths: Truths,
    mut now: Vec<u8>,
    nodes: &[Passive],
) {
    let size = now.len() as u64;
    for step in 0..8 {
        let done = match (step, random.below(5)) {
            (0, _) | (_, 0) => volume.create_shadow_copy("after").map(|info| {
                truths.insert(info.id, Arc::new(now.clone()));
            }),
            (_, 1) if truths.len() > 1 => {
                let nth = random.below(truths.len() as u64) as usize;
                let copy = *truths.keys().nth(nth).expect("there are so many");
                truths.remove(&copy);
                volume.delete_shadow_copies(&[copy])
            }
            (_, 2) => volume.compact(),
            (_, 3) => {
                let (at, length) = random.range(size, 20_000);
                volume.discard(at, length as u64).map(|()| now[at as usize..][..length].fill(0))
            }
            _ => {
                let (at, length) = random.range(size, if step == 1 { size } else { 9000 });
                let data = random.bytes(length);
                let done = volume.write(at, &data);
                done.map(|()| now[at as usize..][..length].copy_from_slice(&data))
            }
        };
        done.or_else(full_is_fine).expect("a request");
        for event in volume.events() {
            if let Event::Dropped { copies, .. } = event {
                truths.retain(|copy, _| !copies.contains(copy));
            }
        }
    }
    compare(volume, nodes, &truths, &now);
}

/// With all copies deleted the volume takes as little room as ever.
fn strip(volume: Volume, image: &Image) {
    let copies: Vec<_> = volume.shadow_copies().expect("copies").iter().map(|one| one.id).collect();
    volume.delete_shadow_copies(&copies).expect("a deletion");
    volume.close().expect("a close");
    let volume = Volume::open_on(image.media(), &OpenOptions::default()).expect("the role");
    let stats = volume.stats();
    assert_eq!((stats.table_chunks, stats.copies), (0, 0));
    assert_eq!(stats.space.used, 2 * volume.chunk_size(), "the journal and its spare slot");
    volume.create_shadow_copy("room again").expect("a copy");
    volume.close().expect("a close");
}

fn full_is_fine(error: Error) -> Result<(), Error> {
    match error.engine() {
        Some(EngineError::DiffAreaFull { .. }) => Ok(()),
        _ => Err(error),
    }
}
