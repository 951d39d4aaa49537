//! A backup's manifest: a small file of JSON, written last, whose name is the hash of its bytes.

use core::fmt;
use core::str::FromStr;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use shadowvol::VolumeId;

use super::config::is_chunk;
use super::error::RepositoryError;
use super::folder::{Folder, SMALL, names, publish, read_small};
use super::hash::{Hash, from_hex, hex16, to_hex};
use crate::error::Error;
use crate::partial::failed;

/// What a backup is called: the first half of the hash of its manifest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackupId(#[serde(with = "hex16")] [u8; 16]);

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for BackupId {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        from_hex(text).map(Self).ok_or_else(|| RepositoryError::NoSuchBackup { name: text.into() })
    }
}

/// What a backup is to the next ones. Each can be restored by itself, whatever its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The whole volume is read. Incremental and differential backups build on it.
    Full,
    /// The whole volume is read, and nothing will build on it.
    Copy,
    /// What has changed since the last full or incremental backup is read.
    Incremental,
    /// What has changed since the last full backup is read.
    Differential,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// What it was in the end.
    pub kind: Kind,
    /// Identity of the volume.
    #[serde(with = "volume_id")]
    pub volume: VolumeId,
    /// What the volume was called.
    pub name: String,
    /// Bytes of the volume.
    pub size: u64,
    /// Number of the shadow copy.
    pub copy: u32,
    /// When the shadow copy was taken, in nanoseconds since 1970 (UTC).
    pub copy_time: i64,
    /// What the shadow copy was called.
    pub label: String,
    /// When the backup was complete, in nanoseconds since 1970 (UTC); later than all before it.
    pub time: i64,
    /// Bytes of a chunk.
    pub chunk: u32,
    /// The root of the map.
    pub(crate) root: Hash,
    /// The backup whose map this one has begun with.
    pub base: Option<BackupId>,
    /// Why it is a full one although something else was asked for.
    pub full_because: Option<String>,
    /// The shadow copy set, if there was one.
    pub set: Option<String>,
    /// `application-consistent` or `crash-consistent`, if somebody has said so.
    pub consistency: Option<String>,
    /// Who took part.
    pub participants: Vec<String>,
    /// Bytes of the volume that were read.
    pub read: u64,
    /// Bytes, maps included, that the repository did not have.
    pub new: u64,
    /// Bytes by which the repository has grown.
    pub stored: u64,
    /// The program and its version.
    pub tool: String,
}

/// A backup in a repository.
#[derive(Clone, Debug, PartialEq)]
pub struct Backup {
    /// What it is called.
    pub id: BackupId,
    /// What is known of it.
    pub manifest: Manifest,
}

impl Backup {
    /// Writes the manifest; from then on the backup is there.
    pub(crate) fn publish(folder: &Folder, manifest: Manifest) -> Result<Self, Error> {
        let describing = |source| failed("describing", &folder.backups(), source);
        let bytes = serde_json::to_vec_pretty(&manifest)
            .map_err(|source| describing(io::Error::other(source)))?;
        if bytes.len() > SMALL {
            let reason = format!("its names and participants take more than {SMALL} bytes");
            return Err(describing(io::Error::new(io::ErrorKind::InvalidInput, reason)));
        }
        let id = id_of(&bytes);
        publish(&folder.backups().join(id.to_string()), &bytes)?;
        Ok(Self { id, manifest })
    }

    pub(crate) fn read(path: &Path, id: BackupId) -> Result<Self, Error> {
        let damaged = |what| RepositoryError::damaged(path, what);
        let bytes = read_small(path).map_err(|source| failed("reading", path, source))?;
        let bytes = bytes.ok_or(damaged("its length"))?;
        if id_of(&bytes) != id {
            return Err(damaged("its checksum").into());
        }
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|_| damaged("its fields"))?;
        // Its name proves only that nothing was changed, not that it was this program's.
        if !is_chunk(manifest.chunk) || manifest.size > i64::MAX as u64 {
            return Err(damaged("its sizes").into());
        }
        Ok(Self { id, manifest })
    }
}

/// The backups of a repository, oldest first, and what could not be read of them.
#[derive(Debug, Default)]
pub struct Listing {
    /// The backups, in the order in which they were made.
    pub backups: Vec<Backup>,
    /// Manifests that are damaged.
    pub damaged: Vec<Error>,
}

impl Listing {
    pub(crate) fn read(folder: &Folder) -> Result<Self, Error> {
        let mut listing = Self::default();
        for name in names(&folder.backups())? {
            let Ok(id) = name.parse() else { continue };
            match Backup::read(&folder.backups().join(name), id) {
                Ok(backup) => listing.backups.push(backup),
                Err(error @ Error::Repository(_)) => listing.damaged.push(error),
                // Pruned since the folder was listed.
                Err(Error::System { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        listing.backups.sort_by_key(|backup| (backup.manifest.time, backup.id));
        Ok(listing)
    }

    /// The backup with this name, or the one that it begins the name of; `latest` is the last.
    ///
    /// # Errors
    ///
    /// When there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<&Backup, RepositoryError> {
        let none = || RepositoryError::NoSuchBackup { name: name.into() };
        if name == "latest" {
            return self.backups.last().ok_or_else(none);
        }
        let mut found =
            self.backups.iter().filter(|backup| backup.id.to_string().starts_with(name));
        match (name.is_empty(), found.next(), found.next()) {
            (false, Some(backup), None) => Ok(backup),
            (false, Some(_), Some(_)) => Err(RepositoryError::Ambiguous { name: name.into() }),
            _ => Err(none()),
        }
    }
}

fn id_of(bytes: &[u8]) -> BackupId {
    let mut id = [0; 16];
    id.copy_from_slice(&Hash::of(bytes).0[..16]);
    BackupId(id)
}

mod volume_id {
    use serde::{Deserializer, Serializer};
    use shadowvol::VolumeId;

    use super::hex16;

    pub(super) fn serialize<S: Serializer>(id: &VolumeId, to: S) -> Result<S::Ok, S::Error> {
        hex16::serialize(&id.0, to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<VolumeId, D::Error> {
        hex16::deserialize(from).map(VolumeId)
    }
}
