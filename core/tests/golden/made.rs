//! A small diff area made by the engine, read by somebody else.

use shadowvol::active::{
    Active, Amend, Commit, Compact, Create, Delete, Describe, Format, MakeRoom,
};
use shadowvol::active::{Options, Revert, Role, Settle, TakeRole, Write};
use shadowvol::backend::{Memory, ReadAt, WriteAt};
use shadowvol::format::checksum::Checksum;
use shadowvol::format::superblock::OnFull;
use shadowvol::machine::{Buffer, Buffers, Fed, Machine, Medium, Next, Op, Scratch, Step, Wait};
use shadowvol::{Attributes, ChunkSize, CopyId, Description, VolumeId};

use super::reader::Reader;

/// One machine after the other, over two media in memory.
struct Driver {
    origin: Memory,
    diff: Memory,
}

impl Driver {
    fn run<M: Machine<Op = Op>>(
        &self,
        machine: &mut M,
        shared: &mut M::Shared,
        data: &[u8],
        serve: &mut dyn FnMut(&mut M::Shared, Wait),
    ) -> M::Output {
        let mut scratch = Scratch::new();
        let mut buffers =
            Buffers { user: &mut [], scratch: &mut scratch, checksum: Checksum::PORTABLE };
        let mut fed = Fed::Again;
        loop {
            match machine.step(shared, &mut buffers, fed) {
                Step::Done(done) => return done.expect("nothing fails"),
                Step::Wait(wait) => {
                    serve(shared, wait);
                    fed = Fed::Again;
                }
                Step::Io => {
                    fed = Fed::Done;
                    loop {
                        for &op in machine.ops() {
                            if let Some(size) = self.perform(op, data, buffers.scratch) {
                                fed = Fed::Size(size);
                            }
                        }
                        if machine.absorb(&mut buffers) == Next::Step {
                            break;
                        }
                    }
                }
            }
        }
    }

    fn perform(&self, op: Op, data: &[u8], scratch: &mut [u8]) -> Option<u64> {
        let disk = if op.medium() == Medium::Origin { &self.origin } else { &self.diff };
        match op {
            Op::Read(read) => disk.read_at(read.at, &mut scratch[read.into.range()]),
            Op::Write { at, from, .. } if from.buffer == Buffer::User => {
                disk.write_at(at, &data[from.range()])
            }
            Op::Write { at, from, .. } => disk.write_at(at, &scratch[from.range()]),
            Op::Barrier { .. } => disk.barrier(),
            Op::Punch { at, len } => disk.punch(at, len),
            Op::Grow { size } => return Some(disk.grow(size).expect("room")),
        }
        .expect("nothing fails");
        None
    }

    fn alone<M: Machine<Op = Op, Shared = ()>>(&self, machine: &mut M) -> M::Output {
        self.run(machine, &mut (), &[], &mut |(), wait| panic!("nobody to wait for: {wait:?}"))
    }

    fn on<M: Machine<Op = Op, Shared = Active>>(
        &self,
        active: &mut Active,
        machine: &mut M,
        data: &[u8],
    ) -> M::Output {
        self.run(machine, active, data, &mut |active, wait| match wait {
            Wait::Turn | Wait::Barrier | Wait::Yield | Wait::Gate => panic!("nobody else is there"),
            Wait::Commit => self.on(active, &mut Commit::new(), &[]),
            Wait::Room(slots) => self.on(active, &mut MakeRoom::new(slots, 0), &[]),
            Wait::Settle(extent) => drop(self.on(active, &mut Settle::within(extent), &[])),
        })
    }

    fn all(disk: &Memory) -> Vec<u8> {
        let mut bytes = vec![0; disk.size().expect("a size") as usize];
        disk.read_at(0, &mut bytes).expect("within");
        bytes
    }
}

