//! Going through the journal that is on a medium, record by record, as a passive that came now
//! would.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::disk::Disk;
use crate::format::checksum::Checksum;
use crate::format::record::{Body, Context, MAX_BYTES, Reason, Record, Runs};
use crate::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use crate::journal::{News, Tail, Trust, View};
use crate::table::Run;
use crate::units::{Content, Segment, Sequence};

/// Bytes of the journal that are looked at at once.
const PART: usize = 64 << 10;

/// A journal, as it is.
pub(super) struct Walk {
    pub(super) superblock: Superblock,
    pub(super) view: View,
    pub(super) segments: Vec<Segment>,
    /// What each record says, and what was known to be behind a barrier when it was written.
    pub(super) lines: Vec<String>,
    pub(super) stable: Sequence,
}

/// Goes through the journal in force; none if no superblock can be read.
pub(super) fn walk(diff: &Disk) -> Option<Walk> {
    let checksum = Checksum::PORTABLE;
    let mut pair = [0; PAIR_BYTES];
    diff.visible().read(PAIR_OFFSET as usize, &mut pair);
    let (superblock, _) = Superblock::newest(&pair, checksum).ok()?;
    let geometry = superblock.geometry;
    let context = Context { seed: superblock.seed(checksum), generation: superblock.generation };
    let mut tail = Tail::new(geometry, context, superblock.journal);
    let mut walk = Walk {
        view: View::new(geometry, Trust::Remember, superblock.next_copy),
        segments: alloc::vec![superblock.journal],
        lines: Vec::new(),
        stable: superblock.stable(),
        superblock,
    };
    let mut bytes = Vec::new();
    loop {
        let read = tail.read(0, PART);
        bytes.resize(read.into.len, 0);
        if read.at as usize + bytes.len() > diff.visible().size() {
            return Some(walk);
        }
        diff.visible().read(read.at as usize, &mut bytes);
        let news = tail.follow(&bytes, MAX_BYTES, checksum, |sequence, record| {
            walk.view.apply(sequence, record)?;
            walk.stable = walk.stable.max(record.stable);
            if let Body::Link(segment) = record.body {
                walk.segments.push(segment);
            }
            walk.lines.push(words(record));
            Ok(())
        });
        if news != Ok(News::More) {
            return Some(walk);
        }
    }
}

/// What a record says, in words.
fn words(record: &Record<'_>) -> String {
    match record.body {
        Body::Created { copy, .. } => format!("copy {copy} created"),
        Body::Described { copy, .. } => format!("copy {copy} described"),
        Body::Deleted { reason, copies } => {
            let copies: Vec<_> = copies.flatten().map(|copy| copy.to_string()).collect();
            let why = if reason == Reason::Space { ", for want of space" } else { "" };
            format!("copy {} deleted{why}", copies.join(", "))
        }
        Body::Preserved(runs) => format!("preserved {}", list(runs)),
        Body::Amended(runs) => format!("amended {}", list(runs)),
        Body::Link(segment) => format!("goes on in slot {}", segment.first.0),
        Body::Reverting(copy) => format!("reverting to copy {copy}"),
        Body::Settled(_) => "settled".into(),
        Body::Reverted => "reverted".into(),
    }
}

/// Runs of chunks, in words.
fn list(runs: Runs<'_>) -> String {
    let run = |run: Run| {
        let (first, end) = (run.chunks.first.0, run.chunks.end());
        let chunks = match end - first {
            1 => format!("chunk {first}"),
            _ => format!("chunks {first}..{end}"),
        };
        match run.content {
            Content::Zeros => format!("{chunks} of copy {}: zeros", run.copy),
            Content::Slot(slot) => format!("{chunks} of copy {}: slot {}", run.copy, slot.0),
        }
    };
    let runs: Vec<_> = runs.flatten().map(|(of, _)| run(of)).collect();
    runs.join("; ")
}
