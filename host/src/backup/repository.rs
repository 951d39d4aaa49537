//! The repository as it is used: made, opened, listed, and added to.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use shadowvol::VolumeId;

use super::base::{Base, Needed};
use super::config::Config;
use super::error::RepositoryError;
use super::folder::Folder;
use super::lock::Lock;
use super::manifest::{Backup, BackupId, Kind, Listing, Manifest};
use super::store::Store;
use super::take::{Take, to_read};
use super::tree::Shape;
use super::work::watched;
use super::writer::Writer;
use crate::error::Error;
use crate::partial::{failed, sync_folder};
use crate::passive::ShadowCopy;

/// Backups of any volumes in a folder of the file system.
///
/// Any number of processes can back up, restore and verify at the same time; only pruning must be
/// alone. Nothing is held open between two calls.
///
/// ```no_run
/// use shadowvol_host::backup::{BackupOptions, Kind, Repository};
/// use shadowvol_host::{Passive, PassiveOptions};
/// let node = Passive::open("disk.img", &PassiveOptions::default())?;
/// let repository = Repository::open("backups")?;
/// if let Some(copy) = node.find_newest()? {
///     let options = BackupOptions { kind: Kind::Incremental, ..BackupOptions::default() };
///     let backup = repository.backup(&copy, &options, |_, _| true)?;
///     println!("{}: {} bytes are new", backup.id, backup.manifest.new);
/// }
/// # Ok::<(), shadowvol_host::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Repository {
    pub(crate) folder: Folder,
    pub(crate) config: Config,
}

/// How a backup is made, and what its manifest says that the shadow copy does not know.
#[derive(Clone, Debug)]
pub struct BackupOptions {
    /// What it is to the next ones.
    pub kind: Kind,
    /// What it builds on; the last backup that its kind builds on if not given.
    pub base: Option<BackupId>,
    /// What the volume is called; the file name of its image if not given.
    pub name: Option<String>,
    /// The shadow copy set.
    pub set: Option<String>,
    /// `application-consistent` or `crash-consistent`.
    pub consistency: Option<String>,
    /// Who took part.
    pub participants: Vec<String>,
}

impl Default for BackupOptions {
    fn default() -> Self {
        Self {
            kind: Kind::Full,
            base: None,
            name: None,
            set: None,
            consistency: None,
            participants: Vec::new(),
        }
    }
}

impl Repository {
    /// Makes a repository in a folder that is not there or empty, or in which the making of one was
    /// interrupted.
    ///
    /// # Errors
    ///
    /// When something is in the folder, or it cannot be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = Folder::new(path.as_ref());
        let make = |path: &Path| {
            fs::create_dir_all(path).map_err(|source| failed("creating", path, source))
        };
        let check = || {
            if folder.is_new()? {
                return Ok(());
            }
            Err(Error::from(RepositoryError::NotEmpty { path: folder.root().to_owned() }))
        };
        make(folder.root())?;
        check()?;
        for path in [folder.packs(), folder.index(), folder.backups()] {
            make(&path)?;
        }
        let lock = folder.lock();
        let made = fs::File::options().create(true).append(true).open(&lock);
        made.map_err(|source| failed("creating", &lock, source))?;
        let alone = Lock::own(&folder)?;
        // Another one may have been quicker.
        check()?;
        let config = Config::create(&folder)?;
        sync_folder(folder.root())?;
        drop(alone);
        Ok(Self { folder, config })
    }

    /// Opens a repository.
    ///
    /// # Errors
    ///
    /// When there is none, or it was made by a newer version of this program.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = Folder::new(path.as_ref());
        let config = Config::read(&folder)?;
        Ok(Self { folder, config })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.root().to_owned()
    }

    /// Identity of the repository.
    #[must_use]
    pub fn id(&self) -> [u8; 16] {
        self.config.id
    }

    /// The backups, oldest first.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read. Damaged manifests are listed apart.
    pub fn backups(&self) -> Result<Listing, Error> {
        Listing::read(&self.folder)
    }

    /// The shadow copies of a volume that the next backups build on. All others can be deleted
    /// without making the next backup a full one.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn needed(&self, volume: VolumeId) -> Result<Needed, Error> {
        Ok(Needed::of(&self.backups()?, volume))
    }

    /// Backs up a shadow copy. The backup is there when its manifest is, which is written last: a
    /// process that dies before leaves the others as they are, and what it has stored is found by
    /// the next one. `progress` hears the bytes done and the bytes to do, and ends it by returning
    /// false.
    ///
    /// # Errors
    ///
    /// As [`ShadowCopy::read`], when the repository cannot be written, and when it is being pruned.
    pub fn backup(
        &self,
        copy: &ShadowCopy,
        options: &BackupOptions,
        progress: impl FnMut(u64, u64) -> bool,
    ) -> Result<Backup, Error> {
        // Where nobody else is at work, what the dead have left is nobody's.
        if let Ok(alone) = Lock::own(&self.folder) {
            self.folder.sweep()?;
            drop(alone);
        }
        let lock = Lock::share(&self.folder)?;
        let listing = self.backups()?;
        let store = self.store(lock)?;
        let name = options.name.clone().unwrap_or_else(|| name_of(copy));
        let base = Base::choose(&store, &listing, copy, &name, options.kind, options.base)?;
        let (kind, base, changed, full_because) = match base {
            Base::Nothing => (options.kind, None, None, None),
            Base::Lost(reason) => (Kind::Full, None, None, Some(reason)),
            Base::Backup(base, changed) => (options.kind, Some(*base), Some(changed), None),
        };
        let changed = changed.as_deref();
        let shape = Shape { size: copy.size(), chunk: store.chunk.into() };
        let root = base.as_ref().map(|base| base.manifest.root);
        watched(to_read(changed, shape), progress, |tally| {
            let writer = Writer::new(&store);
            let take = Take::new(copy, &writer, tally, changed);
            let root = take.node(shape.height(), 0, root)?;
            let read = take.read();
            let added = writer.finish()?;
            let before = self.backups()?.backups.last().map_or(i64::MIN, |last| last.manifest.time);
            let manifest = Manifest {
                kind,
                volume: copy.volume(),
                name,
                size: copy.size(),
                copy: copy.info().id.number(),
                copy_time: copy.info().about.time,
                label: copy.info().about.label.clone(),
                time: now().max(before.saturating_add(1)),
                chunk: store.chunk,
                root,
                base: base.map(|base| base.id),
                full_because,
                set: options.set.clone(),
                consistency: options.consistency.clone(),
                participants: options.participants.clone(),
                read,
                new: added.new,
                stored: added.stored,
                tool: concat!("shadowvol ", env!("CARGO_PKG_VERSION")).into(),
            };
            Backup::publish(&self.folder, manifest)
        })
    }

    /// The chunks as they are now. Backups are to be listed before: of one that another process
    /// completes after this, the index need not have the chunks.
    pub(crate) fn store(&self, lock: Lock) -> Result<Store, Error> {
        Store::open(&self.folder, self.config.chunk, lock)
    }
}

/// What a volume is called if nobody says anything else.
fn name_of(copy: &ShadowCopy) -> String {
    let image = copy.own_paths().first().and_then(|path| path.file_name());
    image.map_or_else(|| copy.volume().to_string(), |name| name.to_string_lossy().into_owned())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
