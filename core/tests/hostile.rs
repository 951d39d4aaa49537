//! What a fuzzer found in bytes that no engine writes, each with its story.

use shadowvol::format::checksum::Checksum;
use shadowvol::format::record::{Context, Emitter, parse, seal, split};
use shadowvol::format::superblock::{OnFull, Superblock};
use shadowvol::journal::{Trust, View};
use shadowvol::{
    ChunkSize, Content, CopyId, Damage, Epoch, Error, Extent, Generation, Geometry, Run, Segment,
    Sequence, SlotIndex, VolumeId,
};

fn superblock() -> Superblock {
    Superblock {
        volume: VolumeId([1; 16]),
        geometry: Geometry::new(50_000, ChunkSize::MIN),
        epoch: Epoch(4),
        serial: 9,
        generation: Generation { epoch: Epoch(4), number: 0 },
        journal: Segment { first: SlotIndex(2), slots: 64 },
        clean: true,
        coherent: false,
        on_full: OnFull::FailWrite,
        next_copy: 2,
        limit: u64::MAX,
        stamp: [0; 32],
        boot: [0; 16],
        records: 0,
    }
}

/// A record that claims no length was split off as nothing, so that whoever went on with the rest
/// went on for ever.
#[test]
fn a_record_without_length_ends_the_list() {
    let mut records = vec![0; 80];
    assert!(split(&records).is_none());
    records[4] = 5;
    let (first, rest) = split(&records).expect("a record of 40 bytes");
    assert_eq!((first.len(), rest.len()), (40, 40));
    assert!(split(rest).is_none());
}

/// Whoever took the role counted epoch and serial up, and there was no number left: a panic, or
/// with the checks for that left out, an epoch that is older than all others.
#[test]
fn an_epoch_or_serial_that_leaves_no_next_one_is_damage() {
    let good = superblock();
    let last = Epoch(u64::MAX);
    let generation = Generation { epoch: last, number: 0 };
    let bad = [
        Superblock { epoch: last, ..good.clone() },
        Superblock { serial: u64::MAX, ..good.clone() },
        // A journal of a holder that is still to come.
        Superblock { generation, ..good.clone() },
    ];
    let parse = |superblock: &Superblock| {
        Superblock::parse(&superblock.emit(Checksum::PORTABLE), Checksum::PORTABLE)
    };
    assert_eq!(parse(&good), Ok(Some(good.clone())));
    for bad in bad {
        let refused = matches!(parse(&bad), Err(Error::Corrupt { what: Damage::Geometry, .. }));
        assert!(refused, "{bad:?}");
    }
}

/// A run said that it answers for copies up to number 9, when there had been 1. The next copies that
/// were taken, up to the ninth, would have had its bytes for their own.
#[test]
fn nothing_is_preserved_for_a_copy_that_was_never_taken() {
    let generation = Generation::default();
    let context = Context { seed: 5, generation };
    for (copy, believed) in [(1, true), (2, false), (9, false)] {
        let mut view = View::new(superblock().geometry, Trust::Remember, 2);
        let copy = CopyId::new(copy).expect("a number");
        let run = Run { chunks: Extent::new(0, 3), copy, content: Content::Zeros };
        let mut record = Vec::new();
        let mut emitter = Emitter::preserved(&mut record);
        emitter.run(run, &[]);
        let _ = emitter.end();
        seal(&mut record, context, Sequence(0), Sequence(0), Checksum::PORTABLE);
        let parsed = parse(&record, context, Sequence(0), Checksum::PORTABLE);
        let parsed = parsed.expect("sound").expect("whole");
        assert_eq!(view.apply(Sequence(0), &parsed).is_ok(), believed, "{run:?}");
    }
}
