//! Plays the lines of a trace on the Rust face.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use shadowvol::backend::ReadAt;
use shadowvol::format::superblock::OnFull;
use shadowvol::{ChunkSize, CopyId, Error as EngineError};
use shadowvol_host::{
    CreateOptions, Error, Event, Media, OpenOptions, Passive, RevertOptions, SharedMemory, Volume,
};

/// What came of a line.
pub(crate) enum Outcome {
    Result(Value),
    Error(&'static str, Value),
}

type Answer = Result<Value, Error>;

#[derive(Default)]
pub(crate) struct Player {
    nodes: Option<Nodes>,
}

/// A volume and a passive node on media in memory.
struct Nodes {
    origin: SharedMemory,
    diff: SharedMemory,
    volume: Volume,
    passive: Passive,
}

impl Outcome {
    /// Makes it the line's outcome.
    pub(crate) fn enter(self, line: &mut Value) {
        let fields = line.as_object_mut().expect("an object");
        fields.retain(|field, _| !["result", "error", "numbers"].contains(&field.as_str()));
        match self {
            Self::Result(Value::Null) => {}
            Self::Result(result) => {
                fields.insert("result".into(), result);
            }
            Self::Error(kind, numbers) => {
                fields.insert("error".into(), kind.into());
                fields.insert("numbers".into(), numbers);
            }
        }
    }
}

impl Player {
    pub(crate) fn play(&mut self, line: &Value) -> Outcome {
        let answer = if line["do"] == "create" {
            Nodes::create(line).map(|nodes| {
                self.nodes = Some(nodes);
                Value::Null
            })
        } else {
            self.nodes.as_mut().expect("a volume").play(line)
        };
        answer.map_or_else(|error| describe(&error), Outcome::Result)
    }
}

impl Nodes {
    fn create(line: &Value) -> Result<Self, Error> {
        let (origin, diff) = (SharedMemory::new(number(line, "size")), SharedMemory::new(0));
        let options = CreateOptions {
            chunk: ChunkSize::from_bytes(number(line, "chunk_size"))?,
            limit: Some(number(line, "limit")),
            on_full: match &line["on_full"] {
                policy if policy == "fail" => OnFull::FailWrite,
                _ => OnFull::DropOldest,
            },
            ..CreateOptions::default()
        };
        let media = media(&origin, &diff);
        let volume = Volume::create_on(media.clone(), &options)?;
        let passive = Passive::open_on(media.read_only())?;
        Ok(Self { origin, diff, volume, passive })
    }

    fn play(&mut self, line: &Value) -> Answer {
        let volume = &self.volume;
        let done = |result: Result<(), Error>| result.map(|()| Value::Null);
        match line["do"].as_str().expect("a word") {
            "write" => done(volume.write(number(line, "offset"), &pattern(line))),
            "discard" => done(volume.discard(number(line, "offset"), number(line, "length"))),
            "read" => {
                let mut bytes = vec![0; number(line, "length") as usize];
                volume.read(number(line, "offset"), &mut bytes)?;
                Ok(digest(&bytes).into())
            }
            "flush" => done(volume.flush()),
            "compact" => done(volume.compact()),
            "take" => {
                let label = line["label"].as_str().expect("a label");
                let info = volume.create_shadow_copy(&label.repeat(number(line, "times") as usize));
                Ok(info?.id.number().into())
            }
            "delete" => done(volume.delete_shadow_copies(&[copy(line, "copy")])),
            "revert" => {
                done(volume.revert(copy(line, "copy"), RevertOptions::default(), |_, _| true))
            }
            "copies" => self.copies(),
            "changes" => self.changes(line),
            "read-copy" => {
                let (offset, length) = (number(line, "offset"), number(line, "length"));
                Ok(self.read_copy(copy(line, "copy"), offset, length)?.into())
            }
            "all" => self.all(),
            "dropped" => Ok(self.dropped().into()),
            "reopen" => {
                volume.close()?;
                self.volume = self.open()?;
                Ok(Value::Null)
            }
            "usurp" => {
                let next = self.open()?;
                let refused =
                    volume.create_shadow_copy("late").expect_err("there is another holder");
                assert!(matches!(refused.engine(), Some(EngineError::Fenced { .. })), "{refused}");
                self.volume = next;
                Ok(Value::Null)
            }
            "close" => done(volume.close()),
            "media" => Ok(json!([digest(&whole(&self.origin))])),
            other => panic!("nobody knows how to {other}"),
        }
    }

    fn open(&self) -> Result<Volume, Error> {
        Volume::open_on(media(&self.origin, &self.diff), &OpenOptions::default())
    }

    fn copies(&self) -> Answer {
        let row = |id: CopyId, label: &str| json!([id.number(), label.len()]);
        let own = self.volume.shadow_copies()?;
        let own: Vec<_> = own.iter().map(|info| row(info.id, &info.about.label)).collect();
        let theirs = self.passive.shadow_copies()?;
        let theirs: Vec<_> =
            theirs.iter().map(|copy| row(copy.info().id, &copy.info().about.label)).collect();
        assert_eq!(own, theirs, "the passive node's copies");
        Ok(own.into())
    }

