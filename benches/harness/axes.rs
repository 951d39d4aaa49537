//! What was done, and in which setting: the axes of every result.

use core::fmt;

use serde::Serialize;
use serde::ser::Serializer;
use shadowvol::ChunkSize;
use shadowvol_host::{Caching, Durability};

use crate::Pattern;

/// What was done, and in which setting. The default is the usual setting, of which tables say
/// nothing.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Axes {
    /// What was done.
    pub work: &'static str,
    /// On which storage.
    pub place: &'static str,
    /// Where.
    pub pattern: Option<Pattern>,
    /// Bytes of a request.
    pub size: Option<u64>,
    /// Bytes of a chunk.
    #[serde(serialize_with = "bytes_of")]
    pub chunk: ChunkSize,
    /// Bytes of the volume.
    pub volume: u64,
    /// Threads that do the work.
    pub threads: usize,
    /// Shadow copies.
    pub copies: Option<usize>,
    /// Writes from one flush to the next.
    pub flush_every: Option<usize>,
    /// Chunks that the journal knows when the work begins.
    pub preserved: Option<u64>,
    /// How what is read was overwritten, or what goes on meanwhile.
    pub state: Option<&'static str>,
    /// What flushed writes and shadow copies survive.
    #[serde(serialize_with = "name_of_durability")]
    pub durability: Durability,
    /// Whether the page cache is used.
    #[serde(rename = "io", serialize_with = "name_of_caching")]
    pub caching: Caching,
}

impl Default for Axes {
    fn default() -> Self {
        Self {
            work: "",
            place: "tmpfs",
            pattern: None,
            size: None,
            chunk: ChunkSize::default(),
            volume: 256 << 20,
            threads: 1,
            copies: None,
            flush_every: None,
            preserved: None,
            state: None,
            durability: Durability::Coherent,
            caching: Caching::Buffered,
        }
    }
}

impl Axes {
    /// This work, in the same setting.
    #[must_use]
    pub const fn work(self, work: &'static str) -> Self {
        Self { work, ..self }
    }

    /// Requests of this length there, in the same setting.
    #[must_use]
    pub const fn requests(self, pattern: Pattern, size: u64) -> Self {
        Self { pattern: Some(pattern), size: Some(size), ..self }
    }

    /// The same where this is so.
    #[must_use]
    pub const fn state(self, state: &'static str) -> Self {
        Self { state: Some(state), ..self }
    }

    /// Where the requests go; in order if nothing was said.
    #[must_use]
    pub fn offsets(&self) -> Vec<u64> {
        let pattern = self.pattern.unwrap_or(Pattern::Sequential);
        pattern.offsets(self.volume, self.length() as u64)
    }

    /// Bytes of a request; 4 KiB if nothing was said.
    #[must_use]
    pub fn length(&self) -> usize {
        self.size.unwrap_or(4 << 10) as usize
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::default();
        write!(f, "{}", self.work)?;
        if let Some(state) = self.state {
            write!(f, ", {state}")?;
        }
        if let Some(pattern) = self.pattern {
            write!(f, ", {}", pattern.name())?;
        }
        if let Some(size) = self.size {
            write!(f, " {}", Bytes(size))?;
        }
        if self.chunk != usual.chunk {
            write!(f, ", chunk {}", Bytes(self.chunk.bytes()))?;
        }
        if self.volume != usual.volume {
            write!(f, ", of {}", Bytes(self.volume))?;
        }
        if let Some(preserved) = self.preserved {
            write!(f, ", {preserved} preserved")?;
        }
        match self.copies {
            None => {}
            Some(1) => write!(f, ", 1 copy")?,
            Some(copies) => write!(f, ", {copies} copies")?,
        }
        if self.threads != usual.threads {
            write!(f, ", {} threads", self.threads)?;
        }
        if self.durability != usual.durability {
            write!(f, ", durable")?;
        }
        if let Some(writes) = self.flush_every {
            write!(f, ", flush every {writes}")?;
        }
        if self.caching != usual.caching {
            write!(f, ", direct")?;
        }
        Ok(())
    }
}

/// A number of bytes, for people: in the largest unit that it is a multiple of.
#[derive(Clone, Copy, Debug)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(shift, _)| self.0.trailing_zeros() >= *shift) {
            Some((shift, unit)) => write!(f, "{} {unit}", self.0 >> shift),
            None => write!(f, "{} B", self.0),
        }
    }
}

fn bytes_of<S: Serializer>(chunk: &ChunkSize, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(chunk.bytes())
}

fn name_of_durability<S: Serializer>(it: &Durability, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match it {
        Durability::Durable => "durable",
        Durability::Coherent => "coherent",
    })
}

fn name_of_caching<S: Serializer>(it: &Caching, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if *it == Caching::Direct { "direct" } else { "buffered" })
}
