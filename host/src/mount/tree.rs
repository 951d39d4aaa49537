//! What is in a mounted folder: names, inodes and attributes, always as the volume has them now.

use core::time::Duration;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fuser::{Errno, FileAttr, FileHandle, FileType, INodeNo};
use parking_lot::Mutex;
use rustix::process::{getegid, geteuid};
use shadowvol::{CopyId, Error as EngineError};

use crate::error::Error;
use crate::passive::{Passive, ShadowCopy};
use crate::volume::Volume;

/// The name of the live volume.
pub(super) const VOLUME: &str = "volume";
/// The name of the folder of shadow copies.
pub(super) const COPIES: &str = "copies";

const VOLUME_INODE: INodeNo = INodeNo(2);
const COPIES_INODE: INodeNo = INodeNo(3);

/// The name of a shadow copy's file.
pub(super) fn file_name(copy: u32) -> String {
    format!("{copy}.img")
}

/// What can be in the folder.
pub(super) enum Entry {
    Root,
    Copies,
    Volume(Arc<Volume>),
    Copy(ShadowCopy),
}

/// All that is in the folder.
pub(super) struct Tree {
    volume: Option<Arc<Volume>>,
    copies: Arc<Passive>,
    opened: Mutex<Opened>,
    since: SystemTime,
    user: u32,
    group: u32,
    /// Who may read and write the image.
    mode: u16,
}

/// The shadow copies that somebody has open.
#[derive(Default)]
struct Opened {
    copies: HashMap<u64, Arc<ShadowCopy>>,
    last: u64,
}

impl Tree {
    pub(super) fn new(volume: Option<Arc<Volume>>, copies: Arc<Passive>) -> Self {
        let image = copies.own_paths().first().and_then(|path| path.metadata().ok());
        let (user, group, mode) = match image {
            Some(image) => (image.uid(), image.gid(), (image.mode() & 0o666) as u16),
            None => (geteuid().as_raw(), getegid().as_raw(), 0o600),
        };
        let opened = Mutex::default();
        Self { volume, copies, opened, since: SystemTime::now(), user, group, mode }
    }

    pub(super) fn has_volume(&self) -> bool {
        self.volume.is_some()
    }

    /// The entry of a folder that has this name.
    pub(super) fn find(&self, folder: INodeNo, name: &OsStr) -> Result<Entry, Errno> {
        let name = name.to_str().ok_or(Errno::ENOENT)?;
        match (folder, name, &self.volume) {
            (INodeNo::ROOT, VOLUME, Some(volume)) => Ok(Entry::Volume(Arc::clone(volume))),
            (INodeNo::ROOT, COPIES, _) => Ok(Entry::Copies),
            (COPIES_INODE, ..) => {
                let id = name.strip_suffix(".img").and_then(|id| id.parse().ok());
                let id = id.and_then(CopyId::new).ok_or(Errno::ENOENT)?;
                // One copy has one name: 03.img is none.
                if file_name(id.number()) != name {
                    return Err(Errno::ENOENT);
                }
                match self.copy(id) {
                    Err(Errno::ESTALE) => Err(Errno::ENOENT),
                    found => found.map(Entry::Copy),
                }
            }
            _ => Err(Errno::ENOENT),
        }
    }

    /// The entry with this inode.
    pub(super) fn entry(&self, inode: INodeNo) -> Result<Entry, Errno> {
        match (inode, &self.volume) {
            (INodeNo::ROOT, _) => Ok(Entry::Root),
            (COPIES_INODE, _) => Ok(Entry::Copies),
            (VOLUME_INODE, Some(volume)) => Ok(Entry::Volume(Arc::clone(volume))),
            _ => {
                let id = CopyId::new((inode.0 >> 32) as u32).ok_or(Errno::ESTALE)?;
                let copy = self.copy(id)?;
                // After a power cut a number may name another copy than before.
                if inode_of(&copy) == inode { Ok(Entry::Copy(copy)) } else { Err(Errno::ESTALE) }
            }
        }
    }

    fn copy(&self, id: CopyId) -> Result<ShadowCopy, Errno> {
        let copy = self.copies.shadow_copy(id).map_err(|error| errno(&error))?;
        if copy.info().about.is_unfinished() { Err(Errno::ESTALE) } else { Ok(copy) }
    }

