//! A volume in a set: what it was asked for, and what must still be undone.

use alloc::string::String;

use super::call::Ask;
use super::time::Time;

/// A volume in a set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) name: String,
    /// What it has not answered, and when that is given up. A hold and a commit end with the set's
    /// window.
    pub(super) pending: Option<(Ask, Option<Time>)>,
    /// A hold was given up. Its late answer means that writes may wait.
    pub(super) late_hold: bool,
    /// A commit was given up. Its late answer may mean that there is a copy.
    pub(super) late_commit: bool,
    /// A deletion was given up. Its late answer may mean that there is no copy any more.
    pub(super) late_delete: bool,
    /// It was asked to flush or to hold, and not to release since.
    pub(super) is_engaged: bool,
    /// It has a copy.
    pub(super) has_copy: bool,
    /// Participants have changed its copy.
    pub(super) is_recovered: bool,
}

impl Place {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            pending: None,
            late_hold: false,
            late_commit: false,
            late_delete: false,
            is_engaged: false,
            has_copy: false,
            is_recovered: false,
        }
    }

    /// Whether it has not answered this.
    pub(super) fn awaits(&self, ask: Ask) -> bool {
        self.pending.is_some_and(|(pending, _)| pending == ask)
    }

    /// When what it was asked for is given up.
    pub(super) fn until(&self) -> Option<Time> {
        self.pending.and_then(|(_, until)| until)
    }

    /// Gives up what it was asked for.
    pub(super) fn give_up(&mut self) -> Option<Ask> {
        let (ask, _) = self.pending.take()?;
        self.late_hold |= ask == Ask::Hold;
        self.late_commit |= ask == Ask::Commit;
        self.late_delete |= ask == Ask::Delete;
        Some(ask)
    }
}
