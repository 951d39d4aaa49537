//! The kernel's requests, one method each.

use core::cell::RefCell;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::ffi::OsStr;
use std::io;
use std::panic::catch_unwind;
use std::time::SystemTime;

use fuser::{
    BsdFileFlags, Errno, FileHandle, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, OpenAccMode, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use rustix::fs::{FallocateFlags, OFlags};
use shadowvol::machine::Scratch;

use super::tree::{Entry, Tree, errno};

/// Bytes of the largest request.
const LARGEST: u32 = 1 << 20;
/// Requests that the kernel sends without waiting for the ones before.
const AHEAD: u16 = 64;
/// How long the kernel may keep names and attributes: a copy can go at any time.
const KEEP: Duration = Duration::ZERO;
/// Bytes of a block, as the kernel counts them.
const BLOCK: u32 = 4096;

thread_local! {
    /// What is read on its way to the kernel, kept for the next request.
    static BUFFER: RefCell<Scratch> = const { RefCell::new(Scratch::new()) };
}

impl Filesystem for Tree {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        for wish in [InitFlags::FUSE_ASYNC_DIO, InitFlags::FUSE_PARALLEL_DIROPS] {
            // An older kernel does without.
            let _ = config.add_capabilities(wish);
        }
        // The nearest that is possible is fine.
        let _ = config.set_max_write(LARGEST);
        let _ = config.set_max_background(AHEAD);
        Ok(())
    }

    fn destroy(&mut self) {
        let _ = answer(|| {
            self.settle();
            Ok(())
        });
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        match answer(|| Ok(self.attributes(&self.find(parent, name)?))) {
            Ok(found) => reply.entry(&KEEP, &found, Generation(0)),
            Err(error) => reply.error(error),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match answer(|| Ok(self.attributes(&self.entry(ino)?))) {
            Ok(found) => reply.attr(&KEEP, &found),
            Err(error) => reply.error(error),
        }
    }

    /// Times are nobody's concern here; all else is fixed.
    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let done = answer(|| {
            let found = self.attributes(&self.entry(ino)?);
            let is_resized = size.is_some_and(|size| size != found.size);
            if is_resized || mode.is_some() || uid.is_some() || gid.is_some() {
                return Err(Errno::EPERM);
            }
            Ok(found)
        });
        match done {
            Ok(found) => reply.attr(&KEEP, &found),
            Err(error) => reply.error(error),
        }
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        let opened = answer(|| match self.entry(ino)? {
            Entry::Volume(_) => {
                let flags = FopenFlags::FOPEN_DIRECT_IO
                    | FopenFlags::FOPEN_PARALLEL_DIRECT_WRITES
                    | FopenFlags::FOPEN_NOFLUSH;
                Ok((FileHandle(0), flags))
            }
            Entry::Copy(_) if flags.acc_mode() != OpenAccMode::O_RDONLY => Err(Errno::EROFS),
            Entry::Copy(copy) => {
                let flags = FopenFlags::FOPEN_KEEP_CACHE | FopenFlags::FOPEN_NOFLUSH;
                Ok((self.keep(copy), flags))
            }
            Entry::Root | Entry::Copies => Err(Errno::EISDIR),
        });
        match opened {
            Ok((handle, flags)) => reply.opened(handle, flags),
            Err(error) => reply.error(error),
        }
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        fh: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.release(fh);
        reply.ok();
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        fh: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        BUFFER.with_borrow_mut(|buffer| {
            match answer(|| self.fill(ino, fh, offset, size, buffer)) {
                Ok(bytes) => reply.data(&buffer[..bytes]),
                Err(error) => reply.error(error),
            }
        });
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        flags: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match answer(|| self.store(ino, offset, data, flags)) {
            Ok(bytes) => reply.written(bytes),
            Err(error) => reply.error(error),
        }
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        end(reply, || match self.live(ino) {
            Ok(volume) => volume.flush().map_err(|error| errno(&error)),
            // A copy is as durable as it will ever be.
            Err(_) => Ok(()),
        });
    }

    fn fallocate(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        end(reply, || {
            let volume = self.live(ino)?;
            let mode = FallocateFlags::from_bits_retain(mode.cast_unsigned());
            let zeros = FallocateFlags::PUNCH_HOLE | FallocateFlags::ZERO_RANGE;
            // That there will be space for all copies to come cannot be promised.
            if !mode.intersects(zeros) || !(zeros | FallocateFlags::KEEP_SIZE).contains(mode) {
                return Err(Errno::EOPNOTSUPP);
            }
            let length = length.min(volume.size().saturating_sub(offset));
            if length == 0 {
                return Ok(());
            }
            volume.discard(offset, length).map_err(|error| errno(&error))
        });
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        match answer(|| self.list(ino, offset)) {
            Ok(found) => {
                for (ino, place, kind, name) in found {
                    let is_full = reply.add(ino, place, kind, name);
                    // The kernel asks for the rest.
                    if is_full {
                        break;
                    }
                }
                reply.ok();
            }
            Err(error) => reply.error(error),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let blocks = self.size().div_ceil(BLOCK.into());
        reply.statfs(blocks, 0, 0, 0, 0, BLOCK, 255, BLOCK);
    }

    fn mknod(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(Errno::EPERM);
    }

    fn mkdir(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(Errno::EPERM);
    }

    fn unlink(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EPERM);
    }

    fn rmdir(&self, _: &Request, _: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EPERM);
    }
}

impl Tree {
    /// Reads into the buffer as much as there is; returns how many bytes that is.
    fn fill(
        &self,
        inode: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        buffer: &mut Scratch,
    ) -> Result<usize, Errno> {
        let length = self.size().saturating_sub(offset).min(size.into()) as usize;
        buffer.reach(length);
        let bytes = &mut buffer[..length];
        let done = match self.live(inode) {
            Ok(volume) => volume.read(offset, bytes),
            Err(_) => self.kept(handle)?.read(offset, bytes),
        };
        done.map(|()| length).map_err(|error| errno(&error))
    }

    /// Writes as much as there is room for; returns how many bytes that is.
    fn store(
        &self,
        inode: INodeNo,
        offset: u64,
        data: &[u8],
        flags: OpenFlags,
    ) -> Result<u32, Errno> {
        let volume = self.live(inode)?;
        let room = volume.size().saturating_sub(offset);
        if room == 0 && !data.is_empty() {
            return Err(Errno::ENOSPC);
        }
        let data = &data[..room.min(data.len() as u64) as usize];
        volume.write(offset, data).map_err(|error| errno(&error))?;
        if OFlags::from_bits_retain(flags.0.cast_unsigned()).contains(OFlags::DSYNC) {
            volume.flush().map_err(|error| errno(&error))?;
        }
        Ok(data.len() as u32)
    }
}

/// Answers with what was done, or why not.
fn end(reply: ReplyEmpty, work: impl FnOnce() -> Result<(), Errno>) {
    match answer(work) {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

/// A panic is an I/O error to who has asked, and ends no thread.
fn answer<T>(work: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Errno::EIO))
}
