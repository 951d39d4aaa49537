//! A file system so small that tests can fill it.

use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A file system in memory, unmounted when dropped.
pub(crate) struct TinyDisk {
    pub(crate) directory: TempDir,
}

impl TinyDisk {
    /// One of so many MiB; `None`, and a word about it, where it cannot be mounted.
    pub(crate) fn mount(size: u64) -> Option<Self> {
        let directory = TempDir::new().expect("a mount point");
        let size = format!("size={size}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path());
        if run(&mut mount).is_none() {
            println!("skipped: mounting a file system needs root");
            return None;
        }
        Some(Self { directory })
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        run(Command::new("umount").arg(self.directory.path()));
    }
}

/// What a command printed, if it could be run and succeeded.
pub(crate) fn run(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
