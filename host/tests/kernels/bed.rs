//! What kernels need to run: a tree of files of their own to start from, disks, and a wire.
//!
//! The tree holds a shell, some modules and this test's own program with its libraries; kernels see
//! it read-only, and nothing else of this machine. The wire is a pair of connected sockets, an end
//! for each kernel, so that no network device and no right is needed.

use core::cell::Cell;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use tempfile::TempDir;

/// Modules in an order that they can be loaded in.
const MODULES: [&str; 13] = [
    "lib/oid_registry",
    "net/sunrpc/sunrpc",
    "net/sunrpc/auth_gss/auth_rpcgss",
    "net/dns_resolver/dns_resolver",
    "fs/nfs_common/grace",
    "fs/nfs_common/nfs_acl",
    "fs/lockd/lockd",
    "fs/netfs/netfs",
    "fs/fscache/fscache",
    "fs/nfsd/nfsd",
    "fs/nfs/nfs",
    "fs/nfs/nfsv4",
    "fs/nfs/nfsv3",
];

/// Bytes for kernels' memory, disks and files.
const ROOM: u64 = 1 << 30;

/// One of the two places at the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    One,
    Two,
}

impl Seat {
    /// The address of the kernel in this place.
    pub(crate) const fn address(self) -> &'static str {
        match self {
            Self::One => "10.0.0.1",
            Self::Two => "10.0.0.2",
        }
    }

    /// The other one.
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::One => Self::Two,
            Self::Two => Self::One,
        }
    }
}

/// All that kernels need.
pub(crate) struct Bed {
    folder: TempDir,
    wire: [OwnedFd; 2],
    booted: Cell<u32>,
    tools: Tools,
}

/// Programs of this machine.
struct Tools {
    kernel: PathBuf,
    modules: PathBuf,
    shell: PathBuf,
    make_file_system: PathBuf,
}

impl Bed {
    /// Lays everything out; otherwise says what is missing.
    pub(crate) fn make() -> Result<Self, String> {
        let tools = Tools::find()?;
        let memory = Path::new("/dev/shm");
        let parent = if has_room(memory) { memory } else { Path::new(env!("CARGO_TARGET_TMPDIR")) };
        let folder = TempDir::with_prefix_in("kernels", parent).expect("a folder");
        if folder.path().as_os_str().as_encoded_bytes().contains(&b' ') {
            return Err(format!("{parent:?} has a blank in its name, kernels cannot start there"));
        }
        let wire = wire().expect("sockets");
        let bed = Self { folder, wire, booted: Cell::new(0), tools };
        bed.lay_tree();
        Ok(bed)
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn program(&self) -> &Path {
        &self.tools.kernel
    }

    /// The root of all kernels.
    pub(crate) fn tree(&self) -> PathBuf {
        self.path().join("tree")
    }

    /// The end of the wire for this place. Children inherit it.
    pub(crate) fn wire(&self, seat: Seat) -> RawFd {
        self.wire[seat as usize].as_raw_fd()
    }

    /// A name that no kernel had.
    pub(crate) fn next_name(&self, seat: Seat) -> String {
        self.booted.set(self.booted.get() + 1);
        format!("{}-{seat:?}", self.booted.get())
    }

    /// A new disk of zeros.
    pub(crate) fn disk(&self, name: &str, size: u64) {
        let disk = File::create_new(self.path().join(name)).expect("a new disk");
        disk.set_len(size).expect("a sparse file");
    }

    /// A new disk with an ext4 file system.
    pub(crate) fn formatted_disk(&self, name: &str) {
        self.disk(name, 64 << 20);
        let mut command = Command::new(&self.tools.make_file_system);
        run(command.args(["-q", "-F"]).arg(self.path().join(name)));
    }

    fn lay_tree(&self) {
        let tree = self.tree();
        for folder in ["bin", "dev", "disk", "modules", "proc", "tmp"] {
            fs::create_dir_all(tree.join(folder)).expect("a folder");
        }
        put(&self.tools.shell, &tree.join("bin/busybox"));
        let applets = run(Command::new(&self.tools.shell).arg("--list"));
        for applet in applets.lines().filter(|name| *name != "busybox") {
            symlink("busybox", tree.join("bin").join(applet)).expect("a link");
        }
        for module in MODULES {
            let file = self.tools.modules.join("kernel").join(module).with_extension("ko");
            put(&file, &tree.join("modules").join(file.file_name().unwrap_or_default()));
        }
        let init = tree.join("init");
        fs::write(&init, include_str!("guest/init")).expect("a file");
        fs::set_permissions(&init, PermissionsExt::from_mode(0o755)).expect("a file of ours");
        put(&std::env::current_exe().expect("this program"), &tree.join("node"));
        self.put_libraries_of(&tree.join("node"));
        self.put_libraries_of(&tree.join("bin/busybox"));
    }

    fn put_libraries_of(&self, program: &Path) {
        let output = Command::new("ldd").arg(program).output().expect("ldd");
        // Lines as `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x7f)`, and the loader's own; none
        // for a static program.
        let libraries = String::from_utf8_lossy(&output.stdout);
        for path in libraries.split_whitespace().filter(|word| word.starts_with('/')) {
            put(Path::new(path), &self.tree().join(&path[1..]));
        }
    }
}

/// A pair of connected sockets that children inherit, under numbers that no shell gives away.
fn wire() -> rustix::io::Result<[OwnedFd; 2]> {
    let flags = SocketFlags::CLOEXEC;
    let (one, two) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    let inherited = |end: OwnedFd| {
        let end = fcntl_dupfd_cloexec(end, 30)?;
        fcntl_setfd(&end, FdFlags::empty())?;
        Ok(end)
    };
    Ok([inherited(one)?, inherited(two)?])
}

impl Tools {
    fn find() -> Result<Self, String> {
        let find = |name: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let sbin = ["/usr/sbin".into(), "/sbin".into()];
            let mut folders = std::env::split_paths(&path).chain(sbin);
            folders.find_map(|folder| Some(folder.join(name)).filter(|path| path.is_file()))
        };
        let missing = |what: &str| format!("{what} is missing");
        let modules = fs::read_dir("/usr/lib/uml/modules").ok();
        let newest = modules.and_then(|found| found.flatten().map(|entry| entry.path()).max());
        Ok(Self {
            kernel: find("linux.uml").ok_or_else(|| missing("linux.uml"))?,
            modules: newest.ok_or_else(|| missing("/usr/lib/uml/modules"))?,
            shell: find("busybox").ok_or_else(|| missing("busybox"))?,
            make_file_system: find("mkfs.ext4").ok_or_else(|| missing("mkfs.ext4"))?,
        })
    }
}

/// Whether kernels can have their memory and disks there: they execute from their memory.
fn has_room(folder: &Path) -> bool {
    statvfs(folder).is_ok_and(|found| {
        let free = found.f_bavail * found.f_frsize;
        free > ROOM && !found.f_flag.contains(StatVfsMountFlags::NOEXEC)
    })
}

fn put(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    if let Err(error) = fs::copy(from, to) {
        panic!("copying {} to {}: {error}", from.display(), to.display());
    }
}

/// Runs a program that must succeed, and returns what it said.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
