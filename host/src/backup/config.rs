//! The file `config`, by which a folder is known as a repository.

use std::io;

use serde::{Deserialize, Serialize};

use super::error::RepositoryError;
use super::folder::{Folder, publish, read_small};
use super::hash::{Hash, hex16};
use crate::error::Error;
use crate::identity;
use crate::partial::failed;

const FORMAT: &str = "shadowvol backup repository";
/// The version of the format that this program writes and reads.
const VERSION: u32 = 1;
/// Bytes of a chunk: the largest for which random writes of 4 KiB do not cost far more than their
/// bytes, and the smallest for which the map of a backup is next to nothing.
const CHUNK: u32 = 64 << 10;
/// The largest chunk that a reader takes memory for.
const MAX_CHUNK: u32 = 16 << 20;

/// What holds for a whole repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Config {
    format: String,
    version: u32,
    #[serde(with = "hex16")]
    pub(crate) id: [u8; 16],
    /// Bytes of a chunk; a multiple of 4096.
    pub(crate) chunk: u32,
}

impl Config {
    pub(crate) fn create(folder: &Folder) -> Result<Self, Error> {
        let path = folder.config();
        let id = identity::volume_id().map_err(|source| failed("naming", &path, source))?.0;
        let config = Self { format: FORMAT.into(), version: VERSION, id, chunk: CHUNK };
        publish(&path, &sealed(&config, &path)?)?;
        Ok(config)
    }

    pub(crate) fn read(folder: &Folder) -> Result<Self, Error> {
        let path = folder.config();
        let bytes = read_small(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                RepositoryError::NotARepository { path: folder.root().to_owned() }.into()
            }
            _ => failed("reading", &path, source),
        })?;
        let text = bytes.as_deref().and_then(unsealed);
        let text = text.ok_or(RepositoryError::damaged(&path, "its checksum"))?;
        let config: Self = serde_json::from_slice(text)
            .map_err(|_| RepositoryError::damaged(&path, "its fields"))?;
        if config.format != FORMAT {
            return Err(RepositoryError::NotARepository { path: folder.root().to_owned() }.into());
        }
        if config.version != VERSION {
            let (found, known) = (config.version, VERSION);
            return Err(RepositoryError::UnknownFormat { found, known }.into());
        }
        if !is_chunk(config.chunk) {
            return Err(RepositoryError::damaged(&path, "its chunk size").into());
        }
        Ok(config)
    }
}

/// Whether chunks can have so many bytes.
pub(crate) fn is_chunk(bytes: u32) -> bool {
    bytes > 0 && bytes.is_multiple_of(4096) && bytes <= MAX_CHUNK
}

/// A line of JSON, and a line with the hash of the first.
fn sealed(value: &impl Serialize, path: &std::path::Path) -> Result<Vec<u8>, Error> {
    let mut bytes = serde_json::to_vec(value)
        .map_err(|source| failed("describing", path, io::Error::other(source)))?;
    bytes.push(b'\n');
    let hash = Hash::of(&bytes);
    bytes.extend(format!("{hash}\n").into_bytes());
    Ok(bytes)
}

fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let end = bytes.iter().position(|&byte| byte == b'\n')? + 1;
    let (text, seal) = bytes.split_at(end);
    (seal == format!("{}\n", Hash::of(text)).as_bytes()).then_some(text)
}
