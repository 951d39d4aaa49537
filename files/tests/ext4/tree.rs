//! What was put in comes out.

use core::time::Duration;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::Path;
use std::time::SystemTime;

use shadowvol_files::{FileSystem, Inode, Links};

use crate::images::Workshop;
use crate::shape::{of_folder, of_image, read_path};

/// A folder with a file of every sort.
pub(crate) fn fill(folder: &Path) {
    fs::create_dir_all(folder.join("deep/er/and/deeper")).expect("folders");
    fs::write(folder.join("hello"), "Hello!").expect("a file");
    fs::write(folder.join("empty"), "").expect("a file");
    fs::write(folder.join("deep/er/and/deeper/text"), "down here ".repeat(5000)).expect("a file");
    fs::set_permissions(folder.join("hello"), PermissionsExt::from_mode(0o4751)).expect("a mode");
    let name = OsStr::from_bytes(b"no \xff\xfe UTF-8");
    fs::write(folder.join(name), "all the same").expect("a file");
    fs::hard_link(folder.join("hello"), folder.join("deep/also hello")).expect("a name");
    symlink("hello", folder.join("link")).expect("a link");
    symlink("../../../hello", folder.join("deep/er/out")).expect("a link");
    symlink("/deep/er/and/../out", folder.join("absolute")).expect("a link");
    symlink(format!("{}hello", "./".repeat(100)), folder.join("long link")).expect("a link");
    symlink("loop", folder.join("loop")).expect("a link");
    // Some of the names are in one block, some are not; then there is an index.
    fs::create_dir(folder.join("many")).expect("a folder");
    for nth in 0..1500 {
        fs::write(folder.join(format!("many/file number {nth}")), "").expect("a file");
    }
    // Bytes here and there, so that there are more extents than an inode has room for.
    let scattered = File::create(folder.join("scattered")).expect("a file");
    for nth in 0..120_u64 {
        scattered.write_all_at(&[nth as u8; 100], nth * 20_000 + 50).expect("bytes");
    }
    scattered.set_len(3 << 20).expect("a length");
    let mut late = File::create(folder.join("late")).expect("a file");
    late.seek(SeekFrom::Start(5000)).expect("a place");
    late.write_all(b"after a hole").expect("bytes");
    for (name, seconds) in [("hello", 1_700_000_000), ("late", 1)] {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::options()
            .write(true)
            .open(folder.join(name))
            .expect("a file")
            .set_modified(time)
            .expect("a time");
    }
}

#[test]
fn whatever_was_put_in_comes_out() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fill(&folder);
    let mut expected = of_folder(&folder);
    let options: [&[&str]; 8] = [
        &[],
        &["-b", "1024"],
        &["-b", "2048", "-O", "^has_journal"],
        &["-O", "^metadata_csum"],
        &["-O", "^64bit,^flex_bg", "-I", "256"],
        &["-O", "^metadata_csum,^extent,^64bit", "-b", "1024"],
        &["-t", "ext3"],
        &["-O", "metadata_csum_seed,large_dir,casefold,encrypt"],
    ];
    for options in options {
        let image = workshop.image(&folder, 24 << 20, options);
        let mut found = of_image(&image);
        assert!(found.remove(&b"/lost+found"[..]).is_some(), "{options:?}");
        assert_eq!(found.len(), expected.len(), "{options:?}");
        for (path, shape) in &expected {
            let path_text = String::from_utf8_lossy(path);
            assert!(found.get(path) == Some(shape), "{options:?}: {path_text}");
        }
    }
    // Inodes of 128 bytes have seconds to 2038.
    let image = workshop.image(&folder, 24 << 20, &["-I", "128", "-t", "ext2"]);
    let mut found = of_image(&image);
    for shapes in [&mut found, &mut expected] {
        shapes.retain(|path, _| !path.ends_with(b"hello") && path != b"/lost+found");
    }
    assert!(found == expected);
}

#[test]
fn times_reach_behind_2038_and_before_1970() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("file"), "").expect("a file");
    let image = workshop.image(&folder, 1 << 20, &[]);
    for (text, seconds) in [("19650101000000", -157_766_400), ("21000101000000", 4_102_444_800)] {
        let image = workshop.debugfs(&image, &format!("set_inode_field file mtime {text}\n"));
        let file_system = FileSystem::open(&image).expect("a file system");
        let inode: Inode = file_system.find(&image, b"file", Links::Kept).expect("a file");
        assert_eq!(inode.modified.seconds, seconds);
    }
}

/// A reader gave what lay on the disk before, which was never the file's.
#[test]
fn what_was_reserved_and_never_written_is_zeros() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("written"), "x".repeat(8192)).expect("a file");
    let image = workshop.image(&folder, 2 << 20, &["-b", "1024"]);
    let commands = "write /dev/null reserved\nfallocate reserved 0 63\n\
                    set_inode_field reserved size 65536\nfallocate written 8 40\n\
                    set_inode_field written size 40960\n";
    let image = workshop.debugfs(&image, commands);
    assert_eq!(read_path(&image, "reserved"), Ok(vec![0; 65536]));
    let mut expected = vec![b'x'; 8192];
    expected.resize(40960, 0);
    assert_eq!(read_path(&image, "written"), Ok(expected));
}
