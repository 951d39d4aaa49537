//! The one suite that every backend runs in its tests. It panics where the contract is broken.
//!
//! What a suite on one host cannot show is durability, and that no cache of another host answers.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt::Debug;

use super::{ReadAt, WriteAt};

/// Distances from the borders of sectors, pages and blocks where mistakes live.
const EDGES: [u64; 14] =
    [0, 1, 2, 511, 512, 513, 4095, 4096, 4097, 8191, 8192, 12_287, 65_535, 65_537];

/// The contract on media that `make` makes: zeros, of the size that it is given, a multiple of
/// 4096.
///
/// # Panics
///
/// When the medium breaks the contract, or an operation on it fails that should not.
pub fn suite<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    starts_as_zeros(&make);
    reads_what_was_written(&make);
    punches_exactly(&make);
    passes_no_data(&make);
    refuses_what_lies_beyond(&make, 16 * 4096);
    takes_empty_requests(&make);
    grows_without_harm(&make);
    moves_large_requests(&make);
    keeps_what_lies_beside(&make);
    agrees_with_a_model(&make, 32 * 4096);
}

/// The same for sizes that are no multiple of anything, where the medium can have them.
///
/// # Panics
///
/// As [`suite`].
pub fn odd_sizes<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    for size in [1, 511, 4095, 4097, 70_001] {
        refuses_what_lies_beyond(&make, size);
        agrees_with_a_model(&make, size);
    }
    grows_from_odd_sizes(&make);
}

/// Promise 1 between two handles on one medium, the first of which writes.
///
/// # Panics
///
/// As [`suite`].
pub fn handles<W: WriteAt<Error: Debug>, R: ReadAt<Error: Debug>>(make: impl Fn(u64) -> (W, R)) {
    let (writer, reader) = make(64 * 4096);
    let mut model = vec![0; 64 * 4096];
    let mut random = Random(3);
    for _ in 0..500 {
        let (offset, data) = random.write(model.len() as u64);
        writer.write_at(offset, &data).expect("a write within the medium");
        model[range(offset, data.len() as u64)].copy_from_slice(&data);
        if random.below(8) == 0 {
            writer.barrier().expect("a barrier");
        }
        let from = random.below(offset + 1);
        let to = offset + data.len() as u64;
        assert_eq!(read(&reader, from, to - from), model[range(from, to - from)]);
        check_next_data(&reader, &model, from);
    }
    writer.punch(5, 9000).expect("a punch within the medium");
    assert_eq!(read(&reader, 5, 9000), vec![0; 9000]);
    let size = writer.grow(80 * 4096).expect("growth");
    assert_eq!(reader.size().expect("a size"), size);
    assert_eq!(read(&reader, size - 1, 1).len(), 1);
}

fn starts_as_zeros<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let medium = make(5 * 4096);
    assert_eq!(medium.size().expect("a size"), 5 * 4096);
    assert_eq!(content(&medium), vec![0; 5 * 4096]);
}

fn reads_what_was_written<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let medium = make(36 * 4096);
    let mut model = content(&medium);
    let mut random = Random(1);
    for offset in EDGES {
        for length in EDGES {
            let data = random.bytes(length);
            medium.write_at(offset, &data).expect("a write within the medium");
            model[range(offset, length)].copy_from_slice(&data);
            assert_eq!(read(&medium, offset, length), data, "{length} bytes at {offset}");
        }
        assert_eq!(content(&medium), model, "after the writes at {offset}");
    }
    medium.barrier().expect("a barrier");
    assert_eq!(content(&medium), model);
}

fn punches_exactly<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let medium = make(36 * 4096);
    let full = Random(2).bytes(36 * 4096);
    for offset in EDGES {
        for length in EDGES {
            medium.write_at(0, &full).expect("a write within the medium");
            medium.punch(offset, length).expect("a punch within the medium");
            let mut model = full.clone();
            model[range(offset, length)].fill(0);
            assert_eq!(content(&medium), model, "{length} bytes punched at {offset}");
        }
    }
    medium.punch(0, 36 * 4096).expect("a punch of everything");
    assert_eq!(content(&medium), vec![0; 36 * 4096]);
}

