//! `FileTree` and `FileNode`: the files inside a shadow copy, as `shadowvol.Files` builds on them.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use shadowvol_files::{Inode, Kind, Links, Time};
use shadowvol_host::{Error, Files};

use crate::buffer::Output;
use crate::errors::raise;
use crate::number::Bytes;

/// The files of an ext4 file system inside a shadow copy.
#[pyclass(frozen, module = "shadowvol._shadowvol")]
pub(crate) struct FileTree(pub(crate) Files);

/// A file that was found, whatever its name.
#[pyclass(frozen, module = "shadowvol._shadowvol")]
pub(crate) struct FileNode {
    inode: Inode,
    /// The name by which it was asked for, for messages.
    path: Vec<u8>,
}

#[pymethods]
impl FileTree {
    /// The file system's name.
    #[getter]
    fn label<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.label())
    }

    /// Blocks whose newest bytes are read from the journal.
    #[getter]
    fn replayed(&self) -> usize {
        self.0.replayed()
    }

    /// The file at a path.
    #[pyo3(signature = (path, *, follow))]
    fn find(&self, py: Python<'_>, path: &[u8], follow: bool) -> PyResult<FileNode> {
        let links = if follow { Links::Followed } else { Links::Kept };
        let found = py.detach(|| self.0.find(path, links));
        found.map(|inode| FileNode { inode, path: path.into() }).map_err(raise)
    }

    /// The file that a directory has under a number; the path is for messages.
    fn node(&self, py: Python<'_>, number: u32, path: &[u8]) -> PyResult<FileNode> {
        let found = py.detach(|| self.0.inode(number)).map_err(|error| raise(named(error, path)));
        found.map(|inode| FileNode { inode, path: path.into() })
    }

    /// The names in a directory, each with its number.
    fn list<'py>(&self, py: Python<'py>, directory: &FileNode) -> PyResult<Bound<'py, PyList>> {
        let entries = directory.asked(py, |inode| self.0.list(inode))?;
        let list = PyList::empty(py);
        for entry in entries {
            list.append((PyBytes::new(py, &entry.name), entry.inode))?;
        }
        Ok(list)
    }

    /// What a symbolic link has in it.
    fn target<'py>(&self, py: Python<'py>, link: &FileNode) -> PyResult<Bound<'py, PyBytes>> {
        let target = link.asked(py, |inode| self.0.target(inode))?;
        Ok(PyBytes::new(py, &target))
    }

    /// Fill buffer with a file's bytes from offset on; returns how many there were.
    fn readinto(
        &self,
        py: Python<'_>,
        file: &FileNode,
        offset: Bytes,
        mut buffer: Output,
    ) -> PyResult<usize> {
        let bytes = buffer.bytes();
        file.asked(py, |inode| self.0.read(inode, offset.0, bytes))
    }
}

impl FileNode {
    /// Does a request without the interpreter lock.
    fn asked<T: Send>(
        &self,
        py: Python<'_>,
        request: impl FnOnce(&Inode) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        py.detach(|| request(&self.inode)).map_err(|error| raise(named(error, &self.path)))
    }
}

#[pymethods]
impl FileNode {
    /// Its number in the file system.
    #[getter]
    fn number(&self) -> u32 {
        self.inode.number
    }

    /// What it is and what may be done with it, as in os.stat.
    #[getter]
    fn mode(&self) -> u32 {
        let kind = match self.inode.kind {
            Kind::Fifo => 0o010_000,
            Kind::CharacterDevice => 0o020_000,
            Kind::Directory => 0o040_000,
            Kind::BlockDevice => 0o060_000,
            Kind::File => 0o100_000,
            Kind::Link => 0o120_000,
            Kind::Socket => 0o140_000,
        };
        kind | u32::from(self.inode.permissions)
    }

    /// How many names it has.
    #[getter]
    fn links(&self) -> u16 {
        self.inode.links
    }

    /// Its owner.
    #[getter]
    fn user(&self) -> u32 {
        self.inode.user
    }

    /// Its group.
    #[getter]
    fn group(&self) -> u32 {
        self.inode.group
    }

    /// Its bytes.
    #[getter]
    fn size(&self) -> u64 {
        self.inode.size
    }

    /// When it was last read, in nanoseconds since 1970.
    #[getter]
    fn accessed(&self) -> i128 {
        nanoseconds(self.inode.accessed)
    }

    /// When its bytes were last changed, in nanoseconds since 1970.
    #[getter]
    fn modified(&self) -> i128 {
        nanoseconds(self.inode.modified)
    }

    /// When anything of it was last changed, in nanoseconds since 1970.
    #[getter]
    fn changed(&self) -> i128 {
        nanoseconds(self.inode.changed)
    }
}

fn nanoseconds(time: Time) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanoseconds)
}

/// The error, with the name of the file.
fn named(error: Error, name: &[u8]) -> Error {
    match error {
        Error::Files { path: None, problem } => {
            Error::Files { path: Some(String::from_utf8_lossy(name).into_owned()), problem }
        }
        error => error,
    }
}
