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
