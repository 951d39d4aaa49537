//! Making and opening volumes: files, locks, and what is checked before the role is taken.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use shadowvol::active::{Active, Format, Options, Role, TakeRole};
use shadowvol::format::superblock::{OnFull, Superblock};
use shadowvol::journal::{Load, Trust};
use shadowvol::machine::Medium;
use shadowvol::{ChunkSize, CopyId, Error as EngineError};

use super::Volume;
use super::chores::{DropReason, Event, Events, OnEvent};
use super::files::Files;
use crate::error::Error;
use crate::file::{Caching, Durability, File, FileOptions, MediumKind, ReadOnlyFile};
use crate::identity::{boot_id, volume_id};
use crate::lock::{Locks, RoleLock};
use crate::media::Media;
use crate::node::run_alone;
use crate::passive::peek;
use crate::stamp::{Stamp, Verdict};

/// How a volume is made.
#[derive(Clone, Default)]
pub struct CreateOptions {
    /// The diff area; [`diff_path`](crate::diff_path) of the image if not given. A device needs one.
    pub diff: Option<PathBuf>,
    /// Bytes of a new sparse image, if there is none; an image that is there must have this size.
    pub size: Option<u64>,
    /// Unit of preservation.
    pub chunk: ChunkSize,
    /// The most bytes that the diff area may take; what its medium can hold if not given.
    pub limit: Option<u64>,
    /// What a write does when the diff area is full.
    pub on_full: OnFull,
    /// What flushed writes and shadow copies survive.
    pub durability: Durability,
    /// Whether the page cache is used.
    pub caching: Caching,
    /// Is called with every event.
    pub on_event: Option<OnEvent>,
}

/// How the active role is taken.
#[derive(Clone, Default)]
pub struct OpenOptions {
    /// The diff area; [`diff_path`](crate::diff_path) of the image if not given.
    pub diff: Option<PathBuf>,
    /// What flushed writes and shadow copies survive; as before if not given.
    pub durability: Option<Durability>,
    /// A new limit in bytes; as before if not given.
    pub limit: Option<u64>,
    /// A new policy; as before if not given.
    pub on_full: Option<OnFull>,
    /// What to do when shadow copies may be wrong.
    pub on_external_write: OnExternalWrite,
    /// Whether the page cache is used.
    pub caching: Caching,
    /// Is called with every event.
    pub on_event: Option<OnEvent>,
}

/// What to do when the origin was changed while no active was running, or a coherent volume was not
/// closed before its machine went down, so that shadow copies may be wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExternalWrite {
    /// Do not open.
    #[default]
    Error,
    /// Delete all shadow copies, which is an event. Refused while a revert is under way: bytes of
    /// the volume are in the copy that it is being reverted to.
    Drop,
    /// Believe the caller that the content is the same, as after a faithful copy of the image.
    Trust,
}

