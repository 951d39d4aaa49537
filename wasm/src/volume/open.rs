//! Making and opening volumes.

use alloc::rc::Rc;
use core::cell::{Cell, RefCell};

use shadowvol::active::{Active, Format, Options, Role, TakeRole};
use shadowvol::format::superblock::OnFull;
use shadowvol::{ChunkSize, VolumeId};
use wasm_bindgen::prelude::*;

use super::{Inner, RawVolume};
use crate::driver::{Driver, RawDriver};
use crate::peek::Peek;

#[wasm_bindgen]
impl RawDriver {
    /// Looks at the superblock. Comes to whether the volume is coherent.
    #[must_use]
    pub fn peek(&self, origin_size: f64, diff_size: f64) -> u32 {
        self.begin(Peek::new(origin_size as u64, diff_size as u64))
    }

    /// Makes a diff area for an origin; `id` are 16 random bytes, and a chunk of 0 bytes is the default.
    #[must_use]
    pub fn format(
        &self,
        id: &[u8],
        size: f64,
        chunk: f64,
        limit: Option<f64>,
        drop_oldest: bool,
    ) -> u32 {
        let chunk = match chunk {
            0.0 => Ok(ChunkSize::default()),
            bytes => ChunkSize::from_bytes(bytes as u64),
        };
        match chunk {
            Ok(chunk) => self.run(Format::new(Options {
                size: size as u64,
                volume: VolumeId(id.try_into().unwrap_or_default()),
                chunk,
                limit: limit.map_or(u64::MAX, |limit| limit as u64),
                on_full: on_full(drop_oldest),
            })),
            Err(error) => self.refused(error),
        }
    }

    /// Takes the active role of a volume, and comes to a [`RawVolume`].
    #[wasm_bindgen(js_name = takeRole)]
    #[must_use]
    pub fn take_role(
        &self,
        origin_size: f64,
        diff_size: f64,
        coherent: bool,
        limit: Option<f64>,
        drop_oldest: Option<bool>,
    ) -> u32 {
        self.run(TakeRole::new(Role {
            origin_size: origin_size as u64,
            diff_size: diff_size as u64,
            stamp: [0; 32],
            boot: [0; 16],
            coherent,
            limit: limit.map(|limit| limit as u64),
            on_full: drop_oldest.map(on_full),
            drop_copies: false,
        }))
    }
}

impl RawVolume {
    pub(crate) fn new(driver: &Rc<Driver>, active: Active) -> Self {
        Self(Rc::new(Inner {
            driver: Rc::clone(driver),
            geometry: *active.geometry(),
            active: Rc::new(RefCell::new(active)),
            write: Cell::default(),
            commit: Cell::default(),
        }))
    }
}

const fn on_full(drop_oldest: bool) -> OnFull {
    if drop_oldest { OnFull::DropOldest } else { OnFull::FailWrite }
}