fn passes_no_data<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let size = 64 * 4096;
    let medium = make(size);
    let mut model = vec![0; size as usize];
    let mut random = Random(6);
    for _ in 0..200 {
        let offset = random.below(size);
        if random.below(2) == 0 {
            let length = random.below(64).min(size - offset);
            let data = random.bytes(length);
            medium.write_at(offset, &data).expect("a write within the medium");
            model[range(offset, data.len() as u64)].copy_from_slice(&data);
        } else {
            let length = random.below(size - offset);
            medium.punch(offset, length).expect("a punch within the medium");
            model[range(offset, length)].fill(0);
        }
        for from in [0, offset, random.below(size), size] {
            check_next_data(&medium, &model, from);
        }
    }
}

/// What is passed over must be zeros; that there are zeros need not be known.
fn check_next_data(medium: &impl ReadAt<Error: Debug>, model: &[u8], from: u64) {
    let next = medium.next_data(from).expect("where data begins");
    assert!(from <= next && next <= model.len() as u64, "data from {from} on begins at {next}");
    let passed = &model[range(from, next - from)];
    assert!(passed.iter().all(|&byte| byte == 0), "data between {from} and {next}");
}

fn refuses_what_lies_beyond<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B, size: u64) {
    let medium = make(size);
    let full = Random(4).bytes(size);
    medium.write_at(0, &full).expect("a write of everything");
    for (offset, length) in
        [(size, 1), (size - 1, 2), (0, size + 1), (size + 4096, 4096), (u64::MAX, 1)]
    {
        let data = vec![7; length as usize];
        assert!(medium.write_at(offset, &data).is_err(), "{length} bytes written at {offset}");
        assert!(medium.punch(offset, length).is_err(), "{length} bytes punched at {offset}");
        let mut buffer = data;
        assert!(medium.read_at(offset, &mut buffer).is_err(), "{length} bytes read at {offset}");
        assert_eq!(medium.size().expect("a size"), size, "an error changed the size");
    }
    assert_eq!(content(&medium), full, "an error changed the content");
}

fn takes_empty_requests<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let medium = make(4096);
    for offset in [0, 1, 4095, 4096] {
        medium.read_at(offset, &mut []).expect("an empty read");
        medium.write_at(offset, &[]).expect("an empty write");
        medium.punch(offset, 0).expect("an empty punch");
    }
    assert_eq!(medium.size().expect("a size"), 4096);
    assert_eq!(content(&medium), vec![0; 4096]);
}

fn grows_without_harm<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let medium = make(4 * 4096);
    let full = Random(5).bytes(4 * 4096);
    medium.write_at(0, &full).expect("a write of everything");
    assert_eq!(medium.grow(4096).expect("no growth"), 4 * 4096, "a medium shrank");
    let size = medium.grow(50 * 4096).expect("growth");
    let fixed = size == 4 * 4096;
    assert!(fixed || size >= 50 * 4096, "half grown without an error");
    assert_eq!(medium.size().expect("a size"), size);
    assert_eq!(read(&medium, 0, 4 * 4096), full);
    assert_eq!(read(&medium, 4 * 4096, size - 4 * 4096), vec![0; (size - 4 * 4096) as usize]);
    medium.write_at(size - 4097, &[9; 4097]).expect("a write at the new end");
    medium.barrier().expect("a barrier");
    assert_eq!(read(&medium, size - 4097, 4097), [9; 4097]);
}

