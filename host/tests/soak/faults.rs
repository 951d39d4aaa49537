//! Real files on bad days: operations fail, the disk is full, barriers are slow.

use core::time::Duration;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use shadowvol::IoKind;
use shadowvol::backend::{Cause, Fate, Fault, FaultError, Faults, Operation, ReadAt, WriteAt};
use shadowvol_host::{BoxError, Durability, File, FileError, FileOptions, Media};

use super::notes::Pen;
use super::random::Random;

/// What goes wrong in one life of a writer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// How many operations of a million fail, on the origin and on the diff area.
    pub(crate) failures: [usize; 2],
    /// After so many bytes the diff area's disk seems full.
    pub(crate) room: Option<usize>,
    /// Barriers take up to so many milliseconds.
    pub(crate) slow: u64,
}

impl Weather {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut rate = || if random.below(2) == 0 { 0 } else { 100 << random.below(9) };
        let failures = [rate(), rate()];
        let room = (random.below(5) == 0).then(|| random.below(4 << 20) as usize);
        let slow = if random.below(3) == 0 { random.below(20) } else { 0 };
        Self { failures, room, slow }
    }
}

/// A file in bad weather.
struct Exposed {
    inner: Fault<File, Box<dyn Fn(Operation) -> Fate + Send + Sync>>,
    slow: u64,
}

/// Both media of a volume in files, in this weather; what goes wrong is noted.
pub(crate) fn exposed(
    image: &Path,
    durability: Durability,
    weather: Weather,
    seed: u64,
    pen: &Arc<Pen>,
) -> Result<Media, FileError> {
    let medium = |path: &Path, nth: usize| {
        let map_small_writes = nth == 1;
        let options = FileOptions { durability, map_small_writes, ..FileOptions::default() };
        let faults = Faults::new(seed + nth as u64);
        faults.fail_some(weather.failures[nth]);
        faults.tear(true);
        if let (1, Some(room)) = (nth, weather.room) {
            faults.fill_up_after(room);
        }
        let pen = Arc::clone(pen);
        let fate = move |operation: Operation| {
            let fate = faults.fate(operation);
            if let Fate::Fail { cause, .. } = fate {
                pen.note(match (cause, operation.kind) {
                    (Cause::Full, _) => "count no-space 1",
                    (Cause::Device, IoKind::Barrier) => "count failed-barriers 1",
                    (Cause::Device, _) => "count io-errors 1",
                });
            }
            fate
        };
        let inner = Fault::new(File::open(path, options)?, Box::new(fate) as Box<_>);
        Ok(Arc::new(Exposed { inner, slow: weather.slow }))
    };
    let diff = shadowvol_host::diff_path(image);
    Ok(Media { origin: medium(image, 0)?, diff: medium(&diff, 1)? })
}

/// As what an injected failure shows itself: as an error of the operating system.
fn shown(error: FaultError<FileError>) -> BoxError {
    let kind = match error {
        FaultError::Injected { cause: Cause::Full, .. } => io::ErrorKind::StorageFull,
        FaultError::Injected { .. } => io::ErrorKind::Other,
        FaultError::Medium(error) => return error.into(),
        other => return other.into(),
    };
    io::Error::from(kind).into()
}

impl ReadAt for Exposed {
    type Error = BoxError;

    fn size(&self) -> Result<u64, BoxError> {
        self.inner.size().map_err(shown)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), BoxError> {
        self.inner.read_at(offset, buffer).map_err(shown)
    }
}

impl WriteAt for Exposed {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), BoxError> {
        self.inner.write_at(offset, data).map_err(shown)
    }

    fn barrier(&self) -> Result<(), BoxError> {
        if self.slow > 0 {
            thread::sleep(Duration::from_millis(self.slow));
        }
        self.inner.barrier().map_err(shown)
    }

    fn grow(&self, size: u64) -> Result<u64, BoxError> {
        self.inner.grow(size).map_err(shown)
    }

    fn punch(&self, offset: u64, length: u64) -> Result<(), BoxError> {
        self.inner.punch(offset, length).map_err(shown)
    }
}
