//! Every record kind and a superblock as bytes.

use shadowvol::format::checksum::Checksum;
use shadowvol::format::record::{
    Body, Context, Emitter, MAX_BYTES, MAX_SETTLED, Reason, RunKind, parse, seal,
};
use shadowvol::format::superblock::{OnFull, Superblock};
use shadowvol::{
    Attributes, ChunkSize, Content, CopyId, Description, Epoch, Extent, Generation, Geometry, Id,
    Run, Segment, Sequence, SlotIndex, VolumeId,
};

const VOLUME: VolumeId = VolumeId(*b"0123456789abcdef");

fn hex(bytes: &[u8]) -> String {
    let lines = bytes.chunks(16).map(|line| {
        let bytes: Vec<_> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        bytes.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Compares with the lines of a text, whatever they are indented by.
#[track_caller]
fn assert_golden(bytes: &[u8], golden: &str) {
    let golden: Vec<_> = golden.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(hex(bytes), golden.join("\n"));
}

pub(crate) fn context() -> Context {
    let seed = Checksum::PORTABLE.of(&VOLUME.0);
    Context { seed, generation: Generation { epoch: Epoch(3), number: 2 } }
}

/// The record that is emitted, as number 17, the last three before it being unstable.
fn record(emit: impl FnOnce(&mut Vec<u8>) -> usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = emit(&mut bytes);
    assert_eq!(length, bytes.len());
    seal(&mut bytes, context(), Sequence(17), Sequence(14), Checksum::PORTABLE);
    let parsed = parse(&bytes, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    assert_eq!(parsed.expect("believed").stable, Sequence(14));
    bytes
}

pub(crate) fn copy(number: u32) -> CopyId {
    CopyId::new(number).expect("a number")
}

/// A description in which every field has a value of its own.
fn about() -> Description<&'static str> {
    Description {
        label: "nächtlich",
        time: -2,
        attributes: Attributes::AUTO_RELEASE | Attributes::APPLICATION_CONSISTENT,
        owner: Id([0xab; 16]),
        expires: 0x1122_3344_5566_7788,
        retained_until: 3,
        set: Id([0xcd; 16]),
        set_copies: 64,
    }
}

#[test]
fn described() {
    let emitted = record(|out| Emitter::described(out, copy(5), about()).end());
    let parsed = parse(&emitted, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    let Body::Described { copy: found, about: said } = parsed.expect("believed").body else {
        panic!("another kind");
    };
    assert_eq!((found, said), (copy(5), about()));
    let taken = record(|out| Emitter::created(out, copy(5), about()).end());
    assert_eq!((emitted[6], taken[6]), (5, 1));
    assert_eq!(emitted[7..], taken[7..], "the bodies are alike");
}

#[test]
fn created() {
    let bytes = record(|out| Emitter::created(out, copy(5), about()).end());
    assert_golden(
        &bytes,
        "
            a6 82 df 51 0f 00 01 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 05 00 00 00 0a 00 09 00 fe ff ff ff
            ff ff ff ff ab ab ab ab ab ab ab ab ab ab ab ab
            ab ab ab ab 88 77 66 55 44 33 22 11 03 00 00 00
            00 00 00 00 cd cd cd cd cd cd cd cd cd cd cd cd
            cd cd cd cd 40 00 00 00 00 00 00 00 6e c3 a4 63
            68 74 6c 69 63 68 00 00
        ",
    );
}

#[test]
fn deleted() {
    let copies = [copy(1), copy(0x0102_0304)];
    let bytes = record(|out| Emitter::deleted(out, Reason::Space, &copies).end());
    assert_golden(
        &bytes,
        "
            55 f3 b1 20 07 00 02 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 01 00 00 00 02 00 00 00 01 00 00 00
            04 03 02 01 00 00 00 00
        ",
    );
}

#[test]
fn preserved() {
    let bytes = record(|out| {
        let mut emitter = Emitter::preserved(out);
        let chunks = Extent::new(0x0102_0304_0506, 3);
        let content = Content::Slot(SlotIndex(0x0a0b_0c0d));
        emitter.run(Run { chunks, copy: copy(7), content }, &[0x11, 0x22, 0xffff_ffff]);
        let chunks = Extent::new(9, 1 << 16);
        emitter.run(Run { chunks, copy: copy(8), content: Content::Zeros }, &[]);
        emitter.end()
    });
    assert_golden(
        &bytes,
        "
            b5 eb b9 8c 0a 00 03 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 06 05 04 03 02 01 02 00 07 00 00 00
            0d 0c 0b 0a 11 00 00 00 22 00 00 00 ff ff ff ff
            09 00 00 00 00 00 ff ff 08 00 00 00 ff ff ff ff
        ",
    );
}

#[test]
fn amended() {
    let run = |out: &mut Vec<u8>, kind| {
        let mut emitter = Emitter::runs(out, kind);
        let (chunks, content) = (Extent::new(9, 2), Content::Slot(SlotIndex(0x0a0b_0c0d)));
        emitter.run(Run { chunks, copy: copy(7), content }, &[0x11, 0x22]);
        emitter.end()
    };
    let bytes = record(|out| run(out, RunKind::Amended));
    assert_golden(
        &bytes,
        "
            49 91 dc 0d 08 00 06 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 09 00 00 00 00 00 01 00 07 00 00 00
            0d 0c 0b 0a 11 00 00 00 22 00 00 00 00 00 00 00
        ",
    );
    let preserved = record(|out| run(out, RunKind::Preserved));
    assert_eq!((bytes[6], preserved[6]), (6, 3));
    assert_eq!(bytes[7..], preserved[7..], "the bodies are alike");
    let parsed = parse(&bytes, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    let Body::Amended(runs) = parsed.expect("believed").body else { panic!("another kind") };
    assert_eq!(runs.count(), 1);
}

#[test]
fn link() {
    let segment = Segment { first: SlotIndex(0x0100), slots: 0x40 };
    let bytes = record(|out| Emitter::link(out, segment).end());
    assert_golden(
        &bytes,
        "
            e9 7b 92 95 06 00 04 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 00 01 00 00 40 00 00 00 00 00 00 00
        ",
    );
    let parsed = parse(&bytes, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    assert!(matches!(parsed.expect("believed").body, Body::Link(found) if found == segment));
}

#[test]
fn reverting() {
    let bytes = record(|out| Emitter::reverting(out, copy(0x0102_0304)).end());
    assert_golden(
        &bytes,
        "
            74 74 ba f5 05 00 07 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 04 03 02 01
        ",
    );
    let parsed = parse(&bytes, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    let said = parsed.expect("believed").body;
    assert!(matches!(said, Body::Reverting(found) if found == copy(0x0102_0304)));
}

#[test]
fn settled() {
    let extents = [Extent::new(0x0102_0304_0506, 3), Extent::new(0, 1 << 40)];
    let bytes = record(|out| Emitter::settled(out, &extents).end());
    assert_golden(
        &bytes,
        "
            b5 5b c3 56 09 00 08 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 06 05 04 03 02 01 00 00 03 00 00 00
            00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
            00 01 00 00 00 00 00 00
        ",
    );
    let parsed = parse(&bytes, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    let Body::Settled(found) = parsed.expect("believed").body else { panic!("another kind") };
    assert_eq!(found.collect::<Result<Vec<_>, _>>(), Ok(extents.to_vec()));

    // As many as fit a record.
    let most = [Extent::new(1, 2); MAX_SETTLED];
    let length = record(|out| Emitter::settled(out, &most).end()).len();
    assert!(length <= MAX_BYTES && length + 16 > MAX_BYTES, "{length} bytes");
}

#[test]
fn reverted() {
    let bytes = record(|out| Emitter::reverted(out).end());
    assert_golden(
        &bytes,
        "
            95 bd df 4b 05 00 09 00 11 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00
        ",
    );
    let parsed = parse(&bytes, context(), Sequence(17), Checksum::PORTABLE).expect("sound");
    assert!(matches!(parsed.expect("believed").body, Body::Reverted));
}

pub(crate) fn superblock() -> Superblock {
    Superblock {
        volume: VOLUME,
        geometry: Geometry { size: 30_001, chunk: ChunkSize::MIN, segment: 64 },
        epoch: Epoch(4),
        serial: 9,
        generation: Generation { epoch: Epoch(3), number: 2 },
        journal: Segment { first: SlotIndex(0x42), slots: 0x20 },
        clean: true,
        coherent: true,
        on_full: OnFull::DropOldest,
        next_copy: 6,
        limit: 1 << 40,
        stamp: [0xaa; 32],
        boot: [0xbb; 16],
        records: 18,
    }
}

#[test]
fn a_superblock() {
    let superblock = superblock();
    let bytes = superblock.emit(Checksum::PORTABLE);
    assert_eq!(Superblock::parse(&bytes, Checksum::PORTABLE), Ok(Some(superblock)));
    assert!(bytes[160..].iter().all(|&byte| byte == 0));
    assert_golden(
        &bytes[..160],
        "
            53 48 41 44 4f 57 56 4c f8 aa 23 4c 01 00 00 00
            30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66
            31 75 00 00 00 00 00 00 0c 00 00 00 40 00 00 00
            04 00 00 00 00 00 00 00 09 00 00 00 00 00 00 00
            03 00 00 00 00 00 00 00 02 00 00 00 00 00 00 00
            42 00 00 00 07 00 00 00 06 00 00 00 20 00 00 00
            00 00 00 00 00 01 00 00 aa aa aa aa aa aa aa aa
            aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa aa
            aa aa aa aa aa aa aa aa bb bb bb bb bb bb bb bb
            bb bb bb bb bb bb bb bb 12 00 00 00 00 00 00 00
        ",
    );
}

#[test]
fn a_record_of_another_journal_or_place_is_not_believed() {
    let bytes = record(|out| Emitter::created(out, copy(5), about()).end());
    let believed = |bytes: &[u8], context, sequence| {
        matches!(parse(bytes, context, sequence, Checksum::PORTABLE), Ok(Some(_)))
    };
    assert!(believed(&bytes, context(), Sequence(17)));
    assert!(!believed(&bytes, context(), Sequence(16)));
    let other = |epoch, number| Generation { epoch: Epoch(epoch), number };
    for generation in [other(3, 1), other(2, 2), other(4, 2)] {
        assert!(!believed(&bytes, Context { generation, ..context() }, Sequence(17)));
    }
    assert!(!believed(&bytes, Context { seed: 1, ..context() }, Sequence(17)));
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!believed(&flipped, context(), Sequence(17)), "bit {bit}");
    }
    for length in 0..bytes.len() {
        assert!(!believed(&bytes[..length], context(), Sequence(17)), "{length} bytes");
    }
}
