//! Real media to begin with, made by the engine itself when they are first asked for.

use std::sync::{Arc, OnceLock};

use shadowvol::backend::{ReadAt, WriteAt};
use shadowvol::format::superblock::OnFull;
use shadowvol::{ChunkSize, CopyId};
use shadowvol_host::{CreateOptions, Media, OpenOptions, SharedMemory, Volume};

use crate::Random;
use crate::damage::{PLACES, reseal};

/// Bytes that the diff area of an image can grow to: a hostile one may ask for more.
const MOST: u64 = 64 << 20;

/// A volume's two media, and the bytes of its copies.
#[derive(Clone)]
pub(crate) struct Image {
    pub(crate) origin: SharedMemory,
    pub(crate) diff: SharedMemory,
    /// The live copies with the bytes of their instants; none for a volume too large to keep them.
    pub(crate) truths: Arc<Vec<(CopyId, Vec<u8>)>>,
    /// It was closed in good order.
    pub(crate) closed: bool,
}

impl Image {
    /// One of the images, as a copy of its own.
    pub(crate) fn real(nth: u8) -> Self {
        static REAL: OnceLock<Vec<Image>> = OnceLock::new();
        let images = REAL.get_or_init(|| SHAPES.iter().map(Shape::make).collect());
        images[usize::from(nth) % images.len()].duplicate()
    }

    /// A diff area of these bytes, and an origin of this size.
    pub(crate) fn of(diff: &[u8], size: u64) -> Self {
        let image = Self {
            origin: SharedMemory::new(size),
            diff: SharedMemory::with_limit(0, MOST),
            truths: Arc::default(),
            closed: false,
        };
        image.write(0, diff);
        image
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self { origin: self.origin.duplicate(), diff: self.diff.duplicate(), ..self.clone() }
    }

    pub(crate) fn media(&self) -> Media {
        Media { origin: Arc::new(self.origin.clone()), diff: Arc::new(self.diff.clone()) }
    }

    pub(crate) fn size(&self) -> u64 {
        self.diff.size().unwrap_or(0)
    }

    /// Bytes of the diff area; zeros where it has none.
    pub(crate) fn read(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let there = self.size().saturating_sub(at).min(length as u64) as usize;
        let read = self.diff.read_at(at, &mut bytes[..there]);
        read.map_or_else(|_| vec![0; length], |()| bytes)
    }

    /// Overwrites bytes of the diff area, which grows for them as far as it may.
    pub(crate) fn write(&self, at: u64, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len() as u64);
        if self.diff.grow(end.max(self.size())).is_ok() {
            self.diff.write_at(at, bytes).expect("it is large enough");
        }
    }
}

/// What an image is made like.
struct Shape {
    size: u64,
    chunk: u64,
    /// Slots of a journal segment, if not as many as usual.
    segment: Option<u32>,
    on_full: OnFull,
    rounds: u64,
    closed: bool,
}

const USUAL: Shape = Shape {
    size: 21_001,
    chunk: 4096,
    segment: None,
    on_full: OnFull::FailWrite,
    rounds: 6,
    closed: true,
};

const SHAPES: [Shape; 7] = [
    USUAL,
    Shape { closed: false, ..USUAL },
    Shape { segment: Some(1), rounds: 90, ..USUAL },
    Shape { segment: Some(1), rounds: 90, closed: false, on_full: OnFull::DropOldest, ..USUAL },
    Shape { chunk: 1 << 20, size: (2 << 20) + 1, rounds: 4, ..USUAL },
    Shape { rounds: 0, ..USUAL },
    // Long runs of zeros.
    Shape { size: 5 << 30, closed: false, ..USUAL },
];

impl Shape {
    fn make(&self) -> Image {
        let mut image = Image::of(&[], self.size);
        image.closed = self.closed;
        let chunk = ChunkSize::from_bytes(self.chunk).expect("a power of two");
        let options = CreateOptions { chunk, on_full: self.on_full, ..CreateOptions::default() };
        let mut volume = Volume::create_on(image.media(), &options).expect("a volume");
        if let Some(segment) = self.segment {
            volume.close().expect("a close");
            for place in PLACES {
                image.write(place + 44, &segment.to_le_bytes());
                reseal(&image, place);
            }
            let opened = Volume::open_on(image.media(), &OpenOptions::default());
            volume = opened.expect("the role");
        }
        let mut truths = Vec::new();
        let mut random = Random(self.size);
        for round in 0..self.rounds {
            let copy = volume.create_shadow_copy("of a real image").expect("a copy").id;
            truths.push((copy, self.content(&image)));
            let at = random.below(self.size.min(1 << 20));
            let data = random.bytes(random.clone().below(9000.min(self.size - at)) as usize);
            volume.write(at, &data).expect("a write");
            if self.size > 1 << 30 {
                volume.discard(round << 28, 3 << 20).expect("a discard");
            }
            if truths.len() > 4 {
                volume.delete_shadow_copies(&[truths.remove(1).0]).expect("a deletion");
            }
            if round == 3 {
                volume.compact().expect("a compaction");
            }
        }
        if self.size <= 1 << 30 {
            image.truths = Arc::new(truths);
        }
        if !self.closed {
            // Its holder goes on, elsewhere, until it is closed.
            return image.duplicate();
        }
        volume.close().expect("a close");
        image
    }

    fn content(&self, image: &Image) -> Vec<u8> {
        let mut bytes = vec![0; if self.size > 1 << 30 { 0 } else { self.size as usize }];
        image.origin.read_at(0, &mut bytes).expect("within");
        bytes
    }
}
