//! What is locked, what is let go of it, and where no lock is to be had; and what a file in memory has
//! grown by, where there is such a file system.

use std::io::Write;
use std::path::Path;

use shadowvol::backend::{ReadAt, WriteAt};

use super::super::{Durability, File, FileOptions};
use super::*;

const SIZE: usize = 1 << 20;
const PAGE: u64 = super::PAGE as u64;

fn file() -> (fs::File, Vec<u8>) {
    let bytes: Vec<u8> = (0..SIZE).map(|at| (at % 251) as u8).collect();
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&bytes).expect("room");
    (file, bytes)
}

fn mapped(file: &fs::File, layout: Layout) -> Mapped {
    Mapped::new(file, layout, ProtFlags::READ).expect("a mapping")
}

#[test]
fn what_was_read_last_is_locked_and_the_oldest_is_let_go() {
    let (file, bytes) = file();
    let mapped = mapped(&file, LOCKED);
    let mut buffer = [0; LOCKED.most];
    for at in (0..SIZE - buffer.len()).step_by(1234) {
        if let Ok(false) = mapped.read(at as u64, &mut buffer) {
            println!("NOT TESTED: this process may lock too little memory (ulimit -l)");
            return;
        }
        assert_eq!(buffer, bytes[at..at + buffer.len()]);
        let windows = mapped.windows.read();
        assert!(windows.len() <= LOCKED.windows);
        assert!(windows.iter().all(|window| window.lock.is_some()));
        let is_last = |window: &Window| window.start as usize == at - at % (16 << 10);
        assert!(windows.last().is_some_and(is_last));
    }
    assert_eq!(mapped.windows.read().len(), LOCKED.windows);
    assert!(matches!(mapped.read(0, &mut [0; LOCKED.most + 1]), Ok(false)), "too long");
}

#[test]
fn a_locked_window_grows_with_its_file() {
    let (mut file, _) = file();
    let mapped = mapped(&file, LOCKED);
    let mut buffer = [0; 8];
    if let Ok(false) = mapped.read(SIZE as u64 - 8, &mut buffer) {
        println!("NOT TESTED: this process may lock too little memory (ulimit -l)");
        return;
    }
    assert!(matches!(mapped.read(SIZE as u64, &mut buffer), Ok(false)), "past the end");
    file.write_all(b"and more").expect("room");
    assert!(matches!(mapped.read(SIZE as u64, &mut buffer), Ok(true)));
    assert_eq!(&buffer, b"and more");
    assert_eq!(mapped.windows.read().len(), 2);
}

#[test]
fn a_lock_that_was_refused_is_not_asked_for_again() {
    let (file, bytes) = file();
    // No window can begin there.
    let mapped = mapped(&file, Layout { step: 100, ..LOCKED });
    assert!(matches!(mapped.read(500, &mut [0; 8]), Ok(false)));
    let mut buffer = [0; 8];
    assert!(matches!(mapped.read(0, &mut buffer), Ok(false)), "not even what could be had");
    assert_ne!(buffer, bytes[..8]);
}

/// Pages that this thread had to be given when it touched them.
fn faults() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").expect("what the kernel counts");
    let (_, fields) = stat.rsplit_once(')').expect("a name in brackets");
    fields.split_whitespace().nth(7).and_then(|count| count.parse().ok()).expect("a number")
}

#[test]
fn no_write_to_what_a_file_has_grown_by_waits_for_its_page() {
    let memory = Path::new("/dev/shm");
    let Ok(folder) = tempfile::tempdir_in(memory) else {
        println!("NOT TESTED: there is no {}", memory.display());
        return;
    };
    let durability = Durability::Coherent;
    let options = FileOptions { durability, ..FileOptions::default() };
    let file = File::create(folder.path().join("grows"), PAGE, options).expect("a file");
    let fs = &file.handle.file;
    let Some(sys::Storage::Memory) = sys::storage(fs) else {
        println!("NOT TESTED: {} is no memory", memory.display());
        return;
    };
    let window = 1024 * PAGE;
    let layout = Layout { step: window, window, ..IN_MEMORY };
    let protection = ProtFlags::READ | ProtFlags::WRITE;
    let mapped = Mapped::new(fs, layout, protection).expect("a mapping");
    let write = |page, byte, size| mapped.write(page * PAGE, &[byte; PAGE as usize], size);
    assert!(matches!(write(0, 1, PAGE), Ok(true)));
    // The last step begins within a window that is in use, and ends in the next one.
    let (before, size) = (window - 512 * PAGE, window + 512 * PAGE);
    let mut had = PAGE;
    for size in [before, size] {
        assert_eq!(file.grow(size).expect("room"), size);
        mapped.prepare(had, size);
        had = size;
    }
    let had = faults();
    for page in before / PAGE..size / PAGE {
        assert!(matches!(write(page, 2, size), Ok(true)));
    }
    let more = faults() - had;
    assert!(more < 100, "{more} of 1024 writes waited");

    let mut bytes = [0; PAGE as usize];
    for (page, byte) in [(0, 1), (before / PAGE, 2), (size / PAGE - 1, 2), (9, 0)] {
        file.read_at(page * PAGE, &mut bytes).expect("a page");
        assert!(bytes.iter().all(|&found| found == byte), "page {page}");
    }
}
