//! What verifies and yet cannot be is refused, and what is just possible is not.
//!
//! Each case takes bytes that are believed, changes one field, and gives them a new checksum: so it
//! is the rule behind the checksum that refuses, and each rule is met at its limit.

use shadowvol::format::checksum::Checksum;
use shadowvol::format::record::{
    Body, Context, Emitter, MAX_BYTES, MAX_RUN, MAX_ZEROS, Record, is_link, is_sound, parse,
    piece_end, seal, split, stable_ahead,
};
use shadowvol::format::superblock::{BYTES, FORMAT, OnFull, PAIR_OFFSET, Place, Superblock};
use shadowvol::{
    ChunkIndex, Content, Damage, Epoch, Error, Extent, Generation, Run, Segment, Sequence,
    SlotIndex,
};

use crate::bytes::{context, copy, superblock};

const SUM: Checksum = Checksum::PORTABLE;

/// Where a record's body begins.
const BODY: usize = 36;

/// A record as number 17, after `change`.
fn sealed(emit: impl FnOnce(&mut Vec<u8>) -> usize, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = Vec::new();
    let length = emit(&mut bytes);
    assert_eq!(length, bytes.len());
    change(&mut bytes);
    seal(&mut bytes, context(), Sequence(17), Sequence(17), SUM);
    bytes
}

fn parsed(bytes: &[u8]) -> Result<Option<Record<'_>>, Error> {
    parse(bytes, context(), Sequence(17), SUM)
}

fn shortest(out: &mut Vec<u8>) -> usize {
    Emitter::preserved(out).end()
}

fn link(out: &mut Vec<u8>) -> usize {
    Emitter::link(out, Segment { first: SlotIndex(9), slots: 1 }).end()
}

#[test]
fn the_shortest_record_is_one() {
    let bytes = sealed(shortest, |_| ());
    assert_eq!(bytes.len(), 40);
    let record = parsed(&bytes).expect("sound").expect("believed");
    let Body::Preserved(runs) = record.body else { panic!("{record:?}") };
    assert_eq!(runs.count(), 0);
}

#[test]
fn a_body_too_short_for_its_kind_is_damage() {
    for kind in [0, 1, 2, 4, 5] {
        let bytes = sealed(shortest, |bytes| bytes[6] = kind);
        assert!(matches!(parsed(&bytes), Err(Error::Corrupt { .. })), "kind {kind}");
    }
}

#[test]
fn a_link_names_slots_that_can_be() {
    let linked = |first: u32, slots: u32| {
        let bytes = sealed(link, |bytes| {
            bytes[BODY..][..4].copy_from_slice(&first.to_le_bytes());
            bytes[BODY + 4..][..4].copy_from_slice(&slots.to_le_bytes());
        });
        parsed(&bytes).is_ok()
    };
    assert!(linked(9, 1) && linked(u32::MAX - 1, 1));
    assert!(!linked(9, 0) && !linked(u32::MAX, 1));
}

#[test]
fn a_record_has_room_up_to_its_limit_wherever_it_begins() {
    for before in [0, 8, 4000] {
        let mut out = vec![0; before];
        let mut emitter = Emitter::preserved(&mut out);
        // 36 bytes and 16 for the run; 4 bytes for each of 999 checksums.
        assert!(emitter.has_room(999) && !emitter.has_room(1000));
        let content = Content::Slot(SlotIndex(3));
        let run = Run { chunks: Extent::new(0, 2), copy: copy(1), content };
        emitter.run(run, &[1, 2]);
        assert!(emitter.has_room(993) && !emitter.has_room(994));
        emitter.run(Run { chunks: Extent::new(5, 993), ..run }, &[0; 993]);
        assert_eq!(emitter.end(), MAX_BYTES);
    }
}

#[test]
fn records_are_taken_off_one_by_one() {
    let mut both = sealed(link, |_| ());
    let second = sealed(shortest, |_| ());
    both.extend_from_slice(&second);
    let (first, rest) = split(&both).expect("a record");
    assert!(is_link(first) && !is_link(rest));
    assert_eq!((first.len(), rest), (48, &second[..]));
    assert_eq!(split(rest), Some((&second[..], &[][..])));
    assert_eq!(split(&[]), None);
}

#[test]
fn what_is_behind_a_barrier_is_told_by_records_of_this_journal_alone() {
    let told = |stable: &[u64], context: Context| {
        let mut bytes = vec![0; 80];
        for (&stable, sequence) in stable.iter().zip(17..) {
            let start = bytes.len();
            link(&mut bytes);
            seal(&mut bytes[start..], context, Sequence(sequence), Sequence(stable), SUM);
        }
        bytes.resize(bytes.len() + 40, 0);
        stable_ahead(&bytes, self::context(), Sequence(14), SUM)
    };
    let reader = context();
    assert_eq!(told(&[15], reader), Some(Sequence(15)));
    assert_eq!(told(&[15, 18, 16], reader), Some(Sequence(18)));
    assert_eq!(told(&[14], reader), None, "the next one may be in doubt");
    let generation = Generation { epoch: Epoch(3), number: 1 };
    assert_eq!(told(&[15], Context { generation, ..reader }), None);
    assert_eq!(told(&[15], Context { seed: 1, ..reader }), None);
    assert_eq!(told(&[], reader), None);
}

#[test]
fn a_run_lies_within_the_volume_and_below_the_slot_that_means_zeros() {
    let run = |count, content| Run { chunks: Extent::new(7, count), copy: copy(1), content };
    assert!(is_sound(&run(3, Content::Zeros), 10));
    assert!(!is_sound(&run(4, Content::Zeros), 10));
    let at = |first| Content::Slot(SlotIndex(first));
    assert!(is_sound(&run(3, at(u32::MAX - 4)), 10));
    assert!(!is_sound(&run(3, at(u32::MAX - 3)), 10));
    assert!(!is_sound(&run(4, at(5)), 10));
}

