//! Systems on which nothing is mapped.

use std::fs;
use std::io;

use super::Mapping;

/// What [`super::File`] and [`super::ReadOnlyFile`] never have here.
#[derive(Debug)]
pub(super) enum Mapped {}

impl Mapped {
    pub(super) const fn to_write(_file: &fs::File, _size: u64) -> Option<Self> {
        None
    }

    pub(super) const fn to_read(_file: &fs::File, _mapping: Mapping) -> Option<Self> {
        None
    }

    pub(super) const fn prepare(&self, _before: u64, _size: u64) {
        match *self {}
    }

    pub(super) const fn write(&self, _offset: u64, _data: &[u8], _size: u64) -> io::Result<bool> {
        match *self {}
    }

    pub(super) const fn read(&self, _offset: u64, _buffer: &mut [u8]) -> io::Result<bool> {
        match *self {}
    }
}
