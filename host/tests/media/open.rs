//! Opening: what is refused, and in which words.

use core::error::Error as _;
use std::io::ErrorKind;

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol_host::file::MediumKind;
use shadowvol_host::{Caching, Durability, File, FileError, FileOptions, ReadOnlyFile};

use super::place::{Place, options};

#[test]
fn a_local_file_is_read_through_the_page_cache() {
    for place in Place::all() {
        let path = place.path();
        let file = File::create(&path, 10, FileOptions::default()).expect("a new file");
        assert_eq!((file.medium(), file.is_direct()), (MediumKind::LocalFile, false));
        let reader = ReadOnlyFile::open(&path, Caching::Auto).expect("the same file");
        assert!(!reader.is_direct());
        assert_eq!(reader.path(), path);
    }
}

#[test]
fn a_file_that_exists_is_not_made_again() {
    let place = &Place::all()[0];
    let path = place.path();
    File::create(&path, 10, FileOptions::default()).expect("a new file");
    let error = File::create(&path, 20, FileOptions::default()).expect_err("it exists");
    assert_eq!(error.io_kind(), Some(ErrorKind::AlreadyExists));
    let kept = ReadOnlyFile::open(&path, Caching::Auto).expect("the first one");
    assert_eq!(kept.size().expect("a size"), 10);
}

#[test]
fn what_is_no_medium_is_refused_without_waiting_for_it() {
    for path in ["/", "/dev/null", "/proc/self/fd/0"] {
        if std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            let error = ReadOnlyFile::open(path, Caching::Auto).expect_err("no medium");
            assert!(matches!(error, FileError::NotAMedium { .. }), "{error}");
        }
    }
    let error = File::open("/no/such/file", FileOptions::default()).expect_err("nothing there");
    assert_eq!(error.io_kind(), Some(ErrorKind::NotFound));
    assert_eq!(error.to_string(), "opening /no/such/file failed");
    assert!(error.source().is_some(), "the operating system's reason is the source");
}

#[test]
fn an_error_names_the_request_and_the_file() {
    let place = &Place::all()[0];
    let path = place.path();
    for caching in [Caching::Buffered, Caching::Direct] {
        let _ = std::fs::remove_file(&path);
        let file = File::create(&path, 5000, options(Durability::Coherent, caching));
        let file = file.expect("a new file");
        for error in [
            file.read_at(4096, &mut [0; 4096]).expect_err("past the end"),
            file.write_at(4096, &[0; 4096]).expect_err("past the end"),
            file.punch(4096, 4096).expect_err("past the end"),
        ] {
            let told = error.to_string();
            let range = "4096 bytes at 4096 reach past the end of a medium of 5000 bytes";
            assert_eq!(told, format!("{}: {range}", path.display()));
        }
    }
}

#[test]
fn growth_by_another_handle_is_noticed() {
    for caching in [Caching::Buffered, Caching::Direct] {
        let place = &Place::all()[0];
        let path = place.path();
        let options = options(Durability::Coherent, caching);
        let first = File::create(&path, 1000, options).expect("a new file");
        let second = File::open(&path, options).expect("the same file");
        assert_eq!(second.grow(9000).expect("growth"), 9000);
        first.write_at(8999, b"x").expect("within the new size");
        assert_eq!(first.size().expect("a size"), 9000);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn growth_sets_space_aside() {
    use std::os::unix::fs::MetadataExt;

    let place = &Place::all()[0];
    let path = place.path();
    let file = File::create(&path, 1 << 20, FileOptions::default()).expect("a sparse file");
    let blocks = || std::fs::metadata(&path).expect("the file").blocks() * 512;
    assert_eq!(blocks(), 0, "creation sets nothing aside");
    file.grow(2 << 20).expect("growth");
    assert!(blocks() >= 1 << 20, "growth does");
    file.punch(0, 2 << 20).expect("a punch of everything");
    assert!(blocks() < 1 << 20, "a punch gives back");
}

/// The journal's end and the superblocks are looked at with every read of a copy.
#[cfg(target_os = "linux")]
#[test]
fn short_reads_past_the_page_cache_spare_the_disk() {
    use std::process::Command;

    use shadowvol_host::Mapping;

    use super::place::run;

    let from_disk = || {
        let told = std::fs::read_to_string("/proc/thread-self/io").expect("what this thread did");
        let line = told.lines().find_map(|line| line.strip_prefix("read_bytes: "));
        line.expect("a count").parse::<u64>().expect("a number")
    };
    for place in Place::all() {
        let path = place.path();
        let options = options(Durability::Durable, Caching::Direct);
        let file = File::create(&path, 64 << 10, options).expect("a new file");
        file.write_at(0, &[1; 64 << 10]).expect("a write within the file");
        let read = |mapping, length| {
            let reader = ReadOnlyFile::open(&path, Caching::Direct).expect("the same file");
            let reader = reader.map_small_reads(mapping);
            let mut found = vec![0; length];
            reader.read_at(512, &mut found).expect("a read within the file");
            let before = from_disk();
            reader.read_at(512, &mut found).expect("once more");
            from_disk() - before
        };
        if read(Mapping::Never, 512) == 0 {
            println!("skipped: {} has no disk below it", path.display());
            continue;
        }
        assert!(read(Mapping::Auto, 4 << 10) > 0, "it may be a chunk");
        let file_system = run(Command::new("stat").args(["-f", "-c", "%T"]).arg(&path));
        if file_system.is_some_and(|name| ["ext2/ext3", "xfs", "btrfs"].contains(&name.trim())) {
            assert_eq!(
                read(Mapping::Auto, (4 << 10) - 1),
                0,
                "it is no chunk, and nobody has written"
            );
        } else {
            println!("skipped: {} is on a file system that may be shared", path.display());
        }
    }
}
