//! A whole tree as something to compare: what is in an image, or in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use shadowvol_files::{Error, FileSystem, Inode, Kind, Links, Problem, ReadAt};

use crate::images::Image;

/// Bytes of a file that are looked at, at most: damaged ones have any length.
const MOST: u64 = 4 << 20;

/// A file, as far as a folder and an image can be compared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    kind: Kind,
    permissions: u16,
    size: u64,
    links: u64,
    modified: i64,
    /// The bytes of a file, or what a link has in it.
    bytes: Vec<u8>,
}

impl Shape {
    /// Whether it is the same, whatever the file's bytes: these have no checksums.
    pub(crate) fn is_but_for_bytes(&self, other: &Self) -> bool {
        let bytes = if self.kind == Kind::File { other.bytes.clone() } else { self.bytes.clone() };
        Self { bytes, ..self.clone() } == *other
    }
}

pub(crate) type Shapes = BTreeMap<Vec<u8>, Shape>;

/// All files of an image that is whole.
pub(crate) fn of_image(image: &Image) -> Shapes {
    let file_system = FileSystem::open(image).expect("a file system");
    let mut shapes = Shapes::new();
    walk(&file_system, image, &mut |path, _, shape| {
        shapes.insert(path.to_vec(), shape.expect("a file"));
    })
    .expect("a tree");
    shapes
}

/// Shows all files, or why they cannot be read.
pub(crate) fn walk<S: ReadAt>(
    file_system: &FileSystem,
    source: &S,
    see: &mut impl FnMut(&[u8], Option<&Inode>, Result<Shape, Error<S::Error>>),
) -> Result<(), Error<S::Error>> {
    let root = file_system.find(source, b"/", Links::Kept)?;
    let mut trail = vec![(Vec::new(), root)];
    // A damaged tree may have a directory in itself.
    let mut seen = vec![];
    while let Some((path, directory)) = trail.pop() {
        if seen.contains(&directory.number) {
            continue;
        }
        seen.push(directory.number);
        let entries = match file_system.list(source, &directory) {
            Ok(entries) => entries,
            Err(error) => {
                see(&path, Some(&directory), Err(error));
                continue;
            }
        };
        for entry in entries {
            let path = [&path[..], b"/", &entry.name].concat();
            match file_system.inode(source, entry.inode) {
                Ok(inode) => {
                    see(&path, Some(&inode), shape(file_system, source, &inode));
                    if inode.kind == Kind::Directory {
                        trail.push((path, inode));
                    }
                }
                Err(error) => see(&path, None, Err(error)),
            }
        }
    }
    Ok(())
}

fn shape<S: ReadAt>(
    file_system: &FileSystem,
    source: &S,
    inode: &Inode,
) -> Result<Shape, Error<S::Error>> {
    let is_directory = inode.kind == Kind::Directory;
    let bytes = match inode.kind {
        Kind::File => read(file_system, source, inode)?,
        Kind::Link => file_system.target(source, inode)?,
        _ => Vec::new(),
    };
    Ok(Shape {
        kind: inode.kind,
        permissions: inode.permissions,
        // Directories are as long as their file system likes.
        size: if is_directory { 0 } else { inode.size },
        links: if is_directory { 0 } else { inode.links.into() },
        modified: if is_directory { 0 } else { inode.modified.seconds },
        bytes,
    })
}

/// The bytes of a file.
pub(crate) fn read<S: ReadAt>(
    file_system: &FileSystem,
    source: &S,
    inode: &Inode,
) -> Result<Vec<u8>, Error<S::Error>> {
    let mut bytes = Vec::new();
    for piece in file_system.pieces(source, inode, 0, inode.size.min(MOST))? {
        let start = bytes.len();
        bytes.resize(start + piece.length as usize, 0);
        if let Some(place) = piece.place {
            source.read_at(place, &mut bytes[start..]).map_err(Error::Source)?;
        }
    }
    Ok(bytes)
}

/// The bytes of the file with this path.
pub(crate) fn read_path(image: &Image, path: &str) -> Result<Vec<u8>, Problem> {
    let asked = || {
        let file_system = FileSystem::open(image)?;
        let inode = file_system.find(image, path.as_bytes(), Links::Followed)?;
        read(&file_system, image, &inode)
    };
    asked().map_err(|error| match error {
        Error::Problem(problem) => problem,
        Error::Source(refused) => panic!("{refused:?}"),
    })
}

/// All files of a folder.
pub(crate) fn of_folder(folder: &Path) -> Shapes {
    let mut shapes = Shapes::new();
    let mut trail = vec![(Vec::new(), folder.to_path_buf())];
    while let Some((path, place)) = trail.pop() {
        for entry in fs::read_dir(place).expect("a folder") {
            let entry = entry.expect("an entry");
            let path = [&path[..], b"/", entry.file_name().as_bytes()].concat();
            let facts = entry.metadata().expect("facts");
            let (kind, bytes) = if facts.is_dir() {
                trail.push((path.clone(), entry.path()));
                (Kind::Directory, Vec::new())
            } else if facts.is_symlink() {
                let target = fs::read_link(entry.path()).expect("a link");
                (Kind::Link, target.as_os_str().as_bytes().to_vec())
            } else {
                (Kind::File, fs::read(entry.path()).expect("a file"))
            };
            let is_directory = kind == Kind::Directory;
            let shape = Shape {
                kind,
                permissions: (facts.mode() & 0o7777) as u16,
                size: if is_directory { 0 } else { facts.len() },
                links: if is_directory { 0 } else { facts.nlink() },
                modified: if is_directory { 0 } else { facts.mtime() },
                bytes,
            };
            shapes.insert(path, shape);
        }
    }
    shapes
}
