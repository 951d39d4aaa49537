//! Who takes shadow copies that go with him, and whether he is still there.
//!
//! An owner is a process: its number, when it was started, and the boot and host that both belong
//! to. So a copy's end can be seen by whoever comes later on the same host, without a lock file and
//! without a process number that was given again being mistaken for the old one. On another host
//! nothing can be known: there only the copy's expiry counts.

use shadowvol::Id;

use crate::checksum::CRC32C;
use crate::identity::boot_id;

/// What is known of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The process runs.
    Alive,
    /// It has ended, or its host was started anew.
    Dead,
    /// It belongs to another host, or this system does not tell.
    Unknown,
}

/// This process as an owner of shadow copies.
#[must_use]
pub fn this_process() -> Id {
    id_of(std::process::id())
}

/// What has become of an owner.
#[must_use]
pub fn fate(owner: Id) -> Fate {
    let (process, started) = (number(owner, 8), number(owner, 12));
    if number(owner, 0) != host() {
        return Fate::Unknown;
    }
    if number(owner, 4) != boot() {
        return Fate::Dead;
    }
    match exists(process) {
        Some(false) => Fate::Dead,
        Some(true) if started == start_of(process).unwrap_or(started) => Fate::Alive,
        Some(true) => Fate::Dead,
        None => Fate::Unknown,
    }
}

fn id_of(process: u32) -> Id {
    let mut bytes = [0; 16];
    let parts = [host(), boot(), process, start_of(process).unwrap_or(0)];
    for (place, part) in bytes.chunks_exact_mut(4).zip(parts) {
        place.copy_from_slice(&part.to_le_bytes());
    }
    Id(bytes)
}

fn number(owner: Id, at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&owner.0[at..at + 4]);
    u32::from_le_bytes(bytes)
}

/// The host, and on Linux the world of process numbers within it: a container has its own.
fn host() -> u32 {
    let machine = std::fs::read("/etc/machine-id").unwrap_or_default();
    let world = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    CRC32C.extend(CRC32C.extend(0, &machine), world.as_os_str().as_encoded_bytes())
}

fn boot() -> u32 {
    boot_id().map_or(0, |boot| CRC32C.extend(0, &boot))
}

#[cfg(unix)]
fn exists(process: u32) -> Option<bool> {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};

    let process = Pid::from_raw(i32::try_from(process).ok()?)?;
    // Somebody else's process may not be asked, but it is there.
    Some(!matches!(test_kill_process(process), Err(Errno::SRCH)))
}

#[cfg(not(unix))]
fn exists(_: u32) -> Option<bool> {
    None
}

/// When a process was started, in ticks since the boot, as far as they fit.
fn start_of(process: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name stands in brackets, and may hold anything.
    let (_, behind) = text.rsplit_once(')')?;
    let ticks: u64 = behind.split_ascii_whitespace().nth(19)?.parse().ok()?;
    Some(ticks as u32)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn this_process_lives() {
        assert_ne!(fate(this_process()), Fate::Dead);
        assert_eq!(this_process(), this_process());
        assert!(!this_process().is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_has_ended_is_dead_even_when_its_number_is_in_use() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("a process");
        let owner = id_of(child.id());
        assert_eq!(fate(owner), Fate::Alive);
        child.kill().expect("a signal");
        child.wait().expect("an end");
        assert_eq!(fate(owner), Fate::Dead);

        let mut namesake = this_process();
        namesake.0[12] ^= 1;
        assert_eq!(fate(namesake), Fate::Dead);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn another_boot_is_the_end_and_another_host_says_nothing() {
        let (mut elsewhere, mut earlier) = (this_process(), this_process());
        elsewhere.0[0] ^= 1;
        earlier.0[4] ^= 1;
        assert_eq!((fate(elsewhere), fate(earlier)), (Fate::Unknown, Fate::Dead));
    }
}
