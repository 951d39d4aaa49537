//! Which volume, and which run of this host.

use std::io;

use shadowvol::{Id, VolumeId};

/// A new volume's identity, from the operating system's random numbers.
///
/// # Errors
///
/// When the operating system has none.
pub fn volume_id() -> io::Result<VolumeId> {
    random().map(VolumeId)
}

/// A random identifier, for owners and for shadow copy sets.
///
/// # Errors
///
/// When the operating system has no random numbers.
pub fn random_id() -> io::Result<Id> {
    random().map(Id)
}

/// A number that is the same as long as this host runs without a reboot, so that whoever wrote it
/// down can tell whether the page cache may have been lost since.
///
/// Linux gives it to every process. Elsewhere, and where `/proc` is hidden, it is drawn anew on
/// each call: a volume that was not closed then always counts as one whose host went down.
///
/// # Errors
///
/// When the operating system has no random numbers either.
pub fn boot_id() -> io::Result<[u8; 16]> {
    let told = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    told.and_then(|text| parse(text.trim())).map_or_else(random, Ok)
}

fn parse(uuid: &str) -> Option<[u8; 16]> {
    let number = u128::from_str_radix(&uuid.replace('-', ""), 16).ok()?;
    (uuid.len() == 36).then(|| number.to_be_bytes())
}

fn random() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_volumes_are_alike() {
        assert_ne!(volume_id().expect("random numbers"), volume_id().expect("random numbers"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn one_boot_has_one_id() {
        assert_eq!(boot_id().expect("/proc"), boot_id().expect("/proc"));
    }

    #[test]
    fn a_uuid_is_read_from_its_first_digit() {
        let bytes = parse("d4982f95-5a2c-4c72-9386-7a5f571a345a").expect("a UUID");
        assert_eq!((bytes[0], bytes[15]), (0xd4, 0x5a));
        assert_eq!(parse("d4982f95"), None);
        assert_eq!(parse("not-a-uuid-at-all-but-as-long-as-one"), None);
    }
}