fn grows_from_odd_sizes<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let medium = make(10_007);
    let mut model = Random(6).bytes(10_007);
    medium.write_at(0, &model).expect("a write of everything");
    for wanted in [10_008, 12_288, 12_289, 100_003] {
        let size = medium.grow(wanted).expect("growth");
        model.resize(size as usize, 0);
        assert_eq!(content(&medium), model, "after growth to {wanted}");
        medium.write_at(size - 1, &[wanted as u8]).expect("a write at the new end");
        model[size as usize - 1] = wanted as u8;
    }
    assert_eq!(content(&medium), model);
}

fn moves_large_requests<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    const LARGE: u64 = 5 << 20;
    let medium = make(LARGE + 8192);
    let data = Random(7).bytes(LARGE);
    for offset in [0, 1, 4096, 8192] {
        medium.write_at(offset, &data).expect("a write within the medium");
        assert!(read(&medium, offset, LARGE) == data, "{LARGE} bytes at {offset}");
    }
    medium.punch(3, LARGE).expect("a punch within the medium");
    assert!(read(&medium, 3, LARGE).iter().all(|&byte| byte == 0));
}

/// Short writes one behind the other, as a log is written, while others change the bytes beside them.
fn keeps_what_lies_beside<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B) {
    let size = 4 * 4096;
    let medium = make(size);
    let mut model = vec![0; size as usize];
    let mut random = Random(11);
    let (mut end, mut nth) = (0, 0);
    while end + 300 < size {
        let piece = vec![1; 1 + random.below(300) as usize];
        let at = end;
        end += piece.len() as u64;
        let block = end - end % 512;
        medium.write_at(at, &piece).expect("a write within the medium");
        model[range(at, piece.len() as u64)].fill(1);
        nth += 1;
        match nth % 4 {
            0 => {
                medium.write_at(block, &[2; 512]).expect("a write within the medium");
                model[range(block, 512)].fill(2);
            }
            1 => {
                medium.punch(block, 512).expect("a punch within the medium");
                model[range(block, 512)].fill(0);
            }
            2 => {
                medium.write_at(end + 7, &[3; 99]).expect("a write within the medium");
                model[range(end + 7, 99)].fill(3);
            }
            _ => {}
        }
        assert_eq!(content(&medium), model);
    }
}

fn agrees_with_a_model<B: WriteAt<Error: Debug>>(make: impl Fn(u64) -> B, size: u64) {
    let medium = make(size);
    let mut model = vec![0; size as usize];
    let mut random = Random(8);
    for _ in 0..300 {
        let (offset, data) = random.write(size);
        let length = data.len() as u64;
        match random.below(4) {
            0 => {
                medium.punch(offset, length).expect("a punch within the medium");
                model[range(offset, length)].fill(0);
            }
            1 => assert_eq!(read(&medium, offset, length), model[range(offset, length)]),
            _ => {
                medium.write_at(offset, &data).expect("a write within the medium");
                model[range(offset, length)].copy_from_slice(&data);
            }
        }
    }
    assert_eq!(content(&medium), model);
}

fn content<B: ReadAt<Error: Debug>>(medium: &B) -> Vec<u8> {
    read(medium, 0, medium.size().expect("a size"))
}

fn read<B: ReadAt<Error: Debug>>(medium: &B, offset: u64, length: u64) -> Vec<u8> {
    let mut buffer = vec![0xa5; length as usize];
    medium.read_at(offset, &mut buffer).expect("a read within the medium");
    buffer
}

const fn range(offset: u64, length: u64) -> core::ops::Range<usize> {
    offset as usize..(offset + length) as usize
}

/// A xorshift generator: the suite is the same on every run.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    const fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| (self.next() >> 24) as u8).collect()
    }

    /// A write within `size` bytes: often small, often at a border.
    fn write(&mut self, size: u64) -> (u64, Vec<u8>) {
        let mut offset = self.below(size);
        if self.below(2) == 0 {
            offset -= offset % 512;
        }
        let most = (size - offset).min([64, 4096, 20_000][self.below(3) as usize]);
        let length = if self.below(3) == 0 { most } else { self.below(most + 1) };
        (offset, self.bytes(length))
    }
}