#[test]
fn a_reader_made_from_the_description_reads_every_chunk_of_every_copy() {
    for (size, shift) in [(30_001, 12), (4096, 12), (100_000, 14), (1, 20)] {
        let driver = Driver { origin: Memory::new(size), diff: Memory::new(0) };
        driver.alone(&mut Format::new(Options {
            size,
            volume: VolumeId(*b"0123456789abcdef"),
            chunk: ChunkSize::from_shift(shift).unwrap(),
            limit: u64::MAX,
            on_full: OnFull::FailWrite,
        }));
        let mut active = driver.alone(&mut TakeRole::new(Role {
            origin_size: size,
            diff_size: driver.diff.size().expect("a size"),
            stamp: [0; 32],
            boot: [0; 16],
            coherent: false,
            limit: None,
            on_full: None,
            drop_copies: false,
        }));
        let mut truths = Vec::new();
        let mut journal = 0;
        for round in 0..9_u64 {
            let label = format!("nightly {round} \u{2713}");
            let copy =
                driver.on(&mut active, &mut Create::new(Description::new(label.clone(), -5)), &[]);
            truths.push((copy, label, Driver::all(&driver.origin)));
            let at = round * 3_001 % size;
            let length = 9_000.min(size - at);
            if round % 3 == 1 {
                driver.on(&mut active, &mut Write::discard(at, length), &[]);
            } else {
                let data: Vec<_> = (0..length).map(|nth| (nth ^ (round + 1)) as u8).collect();
                driver.on(&mut active, &mut Write::new(at, length), &data);
            }
            if round == 5 {
                let gone: CopyId = truths.remove(2).0;
                driver.on(&mut active, &mut Delete::new(vec![gone], 0), &[]);
            }
            if round == 6 {
                driver.on(&mut active, &mut Compact::new(), &[]);
            }
            journal = active.counters().journal_bytes;
        }
        let (diff, origin) = (Driver::all(&driver.diff), Driver::all(&driver.origin));
        let reader = Reader::new(&diff);
        assert_eq!(reader.copies.len(), truths.len());
        for (copy, label, truth) in &truths {
            let number = u64::from(copy.number());
            assert_eq!(reader.copies[&number], (-5, label.clone()));
            assert!(reader.read(number, &origin) == *truth, "copy {copy} of {size} bytes");
        }
        assert!(journal > 0 && reader.records > 9);

        // Reverted, written to, compacted, and settled: each time the reader knows where to look.
        let (copy, _, truth) = &truths[3];
        let mut expected = truth.clone();
        let length = 5_000.min(size) as usize;
        expected[..length].fill(0xee);
        let check = |active: &mut Active, reverting: bool| {
            let reader = Driver::all(&driver.diff);
            let reader = Reader::new(&reader);
            assert_eq!(reader.reverting, reverting.then_some(u64::from(copy.number())));
            assert_eq!(active.reverting(), reverting.then_some(*copy));
            let origin = Driver::all(&driver.origin);
            assert!(reader.volume(&origin) == expected, "a volume of {size} bytes");
            assert_eq!(origin == expected, !reverting || size <= 5_000, "the origin's part");
            for (copy, _, truth) in &truths {
                assert!(reader.read(u64::from(copy.number()), &origin) == *truth, "copy {copy}");
            }
        };
        driver.on(&mut active, &mut Revert::new(*copy), &[]);
        driver.on(&mut active, &mut Write::new(0, length as u64), &vec![0xee; length]);
        check(&mut active, true);
        driver.on(&mut active, &mut Compact::new(), &[]);
        check(&mut active, true);
        while driver.on(&mut active, &mut Settle::new(), &[]).more {}
        check(&mut active, false);
    }
}

#[test]
fn and_knows_what_was_amended_when_the_copy_is_finished() {
    let (size, chunk) = (30_001, ChunkSize::MIN);
    let driver = Driver { origin: Memory::new(size), diff: Memory::new(0) };
    driver.alone(&mut Format::new(Options {
        size,
        volume: VolumeId([3; 16]),
        chunk,
        limit: u64::MAX,
        on_full: OnFull::FailWrite,
    }));
    let mut active = driver.alone(&mut TakeRole::new(Role {
        origin_size: size,
        diff_size: driver.diff.size().expect("a size"),
        stamp: [0; 32],
        boot: [0; 16],
        coherent: true,
        limit: None,
        on_full: None,
        drop_copies: false,
    }));
    driver.on(&mut active, &mut Write::new(0, size), &vec![1; size as usize]);
    let before = Driver::all(&driver.origin);
    let older = driver.on(&mut active, &mut Create::new(Description::new("older", 1)), &[]);
    let making = Description { attributes: Attributes::UNFINISHED, ..Description::new("", 2) };
    let copy = driver.on(&mut active, &mut Create::new(making), &[]);
    driver.on(&mut active, &mut Write::new(5_000, 9_000), &[2; 9_000]);

    // Two chunks, then zeros, then the short one at the end.
    let mut amended = before.clone();
    for (at, bytes) in [(4096, vec![7; 8192]), (12_288, vec![0; 4096]), (28_672, vec![8; 1329])] {
        amended[at..at + bytes.len()].copy_from_slice(&bytes);
        let mut machine = Amend::new(copy, at as u64, &bytes, chunk, Checksum::PORTABLE);
        driver.on(&mut active, &mut machine, &bytes);
    }
    let number = u64::from(copy.number());
    let check = |copy: u64, expected: &[u8]| {
        let diff = Driver::all(&driver.diff);
        assert!(Reader::new(&diff).read(copy, &Driver::all(&driver.origin)) == expected);
    };
    check(number, &before);
    driver.on(&mut active, &mut Describe::new(copy, Description::new("amended", 0)), &[]);
    check(number, &amended);
    check(u64::from(older.number()), &before);
    driver.on(&mut active, &mut Compact::new(), &[]);
    driver.on(&mut active, &mut Write::new(0, size), &vec![3; size as usize]);
    check(number, &amended);
    check(u64::from(older.number()), &before);
}

#[test]
fn and_follows_the_journal_through_its_segments() {
    let size = 40_960;
    let driver = Driver { origin: Memory::new(size), diff: Memory::new(0) };
    driver.alone(&mut Format::new(Options {
        size,
        volume: VolumeId([3; 16]),
        chunk: ChunkSize::MIN,
        limit: u64::MAX,
        on_full: OnFull::FailWrite,
    }));
    let mut active = driver.alone(&mut TakeRole::new(Role {
        origin_size: size,
        diff_size: driver.diff.size().expect("a size"),
        stamp: [0; 32],
        boot: [0; 16],
        coherent: true,
        limit: None,
        on_full: None,
        drop_copies: false,
    }));
    let label = "a long label ".repeat(70);
    for _ in 0..600 {
        driver.on(&mut active, &mut Create::new(Description::new(label.clone(), 1)), &[]);
    }
    let diff = Driver::all(&driver.diff);
    let reader = Reader::new(&diff);
    assert_eq!(reader.copies.len(), 600);
    assert!(reader.links >= 2, "{} links", reader.links);
}
