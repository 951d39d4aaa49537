//! Making and opening volumes: what is checked before the role is taken.

use alloc::rc::Rc;
use alloc::string::ToString;
use core::cell::{Cell, RefCell};

use js_sys::Uint8Array;
use shadowvol::active::{Active, Format, Options, Role, TakeRole};
use shadowvol::format::superblock::{OnFull, PAIR_BYTES, PAIR_OFFSET, Superblock};
use shadowvol::machine::Medium;
use shadowvol::{ChunkSize, Error as EngineError, VolumeId};
use wasm_bindgen::prelude::*;

use super::facts::Tally;
use super::{Inner, RawVolume};
use crate::buffer::Buffer;
use crate::checksum::CRC32C;
use crate::error::Error;
use crate::medium::RawMedium;
use crate::node::{Node, run_alone};
use crate::perform::{Media, read_into, size_of};
use crate::task::start;

/// How a volume is made, or its role taken.
#[wasm_bindgen]
#[derive(Clone, Copy, Default)]
pub struct RawOptions {
    /// Bytes of a chunk; 0 for the default.
    pub chunk: f64,
    /// The most bytes of the diff area; none for no limit, or the one it has.
    pub limit: Option<f64>,
    /// What happens when it is full: whether the oldest copies go.
    #[wasm_bindgen(js_name = dropOldest)]
    pub drop_oldest: Option<bool>,
    /// Whether the media promise to survive no more than the death of the process.
    pub coherent: Option<bool>,
}

#[wasm_bindgen]
impl RawOptions {
    /// Nothing is asked for.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[wasm_bindgen]
impl RawVolume {
    /// Makes a diff area for an origin, and opens the volume; `id` are 16 random bytes.
    pub fn create(
        origin: &RawMedium,
        diff: &RawMedium,
        id: &[u8],
        options: &RawOptions,
    ) -> JsValue {
        let media = Media { origin: origin.backend(), diff: diff.backend() };
        let (options, id) = (*options, VolumeId(id.try_into().unwrap_or_default()));
        start(async move { Ok(create(media, id, options).await?.into()) })
    }

    /// Takes the active role of a volume.
    pub fn open(origin: &RawMedium, diff: &RawMedium, options: &RawOptions) -> JsValue {
        let media = Media { origin: origin.backend(), diff: diff.backend() };
        let options = *options;
        start(async move { Ok(take_role(media, options).await?.into()) })
    }
}

async fn create(media: Media, id: VolumeId, options: RawOptions) -> Result<RawVolume, Error> {
    match peek(&media).await {
        Err(Error::Engine(EngineError::NotADiffArea, _)) => {}
        Ok(_)
        | Err(Error::Engine(EngineError::Corrupt { .. } | EngineError::UnknownFormat { .. }, _)) => {
            let message = "the diff area's medium already holds one; open the volume instead";
            return Err(Error::Other("medium-exists", message.to_string()));
        }
        Err(error) => return Err(error),
    }
    let chunk = match options.chunk {
        0.0 => ChunkSize::default(),
        bytes => ChunkSize::from_bytes(bytes as u64)?,
    };
    let format = Format::new(Options {
        size: size_of(&media.origin, Medium::Origin).await?,
        volume: id,
        chunk,
        limit: options.limit.map_or(u64::MAX, |limit| limit as u64),
        on_full: on_full(options.drop_oldest.unwrap_or(false)),
    });
    run_alone(format, &media).await?;
    let coherent = Some(options.coherent.unwrap_or(false));
    take_role(media, RawOptions { coherent, limit: None, drop_oldest: None, ..options }).await
}

async fn take_role(media: Media, options: RawOptions) -> Result<RawVolume, Error> {
    let superblock = peek(&media).await?;
    let recorded = superblock.geometry.size;
    let found = size_of(&media.origin, Medium::Origin).await?;
    if recorded != found {
        return Err(EngineError::OriginSize { recorded, found }.into());
    }
    let take = TakeRole::new(Role {
        origin_size: found,
        diff_size: size_of(&media.diff, Medium::DiffArea).await?,
        stamp: [0; 32],
        boot: [0; 16],
        coherent: options.coherent.unwrap_or(superblock.coherent),
        limit: options.limit.map(|limit| limit as u64),
        on_full: options.drop_oldest.map(on_full),
        drop_copies: false,
    });
    let active: Active = run_alone(take, &media).await?;
    Ok(RawVolume(Rc::new(Inner {
        geometry: *active.geometry(),
        node: Node::new(active),
        media,
        write: Cell::default(),
        commit: Cell::default(),
        tally: Tally::default(),
        events: RefCell::default(),
        working: Cell::new(false),
        too_large: Cell::new(0),
        closed: Cell::new(false),
        told: Cell::new(false),
        settled: Cell::new(0),
    })))
}

const fn on_full(drop_oldest: bool) -> OnFull {
    if drop_oldest { OnFull::DropOldest } else { OnFull::FailWrite }
}

/// Reads the superblock in force.
pub(crate) async fn peek(media: &Media) -> Result<Superblock, Error> {
    let size = size_of(&media.diff, Medium::DiffArea).await?;
    if size < PAIR_OFFSET + PAIR_BYTES as u64 {
        return Err(EngineError::NotADiffArea.into());
    }
    // A pair that is being written while it is read can fail to verify twice in a row, not often.
    let mut tries = 3;
    loop {
        let bytes = Uint8Array::new_with_length(PAIR_BYTES as u32);
        let buffer = Buffer::new(bytes, PAIR_BYTES as u32);
        read_into(&media.diff, Medium::DiffArea, PAIR_OFFSET, &buffer).await?;
        match Superblock::newest(&buffer.bytes.to_vec(), CRC32C) {
            Ok((superblock, _)) => return Ok(superblock),
            Err(EngineError::Corrupt { .. }) if tries > 1 => tries -= 1,
            Err(error) => return Err(error.into()),
        }
    }
}
