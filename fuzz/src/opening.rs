//! Opening an image: whatever the diff area holds, the answer is an error or sound behaviour.
//!
//! The bytes are a diff area as they are, or changes to a real one: bits that flip, media that end
//! early, and forgeries with right checksums, which no real damage ever is. A passive node, the
//! check and the next holder of the active role each open it and use what they find.
//!
//! * Nothing panics. That nothing goes on for ever or takes memory out of proportion is seen by
//!   who calls: the fuzzer has limits for both, the tests with seeds for memory.
//! * After damage that checksums show, the bytes of a copy are those of its instant or none.
//! * A holder that got the role keeps every promise for what it does from then on.

use arbitrary::{Arbitrary, Unstructured};
use shadowvol::backend::ReadAt;
use shadowvol::format::superblock::{PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::{CopyId, Error as EngineError};
use shadowvol_host::checksum::CRC32C;
use shadowvol_host::{Error, OpenOptions, Passive, SharedMemory, Volume, check};

use crate::damage::Damage;
use crate::image::Image;

#[derive(Debug, Arbitrary)]
enum Case<'a> {
    /// A real image, and what became of it.
    Damaged {
        image: u8,
        /// Whether the origin has the size that the diff area says.
        fitting: bool,
        damages: [Option<Damage<'a>>; 4],
    },
    /// A diff area of these bytes.
    Bytes(&'a [u8]),
}

/// Bytes that are read of a copy at once.
const PIECE: u64 = 20_000;
/// A volume up to this size is read whole.
const SMALL: u64 = 64 << 10;
/// Origins are at most this large; they are sparse.
const MOST: u64 = 1 << 50;

/// Opens and uses what the input becomes.
pub fn opening(input: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let (image, shown) = case.image();
    as_passive(&image.duplicate(), shown);
    as_active(&image, shown);
}

impl Case<'_> {
    /// The image, and whether checksums show all that was done to it.
    fn image(&self) -> (Image, bool) {
        match self {
            Self::Bytes(bytes) => (Image::of(bytes, 10_000), false),
            Self::Damaged { image, fitting, damages } => {
                let mut image = Image::real(*image);
                damages.iter().flatten().for_each(|damage| damage.inflict(&mut image));
                // Two superblocks of a volume that was closed name the same journal. Before that
                // the older one may name one that is no more, and nothing shows that it is older.
                let shown = image.closed && damages.iter().flatten().all(Damage::is_shown);
                if *fitting {
                    fit(&mut image);
                }
                (image, shown)
            }
        }
    }
}

/// Gives the image an origin of the size that its superblock says.
fn fit(image: &mut Image) {
    let pair = image.read(PAIR_OFFSET, PAIR_BYTES);
    let Ok((superblock, _)) = Superblock::newest(&pair, CRC32C) else { return };
    let size = superblock.geometry.size.min(MOST);
    if image.origin.size().ok() != Some(size) {
        image.origin = SharedMemory::new(size);
    }
}

fn as_passive(image: &Image, shown: bool) {
    let Some(node) = expected(Passive::open_on(image.media().read_only())) else { return };
    let Some(copies) = expected(node.shadow_copies()) else { return };
    let ids: Vec<_> = copies.iter().map(|copy| copy.info().id).collect();
    for copy in copies.iter().take(8) {
        for (offset, length) in ranges(node.size()) {
            let mut bytes = vec![0xaa; length];
            if expected(copy.read(offset, &mut bytes)).is_some() && shown {
                let truth = image.truths.iter().find(|(id, _)| *id == copy.info().id);
                let (id, truth) = truth.expect("a copy that was never taken");
                assert!(bytes == truth[offset as usize..][..length], "wrong bytes of copy {id}");
            }
        }
    }
    if let (Some(&first), Some(&last)) = (ids.first(), ids.last()) {
        expected(node.changes(first, last));
    }
    expected(node.space());
    let mut slices = 0;
    expected(check(&node, |_, _| {
        slices += 1;
        slices < 64
    }));
}

fn as_active(image: &Image, shown: bool) {
    let options = OpenOptions::default();
    let Some(volume) = expected(Volume::open_on(image.media(), &options)) else { return };
    as_passive(image, shown);
    let size = volume.size();
    let promised = use_soundly(&volume, size);
    // A holder that vanishes, and one that closes.
    let next = expected(Volume::open_on(image.media(), &options));
    let again = next.as_ref().and_then(|next| use_soundly(next, size));
    for (copy, truths) in promised.into_iter().chain(again) {
        let next = next.as_ref().expect("what an engine has made, the next one opens");
        verify(next, copy, &truths);
    }
    if let Some(next) = next {
        next.close().expect("nothing hinders closing");
        drop(volume);
        expected(Volume::open_on(image.media(), &options));
    }
}

/// Some ranges of the volume and their bytes.
type Truths = Vec<(u64, Vec<u8>)>;

/// Takes a copy and overwrites what it is of; gives its bytes, if it was taken.
fn use_soundly(volume: &Volume, size: u64) -> Option<(CopyId, Truths)> {
    let truths: Truths = ranges(size)
        .map(|(offset, length)| {
            let mut bytes = vec![0; length];
            volume.read(offset, &mut bytes).expect("the origin is whole");
            (offset, bytes)
        })
        .collect();
    let copy = expected(volume.create_shadow_copy("taken after all"))?.id;
    for (offset, bytes) in &truths {
        let new: Vec<_> = bytes.iter().map(|byte| !byte).collect();
        expected(volume.write(*offset, &new));
        expected(volume.discard(*offset, new.len() as u64 / 2));
    }
    verify(volume, copy, &truths);
    expected(volume.compact());
    verify(volume, copy, &truths);
    Some((copy, truths))
}

/// The copy has the bytes of its instant, unless it had to go for want of space.
fn verify(volume: &Volume, copy: CopyId, truths: &Truths) {
    let Some(reader) = expected(volume.reader()) else { return };
    let found = match reader.shadow_copy(copy) {
        Ok(found) => found,
        Err(error) => {
            let gone = matches!(error.engine(), Some(EngineError::Gone { .. }));
            assert!(gone, "copy {copy}: {error}");
            return;
        }
    };
    for (offset, truth) in truths {
        let mut bytes = vec![0xaa; truth.len()];
        found.read(*offset, &mut bytes).expect("a copy that this engine has taken");
        assert!(bytes == *truth, "wrong bytes of copy {copy}, taken after all");
    }
}

/// What is read of a volume: all of a small one, and odd places of others.
fn ranges(size: u64) -> impl Iterator<Item = (u64, usize)> {
    let starts =
        if size <= SMALL { [Some(0), None, None] } else { [Some(1), Some(size / 2), None] };
    let ends = (size > SMALL).then(|| (size - PIECE, PIECE));
    let most = if size <= SMALL { SMALL } else { PIECE };
    let ranges = starts.into_iter().flatten().map(move |start| (start, (size - start).min(most)));
    ranges.chain(ends).map(|(start, length)| (start, length as usize))
}

/// The result, unless it is an error of the kinds that a damaged image may lead to.
#[track_caller]
fn expected<T>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(Error::Engine(_) | Error::Medium { .. } | Error::Cancelled) => None,
        Err(error) => panic!("{error}"),
    }
}
