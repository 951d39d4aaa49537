//! Making a diff area: the least it takes, and what was on its medium before.

use shadowvol::active::{Format, Options};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::{BYTES, OnFull, PAIR_BYTES, PAIR_OFFSET, Place, Superblock};
use shadowvol::machine::{Fed, Step};
use shadowvol::{ChunkSize, Error, Geometry, VolumeId};

use crate::alone::Alone;
use crate::disk::Disk;
use crate::world::{Shape, World};

fn options(limit: u64) -> Options {
    let chunk = ChunkSize::from_bytes(4096).expect("a power of two");
    let (volume, on_full) = (VolumeId([9; 16]), OnFull::FailWrite);
    Options { size: 1 << 20, volume, chunk, limit, on_full }
}

fn least() -> u64 {
    Geometry::new(1 << 20, options(0).chunk).least_bytes()
}

#[test]
fn it_takes_the_least_and_no_less() {
    let mut format = Alone::new(Format::new(options(least() - 1)));
    let refused = Error::DiffAreaTooSmall { needed: least(), found: least() - 1 };
    assert_eq!(format.step(&mut (), Fed::Again), Step::Done(Err(refused)));

    for (found, expected) in [(-1, Step::Done(Err(refused))), (0, Step::Io), (1, Step::Io)] {
        let mut format = Alone::new(Format::new(options(least())));
        assert_eq!(format.step(&mut (), Fed::Again), Step::Io);
        let size = least().checked_add_signed(found).expect("a size");
        assert_eq!(format.step(&mut (), Fed::Size(size)), expected);
    }
}

#[test]
fn a_diff_area_that_was_there_is_forgotten() {
    let mut world = World::new(Shape { nodes: 0, ..Shape::SMALL }, 1);
    for _ in 0..3 {
        world.compact();
        world.finish();
    }
    let mut image = world.diff.visible.clone();
    image.resize((least() as usize).max(image.len()), 0xaa);
    world.diff = Disk::new(0, usize::MAX);
    world.diff.grow(image.len()).expect("room");
    world.diff.begin_write(0, 0, image, 0);
    world.diff.end_write(0);
    world.diff.barrier();

    assert_eq!(Alone::new(Format::new(options(1 << 30))).end(&mut world), Ok(()));
    let pair = &world.diff.visible[PAIR_OFFSET as usize..][..PAIR_BYTES];
    let (superblock, place) = Superblock::newest(pair, Checksum::PORTABLE).expect("ours");
    assert_eq!((superblock.volume, place), (VolumeId([9; 16]), Place::First));
    assert_eq!((superblock.epoch.0, superblock.serial, superblock.clean), (0, 0, false));
    assert!(pair[BYTES..].iter().all(|&byte| byte == 0), "the other place is empty");
    assert_eq!(world.diff.loose(), 0);
}
