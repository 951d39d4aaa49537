//! The machine that a result is from.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use serde::Serialize;

use crate::Result;

/// What a figure depends on, and when it was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    cores: usize,
    processor: Option<String>,
    memory_bytes: Option<u64>,
    kernel: Option<String>,
    system: Option<String>,
    revision: Option<String>,
    command: String,
    date: Option<String>,
}

impl Machine {
    /// This one, now. What cannot be found out is left out.
    #[must_use]
    pub fn look() -> Self {
        let memory = field("/proc/meminfo", "MemTotal:");
        let kib = memory.and_then(|it| it.trim_end_matches(" kB").trim().parse::<u64>().ok());
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").ok();
        let system = field("/etc/os-release", "PRETTY_NAME=");
        let here = env!("CARGO_MANIFEST_DIR");
        Self {
            cores: thread::available_parallelism().map_or(1, usize::from),
            processor: field("/proc/cpuinfo", "model name\t:"),
            memory_bytes: kib.map(|kib| kib << 10),
            kernel: kernel.map(|kernel| format!("Linux {}", kernel.trim())),
            system: system.map(|name| name.trim_matches('"').to_owned()),
            revision: output("git", &["-C", here, "describe", "--always", "--dirty=+"]),
            command: env::var("SHADOWVOL_BENCH_COMMAND")
                .unwrap_or_else(|_| "cargo bench -p shadowvol-benches".to_owned()),
            date: utc(),
        }
    }

    /// Saves it as `machine.json`.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(fs::write(folder.join("machine.json"), text + "\n")?)
    }
}

/// The date and the time, as 2026-11-28T12:00:00Z.
#[must_use]
pub fn utc() -> Option<String> {
    output("date", &["-u", "+%FT%TZ"])
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = Command::new(program).args(arguments).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
