//! The first line of a recorded trace: which volume it is, in JSON. `docs/trace.md` has the fields.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use super::error::TraceError;
use super::lines::malformed;

/// How every recorded trace begins.
pub(super) const BEGINNING: &[u8] = br#"{"shadowvol":"trace","#;

const VERSION: u32 = 1;
const MOST_BYTES: u64 = 1 << 20;

/// What the first line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    shadowvol: String,
    version: u32,
    volume: String,
    pub(super) size: u64,
    pub(super) chunk_size: u64,
    begun: i64,
    pub(super) copies: Vec<u32>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Head {
    pub(crate) fn new(
        volume: String,
        size: u64,
        chunk_size: u64,
        begun: i64,
        copies: Vec<u32>,
    ) -> Self {
        let (shadowvol, version) = ("trace".into(), VERSION);
        Self { shadowvol, version, volume, size, chunk_size, begun, copies }
    }

    /// The line, with its end.
    pub(super) fn line(&self) -> io::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads the line; says how many bytes it has, too.
    pub(super) fn read(reader: &mut impl BufRead) -> Result<(Self, u64), TraceError> {
        let mut line = Vec::new();
        reader.take(MOST_BYTES).read_until(b'\n', &mut line)?;
        if let Ok(Version { version }) = serde_json::from_slice(&line)
            && version != VERSION
        {
            return Err(TraceError::Version { found: version, known: VERSION });
        }
        match serde_json::from_slice::<Self>(&line) {
            Ok(head) if line.ends_with(b"\n") && head.shadowvol == "trace" => {
                Ok((head, line.len() as u64))
            }
            _ => Err(malformed(1, &line, "the first line of a recorded trace")),
        }
    }
}
