//! Shadow copies as files.

use std::fs::{self, File, OpenOptions as FileOptions};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use shadowvol_host::mount::Mount;
use shadowvol_host::{Passive, PassiveOptions};

use super::bed::{Bed, SIZE, mounted, plain};

#[test]
fn they_come_and_go_as_the_volume_has_them() {
    let Some(bed) = Bed::new() else { return };
    assert_eq!(bed.names(""), ["copies", "volume"]);
    assert!(bed.names("copies").is_empty());
    for version in 1..=12_u8 {
        bed.volume.write(0, &[version; 100]).expect("a write");
        let taken = bed.volume.create_shadow_copy("").expect("a copy");
        assert_eq!(taken.id.number(), u32::from(version));
    }
    bed.volume.write(0, &[99; 100]).expect("a write");
    for version in 1..=12_u8 {
        let path = bed.copy_path(version.into());
        let about = path.metadata().expect("its attributes");
        assert_eq!(about.len(), SIZE);
        let taken =
            bed.volume.shadow_copies().expect("copies")[usize::from(version) - 1].about.time;
        let modified = about.modified().expect("a time").duration_since(std::time::UNIX_EPOCH);
        assert_eq!(modified.expect("after 1970").as_nanos(), u128::from(taken.unsigned_abs()));
        let found = fs::read(path).expect("the copy");
        assert!(found.len() as u64 == SIZE && found[..100] == [version; 100]);
    }
    let ids = |numbers: &[u32]| -> Vec<_> {
        let copies = bed.volume.shadow_copies().expect("copies");
        numbers.iter().map(|&number| copies[number as usize - 1].id).collect()
    };
    bed.volume.delete_shadow_copies(&ids(&[1, 5, 12])).expect("a deletion");
    let left = ["10.img", "11.img", "2.img", "3.img", "4.img", "6.img", "7.img", "8.img", "9.img"];
    assert_eq!(bed.names("copies"), left);
    for name in
        ["1.img", "5.img", "13.img", "02.img", "2", "2.img.", "0.img", "-2.img", "99999999999.img"]
    {
        let missing = File::open(bed.mount.dir().join("copies").join(name));
        assert_eq!(missing.expect_err("there is none").kind(), ErrorKind::NotFound, "{name}");
    }
}

#[test]
fn who_has_a_deleted_one_open_is_told() {
    let Some(bed) = Bed::new() else { return };
    bed.volume.write(0, &[1; 4096]).expect("a write");
    let copy = bed.volume.create_shadow_copy("").expect("a copy").id;
    let file = File::open(bed.copy_path(copy.number())).expect("the copy");
    bed.volume.delete_shadow_copies(&[copy]).expect("a deletion");
    let stale = file.read_at(&mut [0; 4096], 0).expect_err("it is gone");
    assert_eq!(stale.kind(), ErrorKind::StaleNetworkFileHandle);
}

#[test]
fn nothing_there_can_be_changed() {
    let Some(bed) = Bed::new() else { return };
    let copy = bed.volume.create_shadow_copy("").expect("a copy").id.number();
    let refused = FileOptions::new().write(true).open(bed.copy_path(copy));
    assert_eq!(refused.expect_err("it is to be read").kind(), ErrorKind::ReadOnlyFilesystem);
    let dir = bed.mount.dir();
    let errors = [
        File::create(dir.join("new")).map(drop),
        File::create(dir.join("copies/77.img")).map(drop),
        fs::create_dir(dir.join("copies/new")),
        fs::remove_file(bed.copy_path(copy)),
        fs::remove_file(dir.join("volume")),
        fs::remove_dir(dir.join("copies")),
        fs::set_permissions(
            dir.join("volume"),
            std::os::unix::fs::PermissionsExt::from_mode(0o777),
        ),
    ];
    for (nth, error) in errors.into_iter().enumerate() {
        let kind = error.expect_err("it is as it is").kind();
        assert_eq!(kind, ErrorKind::PermissionDenied, "{nth}");
    }
    assert_eq!(bed.names("copies"), ["1.img"]);
}

#[test]
fn a_passive_node_shows_them_while_another_one_writes() {
    let Some(bed) = Bed::new() else { return };
    bed.volume.write(0, &[1; 9000]).expect("a write");
    bed.volume.create_shadow_copy("").expect("a copy");
    let other = bed.folder.path().join("other");
    fs::create_dir(&other).expect("a folder");
    let node = Passive::open(Bed::image(&bed.folder), &PassiveOptions::default());
    let node = Arc::new(node.expect("a passive node"));
    let Some(mount) = mounted(Mount::passive(node, &other, plain())) else { return };
    assert_eq!(mount.volume_path(), None);
    let names = || fs::read_dir(&other).expect("a folder").count();
    assert_eq!(names(), 1);
    let first = File::open(mount.copy_path(1)).expect("the copy");
    bed.volume.write(0, &[2; 9000]).expect("a write");
    let mut found = [0; 9000];
    first.read_exact_at(&mut found, 0).expect("a read");
    assert!(found == [1; 9000]);
    bed.volume.create_shadow_copy("").expect("a copy");
    bed.volume.write(0, &[3; 9000]).expect("a write");
    assert!(fs::read(mount.copy_path(2)).expect("the new copy")[..9000] == [2; 9000]);
    drop(first);
    mount.unmount().expect("nobody is there");
    assert_eq!(names(), 0);
}
