//! File systems that copy files by sharing their blocks: XFS and btrfs, on a loop device.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{ioctl_ficlone, syncfs};
use shadowvol_benches::{Plain, Result};
use shadowvol_host::Caching;

use crate::daemon::run;
use crate::disk::{Disk, Local};
use crate::peer::{Age, Peer, Setting, depth};

/// The file system has so many times the room that the disk takes.
const ROOM: u64 = 8;

/// The disk's file.
const DISK: &str = "disk.img";

/// How a snapshot is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// A clone of the disk's file.
    XfsClone,
    /// The same.
    BtrfsClone,
    /// Of the folder in which the file lies.
    BtrfsSubvolume,
}

/// A disk as a file in such a file system.
pub(crate) struct Reflink {
    setting: Setting,
    method: Method,
    taken: Vec<PathBuf>,
    count: usize,
    mount: Mount,
}

impl Reflink {
    pub(crate) fn new(setting: Setting, method: Method) -> Result<Self> {
        let mount = Mount::new(&setting, method)?;
        let mut reflink = Self { setting, method, taken: Vec::new(), count: 0, mount };
        if method == Method::BtrfsSubvolume {
            run("btrfs", &["-q", "subvolume", "create", &text(&reflink.folder())])?;
        } else {
            fs::create_dir(reflink.folder())?;
        }
        reflink.renew()?;
        Ok(reflink)
    }

    /// Where the disk lies.
    fn folder(&self) -> PathBuf {
        self.mount.path.join("live")
    }

    fn disk(&self) -> PathBuf {
        self.folder().join(DISK)
    }

    fn plain_file(&self) -> PathBuf {
        self.mount.path.join("plain.img")
    }

    fn open(&self, path: &Path) -> Result<Box<dyn Disk>> {
        let axes = self.setting.axes;
        Ok(Box::new(Local { bytes: Plain::open(path, axes.caching)?, depth: depth(axes) }))
    }
}

impl Peer for Reflink {
    /// With files in one piece, because what snapshots have broken up stays so; and all of that on the
    /// device, so that nothing of it is written while something is measured.
    fn renew(&mut self) -> Result<()> {
        for path in self.taken.drain(..) {
            if self.method == Method::BtrfsSubvolume {
                // What a deleted subvolume has in it stays for a while; there is no room for that.
                fs::remove_file(path.join(DISK))?;
                run("btrfs", &["-q", "subvolume", "delete", &text(&path)])?;
            } else {
                fs::remove_file(path)?;
            }
        }
        let axes = self.setting.axes;
        for path in [self.disk(), self.plain_file()] {
            Plain::create(&path, axes.volume, axes.caching)?;
        }
        Ok(syncfs(File::open(&self.mount.path)?)?)
    }

    fn snapshot(&mut self) -> Result<()> {
        self.count += 1;
        let path = self.mount.path.join(format!("snapshot{}", self.count));
        if self.method == Method::BtrfsSubvolume {
            let (live, path) = (text(&self.folder()), text(&path));
            run("btrfs", &["-q", "subvolume", "snapshot", &live, &path])?;
        } else {
            ioctl_ficlone(File::create(&path)?, File::open(self.disk())?)?;
        }
        self.taken.push(path);
        Ok(())
    }

    fn live(&self) -> Result<Box<dyn Disk>> {
        self.open(&self.disk())
    }

    fn frozen(&self, age: Age) -> Result<Option<Box<dyn Disk>>> {
        let taken = if age == Age::Newest { self.taken.last() } else { self.taken.first() };
        let taken = taken.ok_or("no snapshot")?;
        let path = if taken.is_dir() { taken.join(DISK) } else { taken.clone() };
        let axes = self.setting.axes;
        let bytes = Plain::open_read_only(&path, axes.caching)?;
        Ok(Some(Box::new(Local { bytes, depth: depth(axes) })))
    }

    fn plain(&self) -> Result<Box<dyn Disk>> {
        self.open(&self.plain_file())
    }

    fn written(&mut self) -> Result<Option<u64>> {
        syncfs(File::open(&self.mount.path)?)?;
        self.mount.written().map(Some)
    }
}

/// A mounted file system; its loop device goes with it.
pub(crate) struct Mount {
    pub(crate) path: PathBuf,
    device: String,
}

impl Mount {
    pub(crate) fn new(setting: &Setting, method: Method) -> Result<Self> {
        let (image, path) = (setting.folder.join("file-system"), setting.folder.join("mnt"));
        File::create(&image)?.set_len(ROOM * setting.axes.volume)?;
        fs::create_dir(&path)?;
        match method {
            Method::XfsClone => run("mkfs.xfs", &["-q", "-m", "reflink=1", &text(&image)])?,
            _ => run("mkfs.btrfs", &["-q", &text(&image)])?,
        };
        let direct = setting.axes.caching == Caching::Direct;
        let device = loop_device(&image, direct)?;
        // The device goes when nobody uses it any more: after this, when it is unmounted.
        let mounted = run("mount", &[&device, &text(&path)]);
        run("losetup", &["--detach", &device])?;
        mounted?;
        Ok(Self { path, device })
    }

    /// Bytes that were written to the device.
    fn written(&self) -> Result<u64> {
        let name = self.device.trim_start_matches("/dev/");
        let text = fs::read_to_string(format!("/sys/block/{name}/stat"))?;
        let sectors: u64 = text.split_whitespace().nth(6).ok_or("no count of sectors")?.parse()?;
        Ok(sectors * 512)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // If that fails, it ends with the mount namespace.
        let _ = run("umount", &[&text(&self.path)]);
    }
}

fn loop_device(image: &Path, direct: bool) -> Result<String> {
    let direct = if direct { "--direct-io=on" } else { "--direct-io=off" };
    let said = run("losetup", &["--find", "--show", direct, &text(image)])?;
    Ok(said.trim().to_owned())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