#[test]
fn pieces_are_as_long_as_one_record_can_hold() {
    let (first, slot) = (ChunkIndex(100), Content::Slot(SlotIndex(1)));
    assert_eq!(piece_end(first, 1 << 20, slot), 100 + MAX_RUN);
    assert_eq!(piece_end(first, 1 << 20, Content::Zeros), 100 + MAX_ZEROS);
    assert_eq!(piece_end(first, 101, slot), 101);
}

/// A superblock's bytes after `change`, with the right checksum.
fn changed(change: impl FnOnce(&mut [u8])) -> [u8; BYTES] {
    let mut bytes = superblock().emit(SUM);
    change(&mut bytes);
    let sum = SUM.of(&bytes[12..]);
    bytes[8..12].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn every_flag_stands_for_itself() {
    for flags in 0..8 {
        let on_full = if flags & 4 == 0 { OnFull::FailWrite } else { OnFull::DropOldest };
        let (clean, coherent) = (flags & 1 != 0, flags & 2 != 0);
        let superblock = Superblock { clean, coherent, on_full, ..superblock() };
        let bytes = superblock.emit(SUM);
        assert_eq!(bytes[84], flags);
        assert_eq!(Superblock::parse(&bytes, SUM), Ok(Some(superblock)));
    }
}

#[test]
fn one_wrong_bit_anywhere_and_it_does_not_verify() {
    let bytes = superblock().emit(SUM);
    for bit in 0..BYTES * 8 {
        let mut flipped = bytes;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Superblock::parse(&flipped, SUM), Ok(None), "bit {bit}");
    }
}

#[test]
fn sizes_that_contradict_each_other_are_damage_and_the_largest_are_not() {
    let accepted = |at: usize, field: &[u8], shift: u8| {
        let bytes = changed(|bytes| {
            bytes[40] = shift;
            bytes[at..][..field.len()].copy_from_slice(field);
        });
        Superblock::parse(&bytes, SUM).is_ok()
    };
    let size = |size: u64, shift| accepted(32, &size.to_le_bytes(), shift);
    assert!(size(1 << 62, 20) && !size((1 << 62) + 1, 20));
    assert!(size((1 << 60) - 4096, 12) && !size(1 << 60, 12));
    assert!(accepted(40, &[20], 12) && !accepted(40, &[21], 12) && !accepted(40, &[11], 12));
    let segment = |slots: u32| accepted(44, &slots.to_le_bytes(), 12);
    assert!(segment(1) && segment(1 << 16) && !segment(0) && !segment((1 << 16) + 1));
    let slots = |slots: u32| accepted(92, &slots.to_le_bytes(), 12);
    // The first one is slot 0x42.
    assert!(slots(u32::MAX - 0x42) && !slots(0) && !slots(u32::MAX - 0x41));
    let newer = changed(|bytes| bytes[12] += 1);
    let refused = Error::UnknownFormat { found: FORMAT + 1, known: FORMAT };
    assert_eq!(Superblock::parse(&newer, SUM), Err(refused));
}

#[test]
fn the_newest_superblock_counts_wherever_it_lies() {
    let older = Superblock { epoch: Epoch(4), serial: 9, ..superblock() };
    let later = Superblock { serial: 10, ..older.clone() };
    let other = Superblock { epoch: Epoch(5), serial: 1, ..older.clone() };
    for (old, new) in [(&older, &later), (&later, &other)] {
        assert!(new.is_newer_than(old) && !old.is_newer_than(new) && !new.is_newer_than(new));
        let (old, bytes) = (old.emit(SUM), new.emit(SUM));
        for (pair, place) in
            [([old, bytes].concat(), Place::Second), ([bytes, old].concat(), Place::First)]
        {
            assert_eq!(Superblock::survey(&pair, SUM), (Ok((new.clone(), place)), false));
            assert_eq!(Superblock::newest(&pair, SUM), Ok((new.clone(), place)));
        }
    }
    assert_eq!(older.stable(), Sequence(18));
    assert_eq!(older.seed(SUM), context().seed);
}

#[test]
fn a_pair_without_a_whole_superblock_is_damaged_if_it_was_one_and_else_something_else() {
    let whole = superblock().emit(SUM);
    let mut torn = whole;
    torn[300] ^= 1;
    let none = [0; BYTES];
    let alien = [7; BYTES];
    let survey = |first: [u8; BYTES], second: [u8; BYTES]| {
        let (found, torn) = Superblock::survey(&[first, second].concat(), SUM);
        (found.map(|(_, place)| place), torn)
    };
    let damaged = || Err(Error::Corrupt { what: Damage::Superblock, at: PAIR_OFFSET });
    assert_eq!(survey(whole, none), (Ok(Place::First), false));
    assert_eq!(survey(none, whole), (Ok(Place::Second), false));
    assert_eq!(survey(torn, whole), (Ok(Place::Second), true));
    assert_eq!(survey(whole, torn), (Ok(Place::First), true));
    assert_eq!(survey(torn, none), (damaged(), true));
    assert_eq!(survey(none, torn), (damaged(), true));
    assert_eq!(survey(none, none), (Err(Error::NotADiffArea), false));
    assert_eq!(survey(alien, none), (Err(Error::NotADiffArea), true));
    assert_eq!(Superblock::survey(&whole[..100], SUM).0.map(|(_, place)| place), damaged());
}
