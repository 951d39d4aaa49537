//! Verifying a diff area: every record, and the checksum of every preserved chunk.

use shadowvol::format::record::RunKind;
use shadowvol::machine::Medium;
use shadowvol::table::{Cursor, Run};
use shadowvol::{ChunkIndex, Content, CopyId, Error as EngineError, Extent, SlotIndex};

use crate::checksum::CRC32C;
use crate::error::Error;
use crate::extent::{ByteExtent, byte_extents};
use crate::passive::Passive;

/// Entries of the table that are looked at with the lock held.
const SLICE_ENTRIES: usize = 256;

/// Bytes of slots that are read at once, unless a chunk is larger.
const WINDOW_BYTES: u64 = 1 << 20;

/// What a check looked at, and what it found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckReport {
    /// The live shadow copies.
    pub copies: Vec<CopyId>,
    /// The one that the volume is being reverted to: until that has ended, the origin alone is not
    /// the volume.
    pub reverting: Option<CopyId>,
    /// Journal records that were verified.
    pub records: u64,
    /// Preserved chunks whose checksum was verified; those of zeros have none.
    pub chunks: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// What is damaged.
    pub findings: Vec<Finding>,
}

/// Something that is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is to the engine.
    pub error: EngineError,
    /// Where it is, in bytes from the diff area's start.
    pub at: u64,
    /// The live copies that it affects, oldest first.
    pub copies: Vec<CopyId>,
    /// The bytes of these copies.
    pub extents: Vec<ByteExtent>,
}

/// A slot to verify: the chunk that it holds, the newest copy it answers for, its checksum.
struct Suspect {
    chunk: ChunkIndex,
    copy: CopyId,
    slot: SlotIndex,
    sum: u32,
}

/// Verifies what a passive node's journal says. It reads as a passive node does, so it can run
/// while an active node writes; what is deleted meanwhile is left out. `progress` hears the bytes
/// done and the bytes to do, and ends it by returning false.
///
/// # Errors
///
/// When a medium fails. What is damaged is in the report; a journal that cannot be followed is an
/// error already when the node is opened.
pub fn check(
    node: &Passive,
    mut progress: impl FnMut(u64, u64) -> bool,
) -> Result<CheckReport, Error> {
    node.catch_up()?;
    let mut report = node.look(|state| CheckReport {
        copies: state.view().copies().map(|info| info.id).collect(),
        reverting: state.view().reverting(),
        records: state.records(),
        ..CheckReport::default()
    });
    let total = node.look(|state| state.view().chunks()) * node.chunk_size();
    let mut done = 0;
    let mut runs = Vec::new();
    let mut bytes = Vec::new();
    for kind in [RunKind::Preserved, RunKind::Amended] {
        let mut cursor = Cursor::default();
        let mut complete = false;
        while !complete {
            runs.clear();
            complete = node.look(|state| {
                let keep = |run, sums: &[u32]| runs.push((run, sums.to_vec()));
                match kind {
                    RunKind::Preserved => {
                        state.view().table().runs_from(&mut cursor, SLICE_ENTRIES, keep)
                    }
                    RunKind::Amended => {
                        state.view().amended().runs_from(&mut cursor, SLICE_ENTRIES, keep)
                    }
                }
            });
            for (run, sums) in &runs {
                check_run(node, *run, sums, &mut bytes, &mut report)?;
                done += run.chunks.count * node.chunk_size();
            }
            if !progress(done.min(total), total) {
                return Err(Error::Cancelled);
            }
        }
    }
    Ok(report)
}

fn check_run(
    node: &Passive,
    run: Run,
    sums: &[u32],
    bytes: &mut Vec<u8>,
    report: &mut CheckReport,
) -> Result<(), Error> {
    let Content::Slot(first) = run.content else { return Ok(()) };
    report.chunks += run.chunks.count;
    let geometry = node.look(|state| *state.geometry());
    let most = (WINDOW_BYTES >> geometry.chunk.shift()).max(1) as usize;
    let chunk = geometry.chunk.bytes() as usize;
    let mut suspect = Suspect { chunk: run.chunks.first, copy: run.copy, slot: first, sum: 0 };
    for sums in sums.chunks(most) {
        let chunks = Extent { first: suspect.chunk, count: sums.len() as u64 };
        let length = geometry.length_of(chunks) as usize;
        bytes.resize(length.max(bytes.len()), 0);
        read_slots(node, geometry.slot_offset(suspect.slot), &mut bytes[..length])?;
        report.bytes += length as u64;
        for (data, &sum) in bytes[..length].chunks(chunk).zip(sums) {
            suspect.sum = sum;
            if CRC32C.of(data) != sum {
                report.findings.extend(confirm(node, &suspect)?);
            }
            suspect.chunk.0 += 1;
            suspect.slot.0 += 1;
        }
    }
    Ok(())
}

/// A slot without its checksum is damaged only if a live copy still needs it after catching up:
/// otherwise it was reused, or is being written just now.
fn confirm(node: &Passive, suspect: &Suspect) -> Result<Option<Finding>, Error> {
    node.catch_up()?;
    let &Suspect { chunk, copy, slot, sum } = suspect;
    let (geometry, copies, recent) = node.look(|state| {
        let view = state.view();
        let needs = |id: &CopyId| {
            let found = view.lookup(*id, chunk);
            found.is_some_and(|found| found.copy == copy && found.content == Content::Slot(slot))
        };
        let copies: Vec<_> = view.copies().map(|info| info.id).filter(needs).collect();
        (*state.geometry(), copies, view.is_recent(chunk, slot))
    });
    if copies.is_empty() || recent {
        return Ok(None);
    }
    let extent = Extent { first: chunk, count: 1 };
    let at = geometry.slot_offset(slot);
    let mut bytes = vec![0; geometry.length_of(extent) as usize];
    read_slots(node, at, &mut bytes)?;
    if CRC32C.of(&bytes) == sum {
        return Ok(None);
    }
    let error = EngineError::Corrupt { what: shadowvol::Damage::Slot, at };
    Ok(Some(Finding { error, at, copies, extents: byte_extents(&geometry, &[extent]) }))
}

fn read_slots(node: &Passive, at: u64, bytes: &mut [u8]) -> Result<(), Error> {
    node.media().diff.fill(at, bytes).map_err(Error::reading(Medium::DiffArea))
}
