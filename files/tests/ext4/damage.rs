//! Damage of any sort: an error, or something that does not matter; never a panic, never without
//! an end, and where there are checksums, never a wrong tree.

use core::cell::Cell;
use std::fs;

use shadowvol_files::{Error, FileSystem};

use crate::images::{Image, Patient, Refused, Workshop};
use crate::shape::{Shapes, of_image, read_path, walk};

/// As many changed images of each sort.
const TRIES: u64 = 400;
/// Reads of the largest walk that was seen are some hundred.
const READS: u32 = 200_000;

#[test]
fn changed_bytes_are_found_or_do_no_harm() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fs::create_dir_all(folder.join("inner/most")).expect("folders");
    for nth in 0..40 {
        let name = format!("inner/a name that is rather long, of number {nth}");
        fs::write(folder.join(name), "x".repeat(nth * 100)).expect("a file");
    }
    std::os::unix::fs::symlink("/inner", folder.join("link")).expect("a link");
    let options: [(&[&str], bool); 3] = [
        (&["-b", "1024", "-O", "^has_journal"], true),
        (&["-b", "1024", "-O", "^has_journal,^metadata_csum"], false),
        (&["-b", "1024", "-O", "^metadata_csum,^extent,^64bit,^has_journal"], false),
    ];
    for (options, has_checksums) in options {
        let image = workshop.image(&folder, 2 << 20, options);
        let whole = of_image(&image);
        // Blocks that were written to.
        let is_used = |nth: &usize| image.bytes[nth * 1024..][..1024].iter().any(|&b| b != 0xa5);
        let used: Vec<_> = (0..image.bytes.len() / 1024).filter(is_used).collect();
        let mut harmed = 0;
        for seed in 0..TRIES {
            let mut draw = Draw(seed);
            let mut changed = image.clone();
            for _ in 0..=draw.below(3) {
                let at = used[draw.below(used.len())] * 1024 + draw.below(1024);
                changed.bytes[at] ^= 1 << draw.below(8);
            }
            harmed += u32::from(look(&changed, &whole, has_checksums, seed));
        }
        assert!(harmed > 0, "{options:?}: all of it missed what matters");
    }
}

/// What a journal has is there, or the file is as it was, or the damage is told.
#[test]
fn changed_bytes_of_a_journal_are_found_or_end_it() {
    let Some(workshop) = Workshop::open() else { return };
    let folder = workshop.path("folder");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("file"), [b'o'; 1024]).expect("a file");
    fs::write(workshop.path("new"), [b'n'; 1024]).expect("bytes");
    let image = workshop.image(&folder, 4 << 20, &["-b", "1024", "-J", "size=1"]);
    let is_it = |block: &[u8]| block == [b'o'; 1024];
    let block = image.bytes.chunks(1024).position(is_it).expect("the file's block");
    let new = workshop.path("new");
    let write = format!("journal_write -b {block} \"{}\"\n", new.display());
    let commands = format!("journal_open -c -v 3\n{write}journal_close\n");
    let dirty = workshop.debugfs(&image, &commands);
    let journal = workshop.journal(&dirty, 4);
    let mut outcomes = [0; 3];
    for seed in 0..TRIES {
        let mut draw = Draw(seed);
        let mut changed = dirty.clone();
        let at = journal[draw.below(4)] * 1024 + draw.below(1024);
        changed.bytes[at] ^= 1 << draw.below(8);
        let outcome = match read_path(&changed, "file") {
            Ok(bytes) if bytes == [b'n'; 1024] => 0,
            Ok(bytes) if bytes == [b'o'; 1024] => 1,
            Ok(_) => panic!("seed {seed}: wrong, and nobody said so"),
            Err(_) => 2,
        };
        outcomes[outcome] += 1;
    }
    // The commit is one of the four blocks: without it, nothing was committed.
    assert!(outcomes[1] > 0 && outcomes[1] < TRIES / 3 && outcomes[2] > TRIES / 2, "{outcomes:?}");
}

/// Looks at all that is in an image; says whether anything could not be read, or is not what it was.
fn look(image: &Image, whole: &Shapes, has_checksums: bool, seed: u64) -> bool {
    let source = Patient { image, reads_left: Cell::new(READS) };
    let mut harmed = false;
    let mut see = |path: &[u8], error: Option<Error<Refused>>, same: bool| match error {
        Some(Error::Source(Refused::TooOften)) => panic!("seed {seed}: no end"),
        Some(Error::Source(Refused::PastEnd)) => panic!("seed {seed}: past the end"),
        Some(_) => harmed = true,
        None if same => {}
        None => {
            let path = String::from_utf8_lossy(path);
            assert!(!has_checksums, "seed {seed}: {path} is wrong, and nobody said so");
            harmed = true;
        }
    };
    match FileSystem::open(&source) {
        Err(error) => see(b"/", Some(error), false),
        Ok(file_system) => {
            let mut faults = Vec::new();
            let walked = walk(&file_system, &source, &mut |path, _, shape| {
                let same = shape.as_ref().is_ok_and(|shape| {
                    whole.get(path).is_some_and(|other| shape.is_but_for_bytes(other))
                });
                faults.push((path.to_vec(), shape.err(), same));
            });
            for (path, error, same) in faults {
                see(&path, error, same);
            }
            if let Err(error) = walked {
                see(b"/", Some(error), false);
            }
        }
    }
    harmed
}

/// Numbers from a seed (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % end as u64) as usize
    }
}
