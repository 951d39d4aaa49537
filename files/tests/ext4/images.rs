//! Images, made with the programs of e2fsprogs.

use core::cell::Cell;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use shadowvol_files::ReadAt;

/// A folder for images.
pub(crate) struct Workshop {
    folder: tempfile::TempDir,
}

impl Workshop {
    /// One with all tools, or none, said aloud.
    pub(crate) fn open() -> Option<Self> {
        for tool in ["mkfs.ext4", "debugfs", "e2fsck"] {
            if find(tool).is_none() {
                let mut stderr = std::io::stderr();
                let _ = writeln!(
                    stderr,
                    "\n  NOT TESTED: file systems: {tool} is missing (Debian: e2fsprogs)\n"
                );
                return None;
            }
        }
        Some(Self { folder: tempfile::tempdir().expect("a temporary folder") })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// An image with what is in a folder.
    pub(crate) fn image(&self, content: &Path, size: u64, options: &[&str]) -> Image {
        let path = self.path("image");
        // What lay on a disk before is never zeros.
        fs::write(&path, vec![0xa5; size as usize]).expect("an image");
        run(Command::new(tool("mkfs.ext4"))
            .args(["-q", "-F", "-E", "nodiscard,root_owner=0:0"])
            .args(options)
            .arg("-d")
            .arg(content)
            .arg(&path));
        Image { bytes: fs::read(&path).expect("an image") }
    }

    /// What debugfs makes of an image.
    pub(crate) fn debugfs(&self, image: &Image, commands: &str) -> Image {
        self.ask_debugfs(image, commands);
        Image { bytes: fs::read(self.path("debugged")).expect("an image") }
    }

    /// The blocks that the journal is in.
    pub(crate) fn journal(&self, image: &Image, blocks: usize) -> Vec<usize> {
        let commands: String = (0..blocks).map(|nth| format!("bmap <8> {nth}\n")).collect();
        let said = self.ask_debugfs(image, &commands);
        said.lines().filter_map(|line| line.parse().ok()).collect()
    }

    fn ask_debugfs(&self, image: &Image, commands: &str) -> String {
        let path = self.path("debugged");
        fs::write(&path, &image.bytes).expect("an image");
        fs::write(self.path("commands"), commands).expect("a file");
        let mut debugfs = Command::new(tool("debugfs"));
        debugfs.arg("-w").arg("-f").arg(self.path("commands")).arg(&path);
        let done = debugfs.output().expect("debugfs");
        let said = String::from_utf8_lossy(&done.stderr);
        let complaints: Vec<_> =
            said.lines().filter(|line| !line.starts_with("debugfs ")).collect();
        assert!(done.status.success() && complaints.is_empty(), "debugfs: {complaints:?}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    /// What Linux would make of an image: its journal is replayed.
    pub(crate) fn replayed(&self, image: &Image) -> Image {
        let path = self.path("checked");
        fs::write(&path, &image.bytes).expect("an image");
        let done = Command::new(tool("e2fsck")).args(["-fy"]).arg(&path).output().expect("e2fsck");
        // 1: it corrected something.
        assert!(matches!(done.status.code(), Some(0 | 1)), "e2fsck: {done:?}");
        Image { bytes: fs::read(&path).expect("an image") }
    }
}

fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn tool(name: &str) -> PathBuf {
    find(name).expect("a tool that was there a moment ago")
}

fn run(command: &mut Command) {
    let done = command.output().expect("a command");
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// The bytes of an image.
#[derive(Clone, PartialEq)]
pub(crate) struct Image {
    pub(crate) bytes: Vec<u8>,
}

/// Why bytes cannot be had.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refused {
    PastEnd,
    TooOften,
}

impl ReadAt for Image {
    type Error = Refused;

    fn size(&self) -> Result<u64, Refused> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Refused> {
        let start = usize::try_from(offset).map_err(|_| Refused::PastEnd)?;
        let bytes = self.bytes.get(start..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(Refused::PastEnd)?);
        Ok(())
    }
}

/// An image that can be read so many times: who goes on for ever is seen.
pub(crate) struct Patient<'a> {
    pub(crate) image: &'a Image,
    pub(crate) reads_left: Cell<u32>,
}

impl ReadAt for Patient<'_> {
    type Error = Refused;

    fn size(&self) -> Result<u64, Refused> {
        self.image.size()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Refused> {
        let left = self.reads_left.get().checked_sub(1).ok_or(Refused::TooOften)?;
        self.reads_left.set(left);
        self.image.read_at(offset, buffer)
    }
}