    /// What is in a folder behind a place in it; each with the place behind itself.
    pub(super) fn list(
        &self,
        folder: INodeNo,
        behind: u64,
    ) -> Result<Vec<(INodeNo, u64, FileType, String)>, Errno> {
        let mut found = vec![
            (folder, 1, FileType::Directory, ".".to_owned()),
            (INodeNo::ROOT, 2, FileType::Directory, "..".to_owned()),
        ];
        match folder {
            INodeNo::ROOT => {
                found.push((COPIES_INODE, 3, FileType::Directory, COPIES.to_owned()));
                if self.has_volume() {
                    found.push((VOLUME_INODE, 4, FileType::RegularFile, VOLUME.to_owned()));
                }
            }
            COPIES_INODE => {
                // Copies keep their places, however many go meanwhile.
                let copies = self.copies.shadow_copies().map_err(|error| errno(&error))?;
                let finished = copies.iter().filter(|copy| !copy.info().about.is_unfinished());
                found.extend(finished.map(|copy| {
                    let id = copy.info().id.number();
                    let place = u64::from(id) + 2;
                    (inode_of(copy), place, FileType::RegularFile, file_name(id))
                }));
            }
            _ => return Err(Errno::ENOTDIR),
        }
        found.retain(|&(_, place, ..)| place > behind);
        Ok(found)
    }

    pub(super) fn attributes(&self, entry: &Entry) -> FileAttr {
        let (ino, time) = match entry {
            Entry::Root => (INodeNo::ROOT, self.since),
            Entry::Copies => (COPIES_INODE, self.since),
            Entry::Volume(_) => (VOLUME_INODE, self.since),
            Entry::Copy(copy) => (inode_of(copy), taken(copy)),
        };
        let (kind, perm, size) = match entry {
            Entry::Root | Entry::Copies => (FileType::Directory, 0o555, 0),
            Entry::Volume(volume) => (FileType::RegularFile, self.mode, volume.size()),
            Entry::Copy(copy) => (FileType::RegularFile, self.mode & 0o444, copy.size()),
        };
        FileAttr {
            ino,
            size,
            blocks: size.div_ceil(512),
            atime: time,
            mtime: time,
            ctime: time,
            crtime: time,
            kind,
            perm,
            nlink: if kind == FileType::Directory { 2 } else { 1 },
            uid: self.user,
            gid: self.group,
            rdev: 0,
            // At most a mebibyte.
            blksize: self.copies.chunk_size() as u32,
            flags: 0,
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.copies.size()
    }

    /// The live volume, if this is it.
    pub(super) fn live(&self, inode: INodeNo) -> Result<&Volume, Errno> {
        match &self.volume {
            Some(volume) if inode == VOLUME_INODE => Ok(volume),
            _ => Err(Errno::EROFS),
        }
    }

    /// Keeps a copy at hand until it is released.
    pub(super) fn keep(&self, copy: ShadowCopy) -> FileHandle {
        let mut opened = self.opened.lock();
        opened.last += 1;
        let handle = opened.last;
        opened.copies.insert(handle, Arc::new(copy));
        FileHandle(handle)
    }

    pub(super) fn kept(&self, handle: FileHandle) -> Result<Arc<ShadowCopy>, Errno> {
        self.opened.lock().copies.get(&handle.0).cloned().ok_or(Errno::EBADF)
    }

    pub(super) fn release(&self, handle: FileHandle) {
        self.opened.lock().copies.remove(&handle.0);
    }

    /// All that was written is durable when it is unmounted.
    pub(super) fn settle(&self) {
        if let Some(volume) = &self.volume {
            // Closing the volume tells of it: its role has ended then.
            let _ = volume.flush();
        }
    }
}

/// A copy's number says which it is, unless a power cut has taken it back; its time makes sure.
fn inode_of(copy: &ShadowCopy) -> INodeNo {
    let time = copy.info().about.time as u64;
    INodeNo(u64::from(copy.info().id.number()) << 32 | (time ^ time >> 32) & 0xffff_ffff)
}

fn taken(copy: &ShadowCopy) -> SystemTime {
    let time = copy.info().about.time;
    let span = Duration::from_nanos(time.unsigned_abs());
    if time < 0 { UNIX_EPOCH - span } else { UNIX_EPOCH + span }
}

/// What the kernel is told of an error.
pub(super) fn errno(error: &Error) -> Errno {
    match error.engine() {
        Some(EngineError::Gone { .. }) => Errno::ESTALE,
        Some(EngineError::NoSuchCopy { .. }) => Errno::ENOENT,
        Some(EngineError::DiffAreaFull { .. }) => Errno::ENOSPC,
        Some(EngineError::OutOfRange { .. }) => Errno::EINVAL,
        _ => Errno::EIO,
    }
}
