//! The files of an ext4 file system, over bytes that come by promises.
//!
//! The reader asks for bytes and goes on; here they may not have come yet. So a request runs over
//! the blocks that are held. If it meets one that is missing it is given up, JavaScript brings the
//! block, and the request runs again from its beginning. It cannot miss the same block twice, and
//! what it found out on the way it finds again in the blocks that are held.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::mem;

use js_sys::{Array, Float64Array, Uint8Array};
use shadowvol_files::{Error as FilesError, FileSystem, Inode, Kind, Links, Problem, ReadAt, Time};
use wasm_bindgen::prelude::*;

use crate::error::Error;

/// Bytes that are brought at once, from a place that is a multiple of them.
const BLOCK: u64 = 16 << 10;
/// Blocks that are held between requests, at most.
const HELD: usize = 256;

/// A file system. Each request gives its result, or `undefined` when a block is missing.
#[wasm_bindgen]
pub struct RawFiles {
    blocks: Blocks,
    file_system: Option<FileSystem>,
}

/// A file that was found, whatever its name.
#[wasm_bindgen]
pub struct RawNode(Inode);

/// The blocks that have come.
struct Blocks {
    size: u64,
    held: RefCell<BTreeMap<u64, Vec<u8>>>,
    /// The first byte of the one that is missing.
    missing: Cell<Option<u64>>,
}

/// A block has not come yet.
struct Missing;

impl ReadAt for Blocks {
    type Error = Missing;

    fn size(&self) -> Result<u64, Missing> {
        Ok(self.size)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Missing> {
        let held = self.held.borrow();
        let mut done = 0;
        while done < buffer.len() {
            let at = offset + done as u64;
            let start = at / BLOCK * BLOCK;
            let block = held.get(&start).ok_or_else(|| {
                self.missing.set(Some(start));
                Missing
            })?;
            let rest = block.get((at - start) as usize..).unwrap_or_default();
            let length = rest.len().min(buffer.len() - done);
            if length == 0 {
                // Behind the end, which no block can bring.
                return Err(Missing);
            }
            buffer[done..done + length].copy_from_slice(&rest[..length]);
            done += length;
        }
        Ok(())
    }
}

#[wasm_bindgen]
impl RawFiles {
    /// The files in so many bytes.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(size: f64) -> Self {
        let (held, missing) = (RefCell::default(), Cell::new(None));
        Self { blocks: Blocks { size: size as u64, held, missing }, file_system: None }
    }

