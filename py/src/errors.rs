//! Errors of the host and of the engine as the exceptions of `shadowvol._errors`.
//!
//! The whole chain of sources becomes the message. What the operating system said becomes `errno`
//! and `filename`, and what a Python backend raised becomes the cause.

use core::error::Error as StdError;
use std::io;
use std::path::Path;

use pyo3::exceptions::{PyException, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyType;
use shadowvol::Error as EngineError;
use shadowvol_files::Problem;
use shadowvol_host::backup::RepositoryError;
use shadowvol_host::lock::LockError;
#[cfg(target_os = "linux")]
use shadowvol_host::mount::MountError;
use shadowvol_host::trace::TraceError;
use shadowvol_host::{Error, FileError};

use crate::backend::Raised;

/// An exception's class in `shadowvol._errors`, and the numbers that become its attributes.
type Kind = (&'static str, Vec<(&'static str, u64)>);

/// The exception for an error of any request.
pub(crate) fn raise(error: Error) -> PyErr {
    let kind = kind_of(&error);
    Python::attach(|py| build(py, &kind, &Chain::of(&error)))
}

/// The exception for an error of opening a medium that must be writable.
pub(crate) fn raise_writable(error: Error) -> PyErr {
    let chain = Chain::of(&error);
    let refused = chain.system.is_some_and(|system| {
        let kind = io::Error::from_raw_os_error(system).kind();
        matches!(kind, io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied)
    });
    let kind = if refused { ("ReadOnly", vec![]) } else { kind_of(&error) };
    Python::attach(|py| build(py, &kind, &chain))
}

/// The exception for an error of the engine.
pub(crate) fn raise_engine(error: EngineError) -> PyErr {
    raise(error.into())
}

/// An exception of `shadowvol._errors` with a message of its own.
pub(crate) fn refuse(py: Python<'_>, class: &'static str, message: &str) -> PyErr {
    let chain = Chain { message: message.into(), ..Chain::default() };
    build(py, &(class, vec![]), &chain)
}

fn kind_of(error: &Error) -> Kind {
    match error {
        Error::Engine(error) | Error::Medium { error, .. } => kind_of_engine(error),
        Error::File(error) => (class_of_file(error), vec![]),
        Error::Lock(LockError::Held { .. }) => ("RoleTaken", vec![]),
        Error::Lock(LockError::Io { source, .. }) => (class_of_io(source), vec![]),
        Error::DiffAreaExists { .. } | Error::SameMedium { .. } => ("MediumExists", vec![]),
        Error::NoPlaceBeside { .. } => ("MissingMedium", vec![]),
        Error::CoherentElsewhere { .. } => ("CachedMedium", vec![]),
        Error::OwnMedium { .. }
        | Error::Repository(
            RepositoryError::TooSmall { .. } | RepositoryError::HasShadowCopies { .. },
        ) => ("BadTarget", vec![]),
        Error::Repository(error) => kind_of_repository(error),
        #[cfg(target_os = "linux")]
        Error::Mount(MountError::Busy { .. }) => ("MountBusy", vec![]),
        #[cfg(target_os = "linux")]
        Error::Mount(_) => ("CannotMount", vec![]),
        Error::Trace { error: TraceError::Malformed { line, .. }, .. } => {
            ("BadTrace", vec![("line", *line)])
        }
        Error::Trace { .. } => ("BadTrace", vec![]),
        Error::BeingRecorded { .. } => ("AlreadyRecording", vec![]),
        Error::Files { problem, .. } => (class_of_problem(problem), vec![]),
        Error::Closed => ("Closed", vec![]),
        Error::System { source, .. } => (class_of_io(source), vec![]),
        _ => ("Error", vec![]),
    }
}

