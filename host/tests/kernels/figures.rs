//! What the cases counted, for whoever reads the log.

use core::fmt;

use crate::ledger::Ledger;

/// What one case counted.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    /// Bytes were read and found right.
    pub(crate) right: Tally,
    /// The page cache was used where it must not be.
    pub(crate) stale: Tally,
    acknowledged: usize,
    takeovers: usize,
    fenced: usize,
    unflushed: u64,
    /// Kernels that were killed.
    pub(crate) cuts: usize,
    /// Kernels that were paused while another took the role.
    pub(crate) pauses: usize,
    /// Sectors that woken actives overwrote before they saw that they were fenced.
    pub(crate) late_sectors: usize,
}

/// What passives counted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) reads: u64,
    pub(crate) bytes: u64,
    pub(crate) copies: u64,
    pub(crate) redirects: u64,
    pub(crate) restarts: u64,
    pub(crate) gone: u64,
    pub(crate) wrong: u64,
    pub(crate) errors: u64,
}

impl Tally {
    /// Adds what a passive said at its end.
    pub(crate) fn add(&mut self, said: &str) {
        let words: Vec<_> = said.split(' ').collect();
        let of = |name: &str| {
            let at = words.iter().position(|word| *word == name);
            let number = at.and_then(|at| words.get(at + 1)?.parse::<u64>().ok());
            number.unwrap_or_else(|| panic!("no {name} in {said:?}"))
        };
        self.reads += of("reads");
        self.bytes += of("bytes");
        self.copies += of("copies");
        self.redirects += of("redirects");
        self.restarts += of("restarts");
        self.gone += of("gone");
        self.wrong += of("wrong");
        self.errors += of("errors");
    }
}

impl Figures {
    /// Adds what one volume's actives did.
    pub(crate) fn add(&mut self, ledger: &Ledger) {
        self.acknowledged += ledger.acknowledged;
        self.takeovers += ledger.takeovers;
        self.fenced += ledger.fenced;
        self.unflushed += ledger.unflushed;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { reads, bytes, copies, redirects, restarts, gone, wrong, .. } = self.right;
        write!(
            f,
            "{reads} reads of {} MiB, {copies} copies judged whole, {redirects} redirected, \
             {restarts} begun again, {gone} gone, {wrong} wrong\n    {} copies acknowledged, {} \
             times the role was taken over, 0 copies and 0 flushed writes lost",
            bytes >> 20,
            self.acknowledged,
            self.takeovers,
        )?;
        if self.cuts > 0 {
            let Self { cuts, unflushed, .. } = self;
            write!(f, "\n    {cuts} kernels killed, {unflushed} unflushed writes lost with them")?;
        }
        if self.pauses > 0 {
            let Self { pauses, fenced, late_sectors, .. } = self;
            write!(
                f,
                "\n    {pauses} actives paused and woken, {fenced} of their threads fenced; \
                 {late_sectors} sectors were overwritten late, which only the storage can prevent"
            )?;
        }
        if self.stale.reads > 0 {
            let Tally { reads, wrong, errors, .. } = self.stale;
            write!(
                f,
                "\n    with buffered reads, where that is wrong: {reads} reads, {wrong} wrong \
                 answers seen, {errors} errors"
            )?;
        }
        Ok(())
    }
}
