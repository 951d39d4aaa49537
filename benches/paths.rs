//! Single functions on the hot paths, timed by criterion: no I/O.

use core::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use shadowvol::format::checksum::Checksum;
use shadowvol::table::{Plan, Run, Table};
use shadowvol::{ChunkIndex, Content, CopyId, Extent, SlotIndex};
use shadowvol_benches::Shuffle;
use shadowvol_host::checksum::CRC32C;

const ENTRIES: u64 = 300_000;
const CHUNKS: u64 = 1 << 24;

fn copy(number: u32) -> CopyId {
    CopyId::new(number).unwrap_or(CopyId::MAX)
}

fn filled() -> Table {
    let mut random = Shuffle::new(1);
    let mut table = Table::new();
    for nth in 0..ENTRIES {
        table.insert(one(random.below(CHUNKS), 1, nth as u32), &[7]);
    }
    table
}

fn one(chunk: u64, number: u32, slot: u32) -> Run {
    let content = Content::Slot(SlotIndex(slot));
    Run { chunks: Extent::new(chunk, 1), copy: copy(number), content }
}

fn checksums(bench: &mut Criterion) {
    let chunk = vec![0x5a; 4096];
    bench.bench_function("CRC-32C of 4 KiB, host", |bench| {
        bench.iter(|| CRC32C.of(black_box(&chunk)))
    });
    bench.bench_function("CRC-32C of 4 KiB, portable", |bench| {
        bench.iter(|| Checksum::PORTABLE.of(black_box(&chunk)));
    });
}

fn tables(bench: &mut Criterion) {
    let table = filled();
    let mut random = Shuffle::new(1);
    bench.bench_function("W1: a chunk that is preserved", |bench| {
        bench.iter(|| table.holds(copy(1), ChunkIndex(random.below(CHUNKS))));
    });
    let mut plan = Plan::default();
    bench.bench_function("R1: 1 MiB of a copy", |bench| {
        bench.iter(|| {
            plan.clear();
            table.resolve(copy(1), Extent::new(random.below(CHUNKS - 256), 256), &mut plan);
            plan.pieces.len()
        });
    });
    bench.bench_function("W3: a record of one chunk", |bench| {
        bench.iter_batched_ref(
            || table.clone(),
            |table| {
                for slot in 0..1000 {
                    table.insert(one(random.below(CHUNKS), 2, slot), &[7]);
                }
            },
            BatchSize::LargeInput,
        );
    });
}

criterion_group!(paths, checksums, tables);
criterion_main!(paths);
