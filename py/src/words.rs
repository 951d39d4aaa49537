//! Choices that Python names by words.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use shadowvol::format::superblock::OnFull;
use shadowvol_host::backup::Kind;
use shadowvol_host::trace::{Action, TraceFormat};
use shadowvol_host::{Caching, Durability, Format, Mapping, OnExternalWrite};

/// A choice, each with its word.
pub(crate) trait Choice: Copy + PartialEq + 'static {
    const NAME: &'static str;
    const WORDS: &'static [(&'static str, Self)];

    fn parse(word: &str) -> PyResult<Self> {
        let found = Self::WORDS.iter().find(|(name, _)| *name == word);
        found.map(|&(_, choice)| choice).ok_or_else(|| {
            let words: Vec<_> = Self::WORDS.iter().map(|(name, _)| format!("{name:?}")).collect();
            let (name, words) = (Self::NAME, words.join(", "));
            PyValueError::new_err(format!("{name} is {word:?}: use one of {words}"))
        })
    }

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, choice)| *choice == self).map_or("", |(name, _)| name)
    }
}

impl Choice for Durability {
    const NAME: &'static str = "durability";
    const WORDS: &'static [(&'static str, Self)] =
        &[("durable", Self::Durable), ("coherent", Self::Coherent)];
}

impl Choice for OnFull {
    const NAME: &'static str = "on_full";
    const WORDS: &'static [(&'static str, Self)] =
        &[("fail", Self::FailWrite), ("drop-oldest", Self::DropOldest)];
}

impl Choice for Caching {
    const NAME: &'static str = "caching";
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("buffered", Self::Buffered), ("direct", Self::Direct)];
}

impl Choice for Mapping {
    const NAME: &'static str = "mapping";
    const WORDS: &'static [(&'static str, Self)] =
        &[("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)];
}

impl Choice for OnExternalWrite {
    const NAME: &'static str = "external_write";
    const WORDS: &'static [(&'static str, Self)] =
        &[("error", Self::Error), ("drop", Self::Drop), ("trust", Self::Trust)];
}

impl Choice for Format {
    const NAME: &'static str = "format";
    const WORDS: &'static [(&'static str, Self)] = &[("raw", Self::Raw), ("qcow2", Self::Qcow2)];
}

impl Choice for Kind {
    const NAME: &'static str = "kind";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("full", Self::Full),
        ("copy", Self::Copy),
        ("incremental", Self::Incremental),
        ("differential", Self::Differential),
    ];
}

impl Choice for TraceFormat {
    const NAME: &'static str = "format";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("blkparse", Self::Blkparse),
        ("fio", Self::Fio),
        ("csv", Self::Csv),
        ("shadowvol", Self::Shadowvol),
    ];
}

impl Choice for Action {
    const NAME: &'static str = "action";
    const WORDS: &'static [(&'static str, Self)] =
        &[("queued", Self::Queued), ("issued", Self::Issued), ("completed", Self::Completed)];
}
