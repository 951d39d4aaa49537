//! The records that a write appends to the journal: the engine's own, to be measured.

use shadowvol::format::record::{Emitter, MAX_RUN, Reason, piece_end};
use shadowvol::{ChunkIndex, Content, CopyId, Description, Extent, Geometry, Run, SlotIndex};

const SUMS: [u32; MAX_RUN as usize] = [0; MAX_RUN as usize];

/// Any copy, any slot: they do not change what a record measures.
const COPY: CopyId = CopyId::MAX;
const CONTENT: Content = Content::Slot(SlotIndex(0));

/// What preserving some chunks costs.
#[derive(Debug, Default)]
pub(super) struct Cost {
    pub(super) chunks: u64,
    /// Bytes of the slots, which are fewer for a short last chunk.
    pub(super) bytes: u64,
    /// The lengths of the records.
    pub(super) records: Vec<usize>,
    out: Vec<u8>,
}

impl Cost {
    /// Measures what a write preserves.
    pub(super) fn measure(&mut self, geometry: &Geometry, runs: &[Extent]) {
        self.chunks = runs.iter().map(|run| run.count).sum();
        self.bytes = runs.iter().map(|&run| geometry.length_of(run)).sum();
        self.records.clear();
        self.out.clear();
        let mut emitter = Emitter::preserved(&mut self.out);
        for piece in runs.iter().flat_map(|&run| pieces(geometry, run)) {
            let sums = &SUMS[..piece.count as usize];
            if !emitter.has_room(sums.len()) {
                self.records.push(emitter.end());
                self.out.clear();
                emitter = Emitter::preserved(&mut self.out);
            }
            emitter.run(Run { chunks: piece, copy: COPY, content: CONTENT }, sums);
        }
        self.records.push(emitter.end());
    }
}

/// Bytes of the record of a copy without a label.
pub(super) fn created() -> usize {
    let about = Description::new("", 0);
    Emitter::created(&mut Vec::new(), COPY, about.borrow()).end()
}

/// Bytes of the record of a deletion.
pub(super) fn deleted() -> usize {
    Emitter::deleted(&mut Vec::new(), Reason::Request, &[COPY]).end()
}

/// The runs that a write makes of neighbouring chunks, if there are as many neighbouring slots.
fn pieces(geometry: &Geometry, run: Extent) -> impl Iterator<Item = Extent> + use<> {
    let most = geometry.chunks_at_once();
    let mut first = run.first.0;
    core::iter::from_fn(move || {
        let end = piece_end(ChunkIndex(first), run.end().min(first + most), CONTENT);
        let piece = Extent::new(first, end - first);
        first = end;
        (!piece.is_empty()).then_some(piece)
    })
}
