//! The conformance suite on files, opened in every way.

use shadowvol::backend::{Slice, WriteAt, conformance};
use shadowvol_host::{Caching, Durability, File, Mapping, ReadOnlyFile};

use super::place::{Place, options};

fn every_way(test: impl Fn(&dyn Fn(u64) -> File)) {
    for place in Place::all() {
        for durability in [Durability::Coherent, Durability::Durable] {
            for caching in [Caching::Auto, Caching::Direct] {
                let options = options(durability, caching);
                test(&|size| File::create(place.path(), size, options).expect("a new file"));
            }
        }
    }
}

#[test]
fn files_conform() {
    every_way(|make| conformance::suite(make));
}

#[test]
fn files_of_odd_sizes_conform() {
    every_way(|make| conformance::odd_sizes(make));
}

#[test]
fn slices_of_files_conform() {
    every_way(|make| {
        conformance::suite(|size| Slice::new(make(size + 9000), 4097, size).expect("within"));
    });
}

/// The reader may use the page cache or not, whatever the writer does: it is one host.
#[test]
fn a_reader_sees_what_a_writer_was_told_is_written() {
    for place in Place::all() {
        for writing in [Caching::Buffered, Caching::Direct] {
            for reading in [Caching::Buffered, Caching::Direct] {
                conformance::handles(|size| {
                    let path = place.path();
                    let options = options(Durability::Coherent, writing);
                    let writer = File::create(&path, size, options).expect("a new file");
                    (writer, ReadOnlyFile::open(path, reading).expect("the same file"))
                });
            }
        }
    }
}

/// A mapping is one more way to the same page cache, and is made anew when the file has grown. Who goes
/// past the page cache has short reads answered from it.
#[test]
fn a_reader_by_a_shorter_way_sees_it_too() {
    use Caching::{Buffered, Direct};
    let ways = [(Buffered, Buffered), (Direct, Buffered), (Buffered, Direct), (Direct, Direct)];
    let places = Place::all();
    for (place, (writing, reading)) in places.iter().flat_map(|place| ways.map(|way| (place, way)))
    {
        for mapping in [Mapping::Auto, Mapping::Always, Mapping::Never] {
            conformance::handles(|size| {
                let path = place.path();
                let options = options(Durability::Coherent, writing);
                let writer = File::create(&path, size, options).expect("a new file");
                // What has holes is not mapped in memory.
                writer.write_at(0, &vec![0; size as usize]).expect("a write within the file");
                let reader = ReadOnlyFile::open(path, reading).expect("the same file");
                (writer, reader.map_small_reads(mapping))
            });
        }
    }
}