fn kind_of_engine(error: &EngineError) -> Kind {
    match *error {
        EngineError::Gone { copy } => ("Gone", vec![("copy", copy.number().into())]),
        EngineError::NoSuchCopy { copy } => ("NoSuchCopy", vec![("copy", copy.number().into())]),
        EngineError::Unfinished { copy } => ("Unfinished", vec![("copy", copy.number().into())]),
        EngineError::Finished { copy } => ("Finished", vec![("copy", copy.number().into())]),
        EngineError::Reverting { copy } => ("Reverting", vec![("copy", copy.number().into())]),
        EngineError::Retained { copy, .. } => ("Retained", vec![("copy", copy.number().into())]),
        EngineError::RetentionShortened { copy } => {
            ("RetentionShortened", vec![("copy", copy.number().into())])
        }
        EngineError::CopiesExhausted => ("CopiesExhausted", vec![]),
        EngineError::DiffAreaFull { needed, free, limit } => {
            ("DiffAreaFull", vec![("needed", needed), ("free", free), ("limit", limit)])
        }
        EngineError::Fenced { mine, holder } => {
            ("Fenced", vec![("mine", mine.0), ("holder", holder.0)])
        }
        EngineError::RoleEnded => ("RoleEnded", vec![]),
        EngineError::OutOfRange { offset, length, size } => {
            ("OutOfRange", vec![("offset", offset), ("length", length), ("size", size)])
        }
        EngineError::ChunkSize { bytes } => ("BadChunkSize", vec![("chunk_size", bytes)]),
        EngineError::LabelTooLong { limit, .. } => ("LabelTooLong", vec![("limit", limit as u64)]),
        EngineError::NotADiffArea => ("NotADiffArea", vec![]),
        EngineError::UnknownFormat { found, known } => {
            ("UnknownFormat", vec![("found", found.into()), ("known", known.into())])
        }
        EngineError::OriginSize { recorded, found } => {
            ("OriginSize", vec![("recorded", recorded), ("found", found)])
        }
        EngineError::OtherOrigin => ("OtherOrigin", vec![]),
        EngineError::ExternalWrite => ("ExternalWrite", vec![]),
        EngineError::CoherentCrash => ("CoherentCrash", vec![]),
        EngineError::Corrupt { at, .. } => ("Corrupt", vec![("at", at)]),
        EngineError::DiffAreaTooSmall { needed, found } => {
            ("DiffAreaTooSmall", vec![("needed", needed), ("found", found)])
        }
        EngineError::Io { .. } => ("MediumError", vec![]),
        _ => ("Error", vec![]),
    }
}

fn kind_of_repository(error: &RepositoryError) -> Kind {
    let class = match *error {
        RepositoryError::UnknownFormat { found, known } => {
            let numbers = vec![("found", found.into()), ("known", known.into())];
            return ("UnknownFormat", numbers);
        }
        RepositoryError::NotARepository { .. } => "NotARepository",
        RepositoryError::NotEmpty { .. } => "MediumExists",
        RepositoryError::Busy { .. } => "RepositoryBusy",
        RepositoryError::NoSuchBackup { .. } | RepositoryError::Ambiguous { .. } => "NoSuchBackup",
        RepositoryError::Damaged { .. } | RepositoryError::Missing { .. } => "BackupDamaged",
        _ => "Error",
    };
    (class, vec![])
}

fn class_of_file(error: &FileError) -> &'static str {
    match error {
        FileError::Io { source, .. } => class_of_io(source),
        FileError::NoDirect { .. } | FileError::NotCoherent { .. } => "CachedMedium",
        _ => "MediumError",
    }
}

fn class_of_io(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "MissingMedium",
        io::ErrorKind::AlreadyExists => "MediumExists",
        _ => "MediumError",
    }
}

fn class_of_problem(problem: &Problem) -> &'static str {
    match problem {
        Problem::NotExt4 { .. } => "NotAFileSystem",
        Problem::Unsupported { .. } => "UnsupportedFileSystem",
        Problem::Damaged { .. } => "FileSystemDamaged",
        Problem::NoSuchFile => "NoSuchFile",
        Problem::NotADirectory => "NotADirectory",
        Problem::IsADirectory => "IsADirectory",
        _ => "BadFile",
    }
}

/// What an operating system would say, by its name in the module `errno`.
fn errno_of(problem: &Problem) -> Option<&'static str> {
    Some(match problem {
        Problem::NoSuchFile => "ENOENT",
        Problem::NotADirectory => "ENOTDIR",
        Problem::IsADirectory => "EISDIR",
        Problem::TooManyLinks => "ELOOP",
        Problem::NotALink | Problem::Special => "EINVAL",
        _ => return None,
    })
}

