//! From a path to an inode, through symbolic links.

use alloc::vec;
use alloc::vec::Vec;

use shadowvol::backend::ReadAt;

use crate::error::{Error, Part, Problem};
use crate::inode::{Inode, Kind, ROOT};
use crate::reader::Reader;

/// As Linux has it.
const MOST_LINKS: usize = 40;

/// What a symbolic link at the end of a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// What it leads to.
    Followed,
    /// Itself.
    Kept,
}

impl<S: ReadAt> Reader<'_, S> {
    /// The file at a path, which begins at the root whether it says so or not. Symbolic links lead
    /// to files of the same file system, however many `..` they have.
    pub(crate) fn find(&self, path: &[u8], links: Links) -> Result<Inode, Error<S::Error>> {
        // The directories from the root to where the path has led. What says that it is the parent
        // of one is not believed.
        let mut trail = vec![self.inode(ROOT)?];
        let mut rest = parts(path);
        let mut links_left = MOST_LINKS;
        while let Some(part) = rest.pop() {
            let Some(place) = trail.last() else { break };
            if place.kind != Kind::Directory {
                return Err(Problem::NotADirectory.into());
            }
            match &part[..] {
                b"." => {}
                b".." if trail.len() > 1 => _ = trail.pop(),
                b".." => {}
                name => {
                    let number = self.look_up(place, name)?.ok_or(Problem::NoSuchFile)?;
                    let inode = self.inode(number)?;
                    let is_last = rest.is_empty() && links == Links::Kept;
                    if inode.kind != Kind::Link || is_last {
                        trail.push(inode);
                        continue;
                    }
                    links_left = links_left.checked_sub(1).ok_or(Problem::TooManyLinks)?;
                    let target = self.target(&inode)?;
                    if target.first() == Some(&b'/') {
                        trail.truncate(1);
                    }
                    rest.extend(parts(&target));
                }
            }
        }
        trail.pop().ok_or(Error::Problem(Problem::NoSuchFile))
    }

    /// What a symbolic link has in it.
    pub(crate) fn target(&self, link: &Inode) -> Result<Vec<u8>, Error<S::Error>> {
        if link.kind != Kind::Link {
            return Err(Problem::NotALink.into());
        }
        link.check_readable()?;
        let damaged = Part::Inode.damaged(link.number);
        let block = match link.is_short_link() {
            true => link.map.to_vec(),
            false => self.block_of(link, 0)?.ok_or(damaged)?,
        };
        let target = block.get(..link.size as usize).filter(|target| !target.is_empty());
        Ok(target.ok_or(damaged)?.to_vec())
    }
}

/// The parts of a path, the last one first. An end that is a slash asks for a directory.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let split = path.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
    let mut parts: Vec<_> = split.map(<[u8]>::to_vec).collect();
    if path.ends_with(b"/") {
        parts.push(b".".into());
    }
    parts.reverse();
    parts
}
