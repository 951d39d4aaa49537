//! The Python extension `shadowvol._shadowvol`: a translation of `shadowvol_host`, and no logic.
//!
//! Its contract is `python/shadowvol/_shadowvol.pyi`. One file is one class, or one kind of thing
//! that crosses the border; `errors` has all exceptions, `session` what is open or closed, and
//! `process` what ends it all.

mod backend;
mod backup;
mod buffer;
mod check;
mod copy;
mod errors;
mod event;
mod extent;
mod files;
mod fork;
mod memory;
mod mount;
mod number;
mod passive;
mod plan;
mod process;
mod progress;
mod recording;
mod repository;
mod session;
mod set;
mod stats;
mod volume;
mod when;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;

use pyo3::prelude::*;

/// The engine of shadowvol; import its names from there.
#[pymodule(gil_used = false)]
fn _shadowvol(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<volume::Volume>()?;
    module.add_class::<passive::Passive>()?;
    module.add_class::<copy::ShadowCopy>()?;
    module.add_class::<fork::Fork>()?;
    module.add_class::<fork::Draft>()?;
    module.add_class::<files::FileTree>()?;
    module.add_class::<files::FileNode>()?;
    module.add_class::<set::SetCreation>()?;
    module.add_class::<memory::Memory>()?;
    module.add_class::<mount::Mount>()?;
    module.add_class::<recording::Recording>()?;
    module.add_class::<event::Event>()?;
    module.add_class::<stats::Space>()?;
    module.add_class::<stats::VolumeStats>()?;
    module.add_class::<stats::PassiveStats>()?;
    module.add_class::<check::Finding>()?;
    module.add_class::<check::CheckReport>()?;
    module.add_class::<repository::Repository>()?;
    module.add_class::<backup::Backup>()?;
    module.add_class::<backup::VerifyReport>()?;
    module.add_class::<backup::PruneReport>()?;
    module.add_function(wrap_pyfunction!(check::check, module)?)?;
    module.add_function(wrap_pyfunction!(plan::replay, module)?)?;
    module.add_function(wrap_pyfunction!(diff_path, module)?)?;
    process::watch(module)
}

/// Where an image's diff area is if nothing else is said: its path with .diff added.
#[pyfunction]
#[pyo3(signature = (path, /))]
fn diff_path(path: PathBuf) -> OsString {
    shadowvol_host::diff_path(path).into_os_string()
}