/// What an error and its sources say.
#[derive(Default)]
struct Chain {
    message: String,
    /// The operating system's number for the reason.
    system: Option<i32>,
    path: Option<String>,
    /// What a Python backend raised.
    raised: Option<PyErr>,
}

impl Chain {
    fn of(error: &Error) -> Self {
        let mut chain = Self::default();
        match error {
            // These two tell their source themselves.
            Error::Medium { error, source } => {
                chain.say(&error.to_string());
                chain.follow(Some(&**source));
            }
            Error::System { what, source } => {
                chain.say(what);
                chain.follow(Some(source));
            }
            Error::Files { path, problem } => {
                chain.path.clone_from(path);
                chain.say(&problem.to_string());
                chain.system = errno_of(problem).and_then(number_named);
            }
            Error::File(error) => chain.follow(Some(error)),
            Error::Lock(error) => chain.follow(Some(error)),
            error => chain.follow(Some(error)),
        }
        chain
    }

    fn follow(&mut self, mut next: Option<&(dyn StdError + 'static)>) {
        while let Some(error) = next {
            if let Some(FileError::Io { action, path, .. }) = error.downcast_ref() {
                self.at(path);
                self.say(&format!("{action} it failed"));
            } else if let Some(LockError::Io { path, .. }) = error.downcast_ref() {
                self.at(path);
                self.say("locking it failed");
            } else if let Some(Raised { exception, .. }) = error.downcast_ref() {
                self.say(&exception.to_string());
                self.raised = Some(Python::attach(|py| exception.clone_ref(py)));
                self.system = error.source().and_then(number_of);
                return;
            } else if let Some(number) = number_of(error) {
                self.system = Some(number);
                self.say(&text_of(number).unwrap_or_else(|| error.to_string()));
            } else {
                self.say(&error.to_string());
            }
            next = error.source();
        }
    }

    fn say(&mut self, part: &str) {
        let gap = if self.message.is_empty() { "" } else { ": " };
        self.message.extend([gap, part]);
    }

    /// `filename` is told apart from the message, as Python does.
    fn at(&mut self, path: &Path) {
        self.path = Some(path.display().to_string());
    }
}

fn number_of(error: &(dyn StdError + 'static)) -> Option<i32> {
    error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error)
}

fn number_named(name: &str) -> Option<i32> {
    Python::attach(|py| py.import("errno").ok()?.getattr(name).ok()?.extract().ok())
}

/// The operating system's words, without the number that Rust adds to them.
fn text_of(number: i32) -> Option<String> {
    Python::attach(|py| {
        py.import("os").ok()?.call_method1("strerror", (number,)).ok()?.extract().ok()
    })
}

fn build(py: Python<'_>, kind: &Kind, chain: &Chain) -> PyErr {
    // KeyboardInterrupt and its like are nobody's cause: they come out as they are.
    if let Some(raised) = &chain.raised
        && !raised.is_instance_of::<PyException>(py)
    {
        return raised.clone_ref(py);
    }
    match try_build(py, kind, chain) {
        Ok(exception) => exception,
        Err(broken) => broken,
    }
}

fn try_build(py: Python<'_>, (class, attributes): &Kind, chain: &Chain) -> PyResult<PyErr> {
    let class = py.import("shadowvol._errors")?.getattr(*class)?.cast_into::<PyType>()?;
    let of_system = class.is_subclass_of::<PyOSError>()?;
    let exception = match (chain.system, &chain.path) {
        (Some(number), Some(path)) if of_system => class.call1((number, &chain.message, path))?,
        (Some(number), None) if of_system => class.call1((number, &chain.message))?,
        (_, Some(path)) => class.call1((format!("{path}: {}", chain.message),))?,
        _ => class.call1((&chain.message,))?,
    };
    for &(name, value) in attributes {
        exception.setattr(name, value)?;
    }
    let exception = PyErr::from_value(exception);
    if let Some(raised) = &chain.raised {
        exception.set_cause(py, Some(raised.clone_ref(py)));
    }
    Ok(exception)
}