    fn changes(&self, line: &Value) -> Answer {
        let since = copy(line, "since");
        let until = (!line["until"].is_null()).then(|| copy(line, "until"));
        let own = self.volume.changes(since, until);
        if let Some(until) = until {
            let theirs = self.passive.changes(since, until);
            assert_eq!(theirs.as_ref().ok(), own.as_ref().ok(), "the passive node's changes");
        }
        let row = |extent: &shadowvol_host::ByteExtent| json!([extent.offset, extent.length]);
        Ok(own?.iter().map(row).collect::<Vec<_>>().into())
    }

    fn read_copy(&self, copy: CopyId, offset: u64, length: u64) -> Result<u32, Error> {
        let read = |node: &Passive| {
            let mut bytes = vec![0; length as usize];
            node.shadow_copy(copy)?.read(offset, &mut bytes)?;
            Ok(digest(&bytes))
        };
        let own: Result<u32, Error> = self.volume.reader().and_then(|reader| read(&reader));
        let theirs: Result<u32, Error> = read(&self.passive);
        match (own, theirs) {
            (Ok(own), Ok(theirs)) => assert_eq!(own, theirs, "copy {copy} by the passive node"),
            (own, theirs) => {
                let (own, theirs) = (own.expect_err("as theirs"), theirs.expect_err("as own"));
                assert_eq!(own.to_string(), theirs.to_string());
                return Err(own);
            }
        }
        read(&self.passive)
    }

    fn all(&self) -> Answer {
        let mut bytes = vec![0; self.volume.size() as usize];
        self.volume.read(0, &mut bytes)?;
        let mut rows = vec![digest(&bytes).into()];
        for info in self.volume.shadow_copies()? {
            let found = self.read_copy(info.id, 0, self.volume.size())?;
            rows.push(json!([info.id.number(), found]));
        }
        Ok(rows.into())
    }

    fn dropped(&self) -> Vec<u32> {
        let dropped = |event| match event {
            Event::Dropped { copies, .. } => copies,
            _ => Vec::new(),
        };
        self.volume.events().into_iter().flat_map(dropped).map(CopyId::number).collect()
    }
}

fn media(origin: &SharedMemory, diff: &SharedMemory) -> Media {
    Media { origin: Arc::new(origin.clone()), diff: Arc::new(diff.clone()) }
}

fn whole(medium: &SharedMemory) -> Vec<u8> {
    let mut bytes = vec![0; medium.size().expect("a size") as usize];
    medium.read_at(0, &mut bytes).expect("within");
    bytes
}

fn number(line: &Value, field: &str) -> u64 {
    line[field].as_u64().unwrap_or_else(|| panic!("{field} of {line}"))
}

fn copy(line: &Value, field: &str) -> CopyId {
    CopyId::new(number(line, field) as u32).expect("a number of a copy")
}

fn pattern(line: &Value) -> Vec<u8> {
    let seed = number(line, "seed");
    let byte = |i: u64| if seed == 0 { 0 } else { (31 * seed + 7 * i + i / 256) as u8 };
    (0..number(line, "length")).map(byte).collect()
}

fn digest(bytes: &[u8]) -> u32 {
    const CRC_32: crc::Crc<u32, crc::Table<16>> =
        crc::Crc::<u32, crc::Table<16>>::new(&crc::CRC_32_ISO_HDLC);
    static TABLE: crc::Crc<u32, crc::Table<16>> = CRC_32;
    TABLE.checksum(bytes)
}

/// The kind of an error, and what it says about itself.
fn describe(error: &Error) -> Outcome {
    let Some(engine) = error.engine() else {
        assert!(matches!(error, Error::Closed), "{error}");
        return Outcome::Error("Closed", json!({}));
    };
    let (kind, numbers) = match engine {
        EngineError::Gone { copy } => ("Gone", json!({"copy": copy.number()})),
        EngineError::NoSuchCopy { copy } => ("NoSuchCopy", json!({"copy": copy.number()})),
        EngineError::OutOfRange { offset, length, size } => {
            ("OutOfRange", json!({"offset": offset, "length": length, "size": size}))
        }
        EngineError::ChunkSize { bytes } => ("BadChunkSize", json!({"chunk_size": bytes})),
        EngineError::LabelTooLong { limit, .. } => ("LabelTooLong", json!({"limit": limit})),
        EngineError::DiffAreaFull { needed, limit, .. } => {
            ("DiffAreaFull", json!({"needed": needed, "limit": limit}))
        }
        other => panic!("no trace leads to this: {other}"),
    };
    debug_assert!(numbers.as_object().is_some_and(|numbers: &Map<_, _>| !numbers.is_empty()));
    Outcome::Error(kind, numbers)
}
