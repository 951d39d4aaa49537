//! What cannot be done is told in a way that helps.

use std::fs;

use shadowvol_files::{Error, FileSystem, Found, Kind, Links, Problem};

use crate::images::{Image, Workshop};
use crate::shape::read_path;
use crate::tree::fill;

fn opened(bytes: Vec<u8>) -> Problem {
    match FileSystem::open(&Image { bytes }) {
        Err(Error::Problem(problem)) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_file_system_is_named() {
    let with = |at: usize, signature: &[u8]| {
        let mut bytes = vec![0; 128 << 10];
        bytes[at..at + signature.len()].copy_from_slice(signature);
        opened(bytes)
    };
    let not = |found| Problem::NotExt4 { found };
    assert_eq!(opened(vec![]), not(Found::Zeros));
    assert_eq!(opened(vec![7; 100]), not(Found::Unknown));
    assert_eq!(opened(vec![0; 8192]), not(Found::Zeros));
    assert_eq!(with(510, b"\x55\xaa"), not(Found::Partitions));
    assert_eq!(with(512, b"EFI PART"), not(Found::Partitions));
    assert!(with(510, b"\x55\xaa").to_string().contains("offset"));
    assert_eq!(
        with(0x1_0040, b"_BHRfS_M").to_string(),
        "no ext4 file system begins here, but a Btrfs file system"
    );
}

#[test]
fn paths_lead_where_linux_leads_them() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fill(&folder);
    let image = workshop.image(&folder, 24 << 20, &["-b", "1024", "-L", "nightly"]);
    for path in [
        "/hello",
        "hello",
        "//deep/../hello",
        "link",
        "absolute",
        "deep/er/out",
        "long link",
        "../../hello",
        "deep/er/and/deeper/../../../../hello",
    ] {
        assert_eq!(read_path(&image, path), Ok(b"Hello!".to_vec()), "{path}");
    }
    for (path, problem) in [
        ("", Problem::IsADirectory),
        ("/deep", Problem::IsADirectory),
        ("nothing", Problem::NoSuchFile),
        ("nothing/hello", Problem::NoSuchFile),
        ("hello/", Problem::NotADirectory),
        ("hello/..", Problem::NotADirectory),
        ("many/file number", Problem::NoSuchFile),
        ("loop", Problem::TooManyLinks),
        ("loop/hello", Problem::TooManyLinks),
    ] {
        assert_eq!(read_path(&image, path), Err(problem), "{path}");
    }
    let file_system = FileSystem::open(&image).expect("a file system");
    assert_eq!(file_system.label(), b"nightly");
    let link = file_system.find(&image, b"link", Links::Kept).expect("a link");
    assert_eq!((link.kind, file_system.target(&image, &link)), (Kind::Link, Ok(b"hello".to_vec())));
    let hello = file_system.find(&image, b"hello", Links::Kept).expect("a file");
    assert_eq!(file_system.target(&image, &hello), Err(Problem::NotALink.into()));
    assert_eq!(file_system.list(&image, &hello), Err(Problem::NotADirectory.into()));
    assert_eq!(file_system.pieces(&image, &link, 0, 1), Err(Problem::Special.into()));
    assert_eq!(file_system.pieces(&image, &hello, 6, 1), Ok(vec![]));
    assert_eq!(file_system.pieces(&image, &hello, u64::MAX, u64::MAX), Ok(vec![]));
}

#[test]
fn what_is_not_read_here_is_refused() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("tiny"), "tiny").expect("a file");
    let image = workshop.image(&folder, 4 << 20, &["-O", "meta_bg,^resize_inode"]);
    assert_eq!(opened(image.bytes), Problem::Unsupported { feature: "meta block groups" });
    let image = workshop.image(&folder, 4 << 20, &["-O", "inline_data", "-I", "256"]);
    let feature = "a file inside its inode (inline data)";
    assert_eq!(read_path(&image, "tiny"), Err(Problem::Unsupported { feature }));
    // The end is missing.
    let mut image = workshop.image(&folder, 4 << 20, &[]);
    image.bytes.truncate(3 << 20);
    assert!(matches!(opened(image.bytes), Problem::Damaged { .. }));
}
