//! Journals that were not replayed: what is read is what e2fsck makes of the image.

use std::fs;

use shadowvol_files::{Error, FileSystem, Problem};

use crate::images::{Image, Workshop};
use crate::shape::{of_image, read_path};

const BLOCK: usize = 1024;

/// An image with two files of a block each, and where these are.
fn image(workshop: &Workshop, options: &[&str]) -> (Image, u64, u64) {
    let folder = workshop.path("folder");
    fs::create_dir_all(&folder).expect("a folder");
    for (name, byte) in [("one", "1"), ("two", "2")] {
        fs::write(folder.join(name), byte.repeat(BLOCK)).expect("a file");
        fs::write(
            workshop.path(&format!("new {name}")),
            byte.repeat(BLOCK / 2) + &"n".repeat(BLOCK / 2),
        )
        .expect("bytes");
    }
    let options = [&["-b", "1024", "-J", "size=1"], options].concat();
    let image = workshop.image(&folder, 4 << 20, &options);
    let place = |byte: u8| {
        let is_it = |block: &[u8]| block.iter().all(|&other| other == byte);
        image.bytes.chunks(BLOCK).position(is_it).expect("the file's block") as u64
    };
    let (one, two) = (place(b'1'), place(b'2'));
    (image, one, two)
}

fn new(byte: u8) -> Vec<u8> {
    [[byte; BLOCK / 2], [b'n'; BLOCK / 2]].concat()
}

/// How journals say that they have checksums, and how numbers of blocks are.
const FORMATS: [(&[&str], &str); 5] = [
    (&[], "journal_open -c -v 3"),
    (&[], "journal_open -c -v 2"),
    (&["-O", "^64bit"], "journal_open -c -v 3"),
    (&["-O", "^64bit"], "journal_open -c -v 2"),
    (&["-O", "^metadata_csum,^64bit"], "journal_open"),
];

#[test]
fn committed_blocks_are_read_from_the_journal() {
    let Some(workshop) = Workshop::open() else { return };
    for (options, open) in FORMATS {
        let (image, one, two) = image(&workshop, options);
        let new_one = workshop.path("new one");
        let dirty = workshop.debugfs(
            &image,
            &format!("{open}\njournal_write -b {one} \"{}\"\njournal_close\n", new_one.display()),
        );
        assert_eq!(FileSystem::open(&dirty).expect("a file system").replayed(), 1, "{options:?}");
        assert_eq!(read_path(&dirty, "one"), Ok(new(b'1')), "{options:?} {open}");
        assert_eq!(read_path(&dirty, "two"), Ok(vec![b'2'; BLOCK]));
        assert!(of_image(&dirty) == of_image(&workshop.replayed(&dirty)), "{options:?} {open}");
        // In the next transaction it is freed: what the journal has of it is not to be seen.
        let dirty = workshop.debugfs(
            &dirty,
            &format!(
                "{open}\njournal_write -r {one} -b {two} \"{}\"\njournal_close\n",
                workshop.path("new two").display()
            ),
        );
        assert_eq!(read_path(&dirty, "one"), Ok(vec![b'1'; BLOCK]), "{options:?} {open}");
        assert_eq!(read_path(&dirty, "two"), Ok(new(b'2')));
        assert!(of_image(&dirty) == of_image(&workshop.replayed(&dirty)), "{options:?} {open}");
        // And used again.
        let dirty = workshop.debugfs(
            &dirty,
            &format!("{open}\njournal_write -b {one} \"{}\"\njournal_close\n", new_one.display()),
        );
        assert_eq!(read_path(&dirty, "one"), Ok(new(b'1')), "{options:?} {open}");
        assert!(of_image(&dirty) == of_image(&workshop.replayed(&dirty)), "{options:?} {open}");
    }
}

