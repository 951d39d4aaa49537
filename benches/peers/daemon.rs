//! Servers that run as long as they are needed.

use core::time::Duration;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use shadowvol_benches::Result;
use shadowvol_host::Caching;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server; it ends with this value, or, however we end, with us.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts it, and waits until it listens at this socket.
    pub(crate) fn start(program: &str, arguments: &[String], socket: &Path) -> Result<Self> {
        let _ = fs::remove_file(socket);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", program]).args(arguments).stdin(Stdio::null());
        command.stdout(Stdio::null());
        let mut daemon = Self(command.spawn()?);
        let begun = Instant::now();
        while !socket.exists() {
            if let Some(status) = daemon.0.try_wait()? {
                return Err(format!("{program} has ended at once: {status}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{program} does not listen").into());
            }
            thread::sleep(Duration::from_micros(200));
        }
        Ok(daemon)
    }

    /// Bytes that it has written: by system calls, or past the page cache to disks.
    pub(crate) fn written(&self, caching: Caching) -> Option<u64> {
        let field = if caching == Caching::Direct { "write_bytes: " } else { "wchar: " };
        let text = fs::read_to_string(format!("/proc/{}/io", self.0.id())).ok()?;
        text.lines().find_map(|line| line.strip_prefix(field))?.parse().ok()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has nothing to save.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Connects to a server. Its socket is there a moment before it listens.
pub(crate) fn connect(socket: &Path) -> Result<UnixStream> {
    let begun = Instant::now();
    loop {
        match UnixStream::connect(socket) {
            Err(error)
                if error.kind() == ErrorKind::ConnectionRefused && begun.elapsed() < PATIENCE =>
            {
                thread::sleep(Duration::from_micros(200));
            }
            done => return Ok(done?),
        }
    }
}

/// Runs a program to its end; returns what it has printed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String> {
    let done = Command::new(program).args(arguments).stdin(Stdio::null()).output()?;
    if done.status.success() {
        return Ok(String::from_utf8(done.stdout)?);
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(format!("{program} {}: {said}", arguments.join(" ")).into())
}
