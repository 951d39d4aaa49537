//! A file that another host writes to. FUSE is such a file system: what is written to the directory
//! below, its kernel cache does not hear of; so that directory stands for the other host.

use std::fs;
use std::os::unix::fs::FileExt;

use shadowvol::backend::{ReadAt, conformance};
use shadowvol_host::file::MediumKind;
use shadowvol_host::{Caching, Durability, File, FileError, ReadOnlyFile};

use super::place::{Mirror, options};

#[test]
fn a_remote_file_conforms_past_the_cache() {
    let Some(mirror) = Mirror::mount() else { return };
    let next = core::cell::Cell::new(0);
    let path = || {
        next.set(next.get() + 1);
        mirror.here.path().join(next.get().to_string())
    };
    let make = |size| {
        let options = options(Durability::Durable, Caching::Auto);
        let file = File::create(path(), size, options).expect("a new file");
        assert_eq!(file.medium(), MediumKind::RemoteFile { file_system: "FUSE" });
        assert!(file.is_direct());
        file
    };
    conformance::suite(make);
    conformance::odd_sizes(make);
    conformance::handles(|size| {
        let file = make(size);
        let reader = ReadOnlyFile::open(file.path(), Caching::Auto).expect("the same file");
        (file, reader)
    });
}

#[test]
fn a_passive_is_never_answered_from_a_stale_cache() {
    let Some(mirror) = Mirror::mount() else { return };
    let elsewhere = fs::File::create(mirror.there.path().join("x")).expect("a new file");
    elsewhere.set_len(10_000).expect("a sparse file");
    let passive = ReadOnlyFile::open(mirror.here.path().join("x"), Caching::Auto);
    let passive = passive.expect("direct I/O");
    for round in 1..50_u8 {
        elsewhere.write_all_at(&[round; 3000], 7000).expect("a write on the other host");
        let mut found = [0; 3000];
        passive.read_at(7000, &mut found).expect("within");
        assert_eq!(found, [round; 3000]);
    }
    assert_eq!(passive.size().expect("a size"), 10_000);
    elsewhere.set_len(20_000).expect("growth on the other host");
    assert_eq!(passive.size().expect("a size"), 20_000);
    passive.read_at(19_999, &mut [0]).expect("within the new size");
}

#[test]
fn coherent_mode_is_refused_and_leaves_nothing_behind() {
    let Some(mirror) = Mirror::mount() else { return };
    let path = mirror.here.path().join("x");
    for caching in [Caching::Auto, Caching::Buffered, Caching::Direct] {
        let error = File::create(&path, 4096, options(Durability::Coherent, caching));
        let error = error.expect_err("no shared page cache");
        assert!(matches!(error, FileError::NotCoherent { .. }));
        assert!(error.to_string().ends_with("use durable mode"), "{error}");
        assert!(!path.exists());
    }
}