/// The journal is a ring: a transaction that reaches its end goes on at its beginning.
#[test]
fn the_ring_goes_round() {
    let Some(workshop) = Workshop::open() else { return };
    // Without checksums: its superblock is changed here.
    let (image, one, _) = image(&workshop, &["-O", "^metadata_csum,^64bit"]);
    let write = format!("journal_write -b {one} \"{}\"\n", workshop.path("new one").display());
    let dirty = workshop.debugfs(&image, &format!("journal_open\n{write}journal_close\n"));
    let journal = workshop.journal(&dirty, 1024);
    for turn in 0..3 {
        let turned = turned(&dirty, &journal, turn);
        assert_eq!(read_path(&turned, "one"), Ok(new(b'1')), "{turn}");
        assert!(of_image(&turned) == of_image(&workshop.replayed(&turned)), "{turn}");
    }
}

#[test]
fn what_has_no_commit_does_not_count() {
    let Some(workshop) = Workshop::open() else { return };
    let (image, one, two) = image(&workshop, &[]);
    let write = |name: &str, block: u64, more: &str| {
        format!("journal_write {more} -b {block} \"{}\"\n", workshop.path(name).display())
    };
    let (first, second) = (write("new one", one, ""), write("new two", two, "-c"));
    let dirty = workshop.debugfs(
        &image,
        &format!("journal_open -c -v 3\n{first}journal_close\njournal_open -c -v 3\n{second}journal_close\n"),
    );
    assert_eq!(read_path(&dirty, "one"), Ok(new(b'1')));
    assert_eq!(read_path(&dirty, "two"), Ok(vec![b'2'; BLOCK]));
}

/// Torn or damaged: what a commit stands behind was whole once.
#[test]
fn damage_in_the_journal_is_no_end() {
    let Some(workshop) = Workshop::open() else { return };
    let (image, one, _) = image(&workshop, &[]);
    let write = format!("journal_write -b {one} \"{}\"\n", workshop.path("new one").display());
    let dirty = workshop.debugfs(&image, &format!("journal_open -c -v 3\n{write}journal_close\n"));
    let journal = workshop.journal(&dirty, 1024);
    let with = |block: usize, at: usize| {
        let mut image = dirty.clone();
        image.bytes[journal[block] * BLOCK + at] ^= 1;
        image
    };
    let is_damaged = |image: &Image| {
        matches!(FileSystem::open(image), Err(Error::Problem(Problem::Damaged { .. })))
    };
    assert!(is_damaged(&with(0, 0x18)), "the journal's superblock");
    assert!(is_damaged(&with(1, 14)), "a descriptor");
    assert_eq!(read_path(&with(3, 14), "one"), Ok(vec![b'1'; BLOCK]), "a commit is torn");
    let damaged = with(2, 14);
    assert!(matches!(read_path(&damaged, "one"), Err(Problem::Damaged { .. })), "bytes of a block");
    assert_eq!(read_path(&damaged, "two"), Ok(vec![b'2'; BLOCK]));
}

/// The same journal, its first transaction so many blocks before the ring's end.
fn turned(image: &Image, journal: &[usize], before_end: usize) -> Image {
    let word = |at: usize| {
        let bytes = image.bytes[journal[0] * BLOCK + at..][..4].try_into().expect("four bytes");
        u32::from_be_bytes(bytes) as usize
    };
    let (end, first, start) = (word(0x10), word(0x14), word(0x1c));
    let ring = end - first;
    let new_start = end - 1 - before_end;
    let mut turned = image.clone();
    for nth in 0..ring {
        let from = journal[first + (start - first + nth) % ring] * BLOCK;
        let to = journal[first + (new_start - first + nth) % ring] * BLOCK;
        turned.bytes[to..][..BLOCK].copy_from_slice(&image.bytes[from..][..BLOCK]);
    }
    let start = journal[0] * BLOCK + 0x1c;
    turned.bytes[start..][..4].copy_from_slice(&(new_start as u32).to_be_bytes());
    turned
}