    /// The place of the block that the last request has missed, and forgets that it did.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn missing(&self) -> Option<f64> {
        self.blocks.missing.take().map(|at| at as f64)
    }

    /// How long the block at a place is.
    #[wasm_bindgen(js_name = lengthAt)]
    #[must_use]
    pub fn length_at(&self, at: f64) -> f64 {
        (self.blocks.size.saturating_sub(at as u64)).min(BLOCK) as f64
    }

    /// Holds a block.
    pub fn bring(&mut self, at: f64, bytes: &Uint8Array) {
        self.blocks.held.get_mut().insert(at as u64, bytes.to_vec());
    }

    /// A request begins: what earlier ones needed is let go of when it is too much.
    pub fn begin(&mut self) {
        if self.blocks.held.get_mut().len() > HELD {
            mem::take(self.blocks.held.get_mut());
        }
    }

    /// Finds the file system; true when it did.
    ///
    /// # Errors
    ///
    /// When there is none that can be read.
    pub fn open(&mut self) -> Result<Option<bool>, JsValue> {
        let opened = answer(FileSystem::open(&self.blocks))?;
        let done = opened.is_some().then_some(true);
        self.file_system = self.file_system.take().or(opened);
        Ok(done)
    }

    /// The file system's name.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn label(&self) -> Uint8Array {
        Uint8Array::from(self.file_system.as_ref().map(FileSystem::label).unwrap_or_default())
    }

    /// Blocks whose newest bytes are read from the journal.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn replayed(&self) -> usize {
        self.file_system.as_ref().map_or(0, FileSystem::replayed)
    }

    /// The file at a path.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find(&self, path: &[u8], follow: bool) -> Result<Option<RawNode>, JsValue> {
        let links = if follow { Links::Followed } else { Links::Kept };
        self.ask(|files, blocks| files.find(blocks, path, links).map(RawNode))
    }

    /// The file that a directory has under a number.
    ///
    /// # Errors
    ///
    /// When it is damaged.
    pub fn node(&self, number: u32) -> Result<Option<RawNode>, JsValue> {
        self.ask(|files, blocks| files.inode(blocks, number).map(RawNode))
    }

    /// The names in a directory and their numbers, by turns.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn list(&self, directory: &RawNode) -> Result<Option<Array>, JsValue> {
        let entries = self.ask(|files, blocks| files.list(blocks, &directory.0))?;
        Ok(entries.map(|entries| {
            let all = Array::new();
            for entry in entries {
                all.push(&Uint8Array::from(&entry.name[..]));
                all.push(&entry.inode.into());
            }
            all
        }))
    }

    /// What a symbolic link has in it.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn target(&self, link: &RawNode) -> Result<Option<Uint8Array>, JsValue> {
        let target = self.ask(|files, blocks| files.target(blocks, &link.0))?;
        Ok(target.map(|target| Uint8Array::from(&target[..])))
    }

    /// Where a file's bytes are: places and lengths, by turns; a place below zero is of zeros.
    ///
    /// # Errors
    ///
    /// When it is no file.
    pub fn pieces(
        &self,
        file: &RawNode,
        offset: f64,
        length: f64,
    ) -> Result<Option<Float64Array>, JsValue> {
        let (offset, length) = (offset as u64, length as u64);
        let pieces = self.ask(|files, blocks| files.pieces(blocks, &file.0, offset, length))?;
        Ok(pieces.map(|pieces| {
            let by_turns = pieces.iter().flat_map(|piece| {
                [piece.place.map_or(-1.0, |place| place as f64), piece.length as f64]
            });
            Float64Array::from(&by_turns.collect::<Vec<_>>()[..])
        }))
    }
}

impl RawFiles {
    fn ask<T>(
        &self,
        request: impl FnOnce(&FileSystem, &Blocks) -> Result<T, FilesError<Missing>>,
    ) -> Result<Option<T>, JsValue> {
        let files = self.file_system.as_ref();
        let files = files.ok_or_else(|| Error::Other("wrong-state", "open it first".into()))?;
        answer(request(files, &self.blocks))
    }
}

#[wasm_bindgen]
impl RawNode {
    /// Its number in the file system.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// What it is.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn kind(&self) -> u8 {
        match self.0.kind {
            Kind::File => 0,
            Kind::Directory => 1,
            Kind::Link => 2,
            Kind::BlockDevice => 3,
            Kind::CharacterDevice => 4,
            Kind::Fifo => 5,
            Kind::Socket => 6,
        }
    }

    /// Its permissions.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn permissions(&self) -> u16 {
        self.0.permissions
    }

    /// Its bytes.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn size(&self) -> f64 {
        self.0.size as f64
    }

    /// When its bytes were last changed, in milliseconds since 1970.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn modified(&self) -> f64 {
        let Time { seconds, nanoseconds } = self.0.modified;
        seconds as f64 * 1e3 + f64::from(nanoseconds / 1_000_000)
    }
}

fn answer<T>(asked: Result<T, FilesError<Missing>>) -> Result<Option<T>, JsValue> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(FilesError::Source(Missing)) => Ok(None),
        Err(FilesError::Problem(problem)) => {
            let kind = match problem {
                Problem::NotExt4 { .. } => "not-a-file-system",
                Problem::Unsupported { .. } => "unsupported-file-system",
                Problem::Damaged { .. } => "file-system-damaged",
                Problem::NoSuchFile => "no-such-file",
                Problem::NotADirectory => "not-a-directory",
                Problem::IsADirectory => "is-a-directory",
                _ => "bad-file",
            };
            Err(Error::Other(kind, problem.to_string()).into())
        }
    }
}
