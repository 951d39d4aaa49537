//! The conformance suite on files, opened in every way.

use shadowvol::backend::{Slice, conformance};
use shadowvol_host::{Caching, Durability, File, ReadOnlyFile};

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
