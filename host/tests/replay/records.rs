//! The journal records in the bytes of a recorded operation, for the oracle and for people.

use core::fmt::Write as _;

use shadowvol::format::record::{self, Body, Context, Runs};
use shadowvol::format::superblock::Superblock;
use shadowvol::{Content, CopyId, Epoch, Generation, Run, Sequence};
use shadowvol_host::checksum::CRC32C;

/// What the engine said about a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    Created(CopyId),
    Deleted(CopyId),
}

/// The copies that the records in these bytes create and delete, whatever journal they are of.
pub(crate) fn facts(bytes: &[u8], seed: u32) -> Vec<Fact> {
    let mut facts = Vec::new();
    each(bytes, seed, |_, body| match body {
        Body::Created { copy, .. } => facts.push(Fact::Created(*copy)),
        Body::Deleted { copies, .. } => {
            facts.extend(copies.flatten().map(Fact::Deleted));
        }
        _ => {}
    });
    facts
}

/// What these bytes are, in words.
pub(crate) fn tell(bytes: &[u8], seed: u32) -> String {
    let mut words = String::new();
    let mut say = |what: &str| write!(words, "; {what}").expect("a string grows");
    if let Ok(Some(found)) = Superblock::parse(bytes, CRC32C) {
        let Generation { epoch, number } = found.generation;
        say(&format!(
            "superblock {} of epoch {}, journal ({}, {number}) in slot {}",
            found.serial, found.epoch.0, epoch.0, found.journal.first.0
        ));
    }
    each(bytes, seed, |sequence, body| {
        let said = match body {
            Body::Created { copy, .. } => format!("created {copy}"),
            Body::Described { copy, .. } => format!("described {copy}"),
            Body::Deleted { copies, .. } => {
                format!("deleted {:?}", copies.flatten().collect::<Vec<_>>())
            }
            Body::Preserved(runs) => tell_runs(*runs),
            Body::Amended(runs) => format!("amended {}", tell_runs(*runs)),
            Body::Link(segment) => format!("link to slot {}", segment.first.0),
            Body::Reverting(copy) => format!("reverting to {copy}"),
            Body::Settled(extents) => {
                format!("settled {:?}", extents.flatten().collect::<Vec<_>>())
            }
            Body::Reverted => "reverted".to_owned(),
        };
        say(&format!("record {}: {said}", sequence.0));
    });
    words
}

fn tell_runs(runs: Runs<'_>) -> String {
    let tell = |run: Run| {
        let (first, count) = (run.chunks.first.0, run.chunks.count);
        match run.content {
            Content::Zeros => format!("chunks {first}+{count} of {}: zeros", run.copy),
            Content::Slot(slot) => {
                format!("chunks {first}+{count} of {} in slot {}", run.copy, slot.0)
            }
        }
    };
    runs.flatten().map(|(run, _)| tell(run)).collect::<Vec<_>>().join(", ")
}

fn each(mut bytes: &[u8], seed: u32, mut visit: impl FnMut(Sequence, &Body<'_>)) {
    let number = |bytes: &[u8], at: usize| {
        bytes[at..].first_chunk().map_or(0, |number| u64::from_le_bytes(*number))
    };
    while bytes.len() >= 36 {
        let sequence = Sequence(number(bytes, 8));
        let epoch = Epoch(number(bytes, 16));
        let generation = Generation { epoch, number: number(bytes, 24) };
        let context = Context { seed, generation };
        let Ok(Some(found)) = record::parse(bytes, context, sequence, CRC32C) else { return };
        visit(sequence, &found.body);
        bytes = &bytes[found.length..];
    }
}
