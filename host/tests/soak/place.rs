//! Where a soaked volume lies, what is noted about it, and who works on it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::notes::Notes;

/// Sectors of each writer; no border is a chunk's.
pub(crate) const SECTORS: u64 = 301;
pub(crate) const WRITERS: u64 = 3;
pub(crate) const SIZE: u64 = WRITERS * SECTORS * super::sectors::SECTOR as u64;

const NOTES: &str = "SHADOWVOL_SOAK_NOTES";
const IMAGE: &str = "SHADOWVOL_SOAK_IMAGE";
const SEED: &str = "SHADOWVOL_SOAK_LIFE";

/// Copies that were deleted and are looked for again.
const REMEMBERED: usize = 50;

/// Where all of it is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The folder of the notes.
    folder: PathBuf,
    pub(crate) image: PathBuf,
    /// Drawn anew for each life of a writer.
    pub(crate) seed: u64,
}

impl Place {
    pub(crate) fn new(notes: &TempDir, media: &TempDir) -> Self {
        let (folder, image) = (notes.path().to_owned(), media.path().join("disk.img"));
        Self { folder, image, seed: 0 }
    }

    /// The place that a child was told of.
    pub(crate) fn told() -> Option<Self> {
        let seed = std::env::var(SEED).ok()?.parse().expect("a number");
        let folder = std::env::var_os(NOTES)?.into();
        Some(Self { folder, image: std::env::var_os(IMAGE)?.into(), seed })
    }

    /// Starts a child of this test binary.
    pub(crate) fn start(&self, name: &str, seed: u64) -> Child {
        let errors = fs::File::create(self.errors(name)).expect("a file for errors");
        Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", name, "--ignored", "--nocapture"])
            .env(NOTES, &self.folder)
            .env(IMAGE, &self.image)
            .env(SEED, seed.to_string())
            .stdout(Stdio::null())
            .stderr(errors)
            .spawn()
            .expect("a child")
    }

    /// What a child has said to its end.
    pub(crate) fn last_words(&self, name: &str) -> String {
        fs::read_to_string(self.errors(name)).unwrap_or_default()
    }

    fn errors(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{}.errors", name.replace(':', "-")))
    }

    pub(crate) fn notes(&self) -> PathBuf {
        self.folder.join("notes")
    }

    /// Where a reader says how much it has read.
    pub(crate) fn tally(&self) -> PathBuf {
        self.folder.join("tally")
    }

    /// Replaces the notes by what is still worth knowing, while no writer lives.
    pub(crate) fn settle(&self, notes: &Notes, live: &[u32]) {
        let mut lines = Vec::new();
        let gone = notes.copies.keys().filter(|copy| !live.contains(copy));
        for copy in gone.rev().take(REMEMBERED) {
            lines.push(format!("copy {copy} {}", notes.copies[copy]));
            lines.push(format!("deleted {copy}"));
        }
        for copy in live {
            if let Some(digest) = notes.copies.get(copy) {
                lines.push(format!("copy {copy} {digest}"));
            }
        }
        lines
            .extend(notes.sectors.iter().map(|(nth, version)| format!("sector {nth} 1 {version}")));
        lines.extend(notes.cleared.iter().map(|nth| format!("clear {nth} 1")));
        lines.extend(notes.scarred.iter().map(|nth| format!("scarred {nth} 1")));
        lines.extend(notes.torn.iter().map(|nth| format!("torn {nth} 1")));
        let new = self.folder.join("notes.new");
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(&new, text).expect("a file for notes");
        fs::rename(new, self.notes()).expect("a file for notes");
    }
}
