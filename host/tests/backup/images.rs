//! The story: a backup or a shadow copy is wanted as a file that other programs understand, or on a
//! device that is there. QEMU's own tools are asked whether it is what it should be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shadowvol_host::backup::{Kind, RepositoryError, RestoreOptions};
use shadowvol_host::{CopyOptions, Error, Format, diff_path};

use super::support::{Bed, Random, assert_same};

/// Not a multiple of a cluster.
const SIZE: u64 = (9 << 20) + 512;

fn bed() -> Bed {
    let mut bed = Bed::new(SIZE);
    let mut random = Random(5);
    for _ in 0..12 {
        bed.scribble(&mut random, 1 << 20);
    }
    bed.write(SIZE - 512, &[3; 512]);
    bed
}

/// Runs `qemu-img`; it is false, and says so loudly, where there is none.
fn qemu_img(args: &[&str]) -> bool {
    match Command::new("qemu-img").args(args).output() {
        Ok(done) => {
            assert!(done.status.success(), "qemu-img {args:?}: {done:?}");
            true
        }
        Err(_) => {
            eprintln!(
                "\n  NOT TESTED: whether QEMU reads the qcow2 images. This needs the Debian package \
                 qemu-utils.\n"
            );
            false
        }
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain name")
}

#[test]
fn qcow2_is_read_by_qemu() {
    let bed = bed();
    let backup = bed.backup(Kind::Full);
    let file = |name: &str| bed.folder.path().join(name);
    let (truth, restored, copied) = (file("truth"), file("a.qcow2"), file("b.qcow2"));
    fs::write(&truth, &bed.truth).expect("a file");
    let options = RestoreOptions { format: Format::Qcow2, in_place: false };
    bed.repository.restore(backup.id, &restored, options, |_, _| true).expect("a restore");
    let copy = bed.node().find_newest().expect("copies").expect("a copy");
    let options = CopyOptions { format: Format::Qcow2, ..CopyOptions::default() };
    copy.copy_to(&copied, options, |_, _| true).expect("a copy");
    for image in [&restored, &copied] {
        assert_eq!(&fs::read(image).expect("an image")[..4], b"QFI\xfb");
        assert!(image.metadata().expect("an image").len() < SIZE, "zeros take no place");
        if qemu_img(&["check", "-q", "-f", "qcow2", text(image)]) {
            let images = [text(&truth), text(image)];
            qemu_img(&["compare", "-q", "-f", "raw", "-F", "qcow2", images[0], images[1]]);
        }
    }
}

#[test]
fn a_restored_file_is_sparse_and_the_same_to_qemu() {
    let mut bed = Bed::new(64 << 20);
    bed.write(5 << 20, &Random(1).bytes(1 << 20));
    let backup = bed.backup(Kind::Full);
    let path = bed.folder.path().join("restored");
    let restore = RestoreOptions::default();
    let written = bed.repository.restore(backup.id, &path, restore, |_, _| true);
    assert_eq!(written.expect("a restore"), 1 << 20);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let blocks = path.metadata().expect("a file").blocks();
        assert!(blocks * 512 < 4 << 20, "{blocks} blocks");
    }
    let truth = bed.folder.path().join("truth");
    fs::write(&truth, &bed.truth).expect("a file");
    assert_same(&fs::read(&path).expect("a file"), &bed.truth, "restored");
    qemu_img(&["compare", "-q", "-f", "raw", "-F", "raw", text(&truth), text(&path)]);
}

#[test]
fn an_image_that_is_there_is_overwritten_where_it_is() {
    let bed = bed();
    let backup = bed.backup(Kind::Full);
    let path: PathBuf = bed.folder.path().join("there");
    let restore = || {
        let options = RestoreOptions { in_place: true, ..RestoreOptions::default() };
        bed.repository.restore(backup.id, &path, options, |_, _| true)
    };
    assert!(matches!(restore(), Err(Error::File(_))), "nothing to overwrite");
    fs::write(&path, vec![9; SIZE as usize - 1]).expect("a file");
    assert!(matches!(restore(), Err(Error::Repository(RepositoryError::TooSmall { .. }))));
    fs::write(&path, vec![9; SIZE as usize + 4096]).expect("a file");
    let other = bed.folder.path().join("other name");
    fs::hard_link(&path, &other).expect("a link");
    restore().expect("a restore");
    let found = fs::read(&other).expect("the same file");
    assert_same(&found[..SIZE as usize], &bed.truth, "overwritten");
    assert_same(&found[SIZE as usize..], &[9; 4096], "behind it");
}

#[test]
fn shadow_copies_are_not_spoilt_by_a_restore() {
    let bed = bed();
    let backup = bed.backup(Kind::Full);
    let path = bed.folder.path().join("disk.img");
    fs::write(&path, b"an origin").expect("a file");
    fs::write(diff_path(&path), b"its diff area").expect("a file");
    for in_place in [false, true] {
        let options = RestoreOptions { in_place, ..RestoreOptions::default() };
        let refused = bed.repository.restore(backup.id, &path, options, |_, _| true);
        let refused = refused.expect_err("it has shadow copies");
        assert!(matches!(refused, Error::Repository(RepositoryError::HasShadowCopies { .. })));
    }
    assert_eq!(fs::read(&path).expect("a file"), b"an origin");
}

#[test]
fn a_restore_that_is_cancelled_leaves_what_was_there() {
    let bed = bed();
    let backup = bed.backup(Kind::Full);
    let path = bed.folder.path().join("restored");
    fs::write(&path, b"before").expect("a file");
    for format in [Format::Raw, Format::Qcow2] {
        let options = RestoreOptions { format, in_place: false };
        let stopped = bed.repository.restore(backup.id, &path, options, |_, _| false);
        assert!(matches!(stopped, Err(Error::Cancelled)));
        assert_eq!(fs::read(&path).expect("a file"), b"before");
        let left = fs::read_dir(bed.folder.path()).expect("a folder").count();
        assert_eq!(left, 2, "the repository and the file");
    }
}