impl Volume {
    /// Makes a diff area for an image, and opens the volume. An image that exists is adopted as it
    /// is.
    ///
    /// # Errors
    ///
    /// When there is a diff area already, the image does not exist and no size is given, or has
    /// another size. What was made is removed again.
    pub fn create(path: impl AsRef<Path>, options: &CreateOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        let diff = options.diff.clone().unwrap_or_else(|| diff_path(path));
        let file = file_options(options.durability, options.caching);
        let mut made = Made::default();
        let origin = match (File::open(path, file), options.size) {
            (Err(error), Some(size)) if error.io_kind() == Some(io::ErrorKind::NotFound) => {
                let origin = File::create(path, size, file)?;
                made.0.push(path.to_owned());
                origin
            }
            (origin, _) => origin?,
        };
        if options.diff.is_none() && origin.medium() == MediumKind::BlockDevice {
            return Err(Error::NoPlaceBeside { path: path.to_owned() });
        }
        let area = FileOptions { map_small_writes: true, ..file };
        let area = match File::create_beside(&diff, &origin, area) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::AlreadyExists) => {
                let area = File::open(&diff, area)?;
                refuse_diff_area(&area, &diff, &origin)?;
                area
            }
            area => {
                made.0.push(diff.clone());
                area?
            }
        };
        let locks = take_locks(path, RoleLock::take(&diff)?)?;
        let files = Files::new(origin, area);
        let mut volume = Self::format_and_start(files.media(), Some(files), locks, options)?;
        volume.own = vec![path.to_owned(), diff];
        made.0.clear();
        Ok(volume)
    }

    /// Makes a diff area on any backends, and opens the volume.
    ///
    /// # Errors
    ///
    /// When the medium already holds a diff area, or is too small for one.
    pub fn create_on(media: Media, options: &CreateOptions) -> Result<Self, Error> {
        match peek(&*media.diff) {
            Err(Error::Engine(EngineError::NotADiffArea)) => {}
            Ok(_) | Err(Error::Engine(_)) => {
                return Err(Error::DiffAreaExists { path: "the medium".into() });
            }
            Err(error) => return Err(error),
        }
        Self::format_and_start(media, None, Locks::default(), options)
    }

    /// Takes the active role of a volume whose diff area exists.
    ///
    /// # Errors
    ///
    /// When a file is missing, another process of this host has the role, the diff area cannot be
    /// used, or shadow copies may be wrong: see [`OnExternalWrite`].
    pub fn open(path: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, Error> {
        let path = path.as_ref();
        let diff = options.diff.clone().unwrap_or_else(|| diff_path(path));
        let lock = RoleLock::take(&diff)?;
        let superblock = peek(&ReadOnlyFile::open(&diff, options.caching)?)?;
        let file =
            file_options(options.durability.unwrap_or(durability(&superblock)), options.caching);
        let area = FileOptions { map_small_writes: true, ..file };
        let files = Files::new(File::open(path, file)?, File::open(&diff, area)?);
        let locks = take_locks(path, lock)?;
        let options = OpenOptions { durability: Some(file.durability), ..options.clone() };
        let mut volume = Self::take_role_and_start(files.media(), Some(files), locks, &options)?;
        volume.own = vec![path.to_owned(), diff];
        Ok(volume)
    }

    /// Takes the active role on any backends. An active that is running on them is fenced.
    ///
    /// # Errors
    ///
    /// When the diff area cannot be used.
    pub fn open_on(media: Media, options: &OpenOptions) -> Result<Self, Error> {
        Self::take_role_and_start(media, None, Locks::default(), options)
    }

    fn format_and_start(
        media: Media,
        files: Option<Files>,
        locks: Locks,
        options: &CreateOptions,
    ) -> Result<Self, Error> {
        let found = media.origin.source_size().map_err(Error::reading(Medium::Origin))?;
        if let Some(recorded) = options.size
            && recorded != found
        {
            return Err(EngineError::OriginSize { recorded, found }.into());
        }
        let volume = volume_id().map_err(|source| Error::System {
            what: "drawing a random volume id".into(),
            source,
        })?;
        let mut format = Format::new(Options {
            size: found,
            volume,
            chunk: options.chunk,
            limit: options.limit.unwrap_or(u64::MAX),
            on_full: options.on_full,
        });
        run_alone(&mut format, &media)?;
        let options = OpenOptions {
            durability: Some(options.durability),
            on_event: options.on_event.clone(),
            ..OpenOptions::default()
        };
        Self::take_role_and_start(media, files, locks, &options)
    }

    fn take_role_and_start(
        media: Media,
        files: Option<Files>,
        locks: Locks,
        options: &OpenOptions,
    ) -> Result<Self, Error> {
        let superblock = peek(&*media.diff)?;
        let recorded = superblock.geometry.size;
        let found = media.origin.source_size().map_err(Error::reading(Medium::Origin))?;
        if recorded != found {
            return Err(EngineError::OriginSize { recorded, found }.into());
        }
        let now = files.as_ref().map_or([0; 32], Files::stamp);
        let boot = boot_id().unwrap_or([0; 16]);
        let events = Events::new(options.on_event.clone());
        let mut drop_copies = false;
        if let Some((error, reason)) = suspicion(&superblock, now, boot)
            && options.on_external_write != OnExternalWrite::Trust
        {
            let drop = options.on_external_write == OnExternalWrite::Drop;
            let copies = copies_at_stake(&media, drop)?;
            if !copies.is_empty() && options.on_external_write == OnExternalWrite::Error {
                return Err(error.into());
            }
            drop_copies = true;
            if !copies.is_empty() {
                events.deliver(|| vec![Event::Dropped { copies, reason }]);
            }
        }
        let durability = options.durability.unwrap_or(durability(&superblock));
        let mut take = TakeRole::new(Role {
            origin_size: found,
            diff_size: media.diff.source_size().map_err(Error::reading(Medium::DiffArea))?,
            stamp: now,
            boot,
            coherent: durability == Durability::Coherent,
            limit: options.limit,
            on_full: options.on_full,
            drop_copies,
        });
        let active: Active = run_alone(&mut take, &media)?;
        Ok(Self::start(active, media, files, locks, events))
    }
}

