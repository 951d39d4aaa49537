//! The files in an image: whatever its file system says, the answer is an error or has an end.
//!
//! The image is a real one, most often without the checksums that would find all of it out at once,
//! and changed in any places; or it is the bytes as they are.
//!
//! * Nothing panics.
//! * So many reads are enough for all that is asked, though directories lie in themselves, and trees
//!   of blocks lead to themselves. Memory is metered by who calls.

use core::cell::Cell;
use std::io::Read;
use std::sync::LazyLock;

use arbitrary::{Arbitrary, Unstructured};
use shadowvol_files::{Error, FileSystem, Inode, Kind, Links, ReadAt};

/// The disk that the page shows.
static DISK: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed = &include_bytes!("../../wasm/www/src/disk/disk.bin")[..];
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).expect("a whole image");
    bytes
});

/// Where a superblock says that there are checksums, and how.
const CHECKSUMS: (usize, u8) = (1024 + 0x65, 0x4);
/// Behind this there is nothing but the bytes of files.
const METADATA: usize = 48 << 10;
/// Reads for all that is asked of one image.
const READS: u32 = 100_000;
/// Directories that are listed, and bytes of a file that are looked for, at most.
const MOST: usize = 200;
const STRETCH: u64 = 1 << 20;

#[derive(Debug, Arbitrary)]
enum Case<'a> {
    Changed { checksums: u8, changes: [Option<(u16, Change<'a>)>; 6] },
    Bytes(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
enum Change<'a> {
    Flip(u8),
    Byte(u8),
    Half(u16),
    Word(u32),
    Bytes(&'a [u8]),
}

/// An image that can be read so many times.
struct Patient {
    bytes: Vec<u8>,
    reads_left: Cell<u32>,
}

#[derive(Debug)]
enum Refused {
    PastEnd,
    TooOften,
}

/// Looks at all files of what the input becomes.
pub fn files(input: &[u8]) {
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(input)) else { return };
    let source = Patient { bytes: case.image(), reads_left: Cell::new(READS) };
    match walk(&source) {
        Err(Error::Source(Refused::TooOften)) => panic!("there is no end of it"),
        Err(Error::Source(Refused::PastEnd)) => panic!("it reads past the end"),
        Err(Error::Problem(_)) | Ok(()) => {}
    }
}

impl Case<'_> {
    fn image(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Changed { checksums, changes } => {
                let mut bytes = DISK.clone();
                if checksums % 8 != 0 {
                    bytes[CHECKSUMS.0] &= !CHECKSUMS.1;
                }
                for (at, change) in changes.iter().flatten() {
                    change.make(&mut bytes[usize::from(*at) % METADATA..]);
                }
                bytes
            }
        }
    }
}

impl Change<'_> {
    fn make(&self, bytes: &mut [u8]) {
        let new = match self {
            Self::Flip(bit) => vec![bytes[0] ^ 1 << (bit % 8)],
            Self::Byte(byte) => vec![*byte],
            Self::Half(half) => half.to_le_bytes().to_vec(),
            Self::Word(word) => word.to_le_bytes().to_vec(),
            Self::Bytes(bytes) => bytes.to_vec(),
        };
        for (byte, new) in bytes.iter_mut().zip(new) {
            *byte = new;
        }
    }
}

/// Asks for all that there is; an error of one file is no reason not to look at the others.
fn walk(source: &Patient) -> Result<(), Error<Refused>> {
    let files = FileSystem::open(source)?;
    let mut trail = vec![files.find(source, b"/", Links::Kept)?];
    let mut seen = Vec::new();
    while let Some(directory) = trail.pop() {
        if seen.len() == MOST || seen.contains(&directory.number) {
            continue;
        }
        seen.push(directory.number);
        let Some(entries) = passed(files.list(source, &directory))? else { continue };
        for entry in entries.into_iter().take(MOST) {
            passed(files.find(source, &entry.name, Links::Followed))?;
            let Some(inode) = passed(files.inode(source, entry.inode))? else { continue };
            passed(look(&files, source, &inode))?;
            if inode.kind == Kind::Directory {
                trail.push(inode);
            }
        }
    }
    Ok(())
}

fn look(files: &FileSystem, source: &Patient, inode: &Inode) -> Result<(), Error<Refused>> {
    match inode.kind {
        Kind::Link => files.target(source, inode).map(drop),
        Kind::File => {
            for offset in [0, inode.size / 2, inode.size.saturating_sub(STRETCH)] {
                let mut length = 0;
                for piece in files.pieces(source, inode, offset, STRETCH)? {
                    let end = piece.place.unwrap_or(0) + piece.length;
                    assert!(piece.place.is_none() || end <= source.bytes.len() as u64);
                    length += piece.length;
                }
                assert_eq!(length, STRETCH.min(inode.size - offset.min(inode.size)));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What was asked for, or nothing if the file system is to blame.
fn passed<T>(asked: Result<T, Error<Refused>>) -> Result<Option<T>, Error<Refused>> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::Problem(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

impl ReadAt for Patient {
    type Error = Refused;

    fn size(&self) -> Result<u64, Refused> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), Refused> {
        let left = self.reads_left.get().checked_sub(1).ok_or(Refused::TooOften)?;
        self.reads_left.set(left);
        let start = usize::try_from(offset).map_err(|_| Refused::PastEnd)?;
        let bytes = self.bytes.get(start..).and_then(|rest| rest.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(Refused::PastEnd)?);
        Ok(())
    }
}