/// Where an image's diff area is if nothing else is said: its path with `.diff` added.
#[must_use]
pub fn diff_path(image: impl AsRef<Path>) -> PathBuf {
    let mut path = image.as_ref().as_os_str().to_owned();
    path.push(".diff");
    path.into()
}

/// Files that were made and are removed again, unless all goes well.
#[derive(Default)]
struct Made(Vec<PathBuf>);

impl Drop for Made {
    fn drop(&mut self) {
        for path in &self.0 {
            // The error that led here is the one to tell.
            let _ = fs::remove_file(path);
        }
    }
}

fn file_options(durability: Durability, caching: Caching) -> FileOptions {
    FileOptions { durability, caching, ..FileOptions::default() }
}

pub(crate) fn durability(superblock: &Superblock) -> Durability {
    if superblock.coherent { Durability::Coherent } else { Durability::Durable }
}

/// The image is locked too: with another diff area, a second active would overwrite it without
/// preserving anything for the first one's copies.
fn take_locks(image: &Path, diff: RoleLock) -> Result<Locks, Error> {
    Ok(Locks::new([diff, RoleLock::take(image)?]))
}

/// A device may hold anything but a diff area; a file that exists may hold nothing at all.
fn refuse_diff_area(area: &File, path: &Path, origin: &File) -> Result<(), Error> {
    if area.facts()?.is_same_file(&origin.facts()?) {
        return Err(Error::SameMedium { path: path.to_owned() });
    }
    let is_free = area.medium() == MediumKind::BlockDevice
        && matches!(peek(area), Err(Error::Engine(EngineError::NotADiffArea)));
    if is_free { Ok(()) } else { Err(Error::DiffAreaExists { path: path.to_owned() }) }
}

/// Why the shadow copies may be wrong, if there is a reason to think so.
fn suspicion(
    superblock: &Superblock,
    stamp: [u8; 32],
    boot: [u8; 16],
) -> Option<(EngineError, DropReason)> {
    if let Some(error) = judge_stamp(superblock, stamp, boot) {
        return Some((error, DropReason::ExternalWrite));
    }
    let crashed =
        superblock.coherent && !superblock.clean && superblock.boot != boot && boot != [0; 16];
    crashed.then_some((EngineError::CoherentCrash, DropReason::CoherentCrash))
}

/// What the origin's fingerprint says. While a volume is open its origin changes, so then only
/// another file is suspicious.
pub(crate) fn judge_stamp(
    superblock: &Superblock,
    now: [u8; 32],
    boot: [u8; 16],
) -> Option<EngineError> {
    if superblock.stamp == [0; 32] || now == [0; 32] {
        return None;
    }
    let mut before = Stamp::from_bytes(superblock.stamp);
    if superblock.boot != boot {
        before = before.without_devices();
    }
    match before.compare(Stamp::from_bytes(now)) {
        Verdict::Same => None,
        Verdict::Changed => superblock.clean.then_some(EngineError::ExternalWrite),
        Verdict::OtherFile => Some(EngineError::OtherOrigin),
    }
}

fn copies_at_stake(media: &Media, drop: bool) -> Result<Vec<CopyId>, Error> {
    let loaded = run_alone(&mut Load::new(Trust::Remember), &media.read_only())?;
    // Dropping that copy would drop bytes of the volume.
    match loaded.view.reverting() {
        Some(copy) if drop => Err(EngineError::Reverting { copy }.into()),
        _ => Ok(loaded.view.copies().map(|info| info.id).collect()),
    }
}
