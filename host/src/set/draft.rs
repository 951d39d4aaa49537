//! The copies of a set in the making: participants may write to them, and what they wrote is in
//! the copies when the set is finished.

use std::sync::Arc;

use parking_lot::Mutex;
use shadowvol::set::Veto;

use super::SetCopy;
use crate::error::Error;
use crate::fork::{Fork, ForkOptions};
use crate::volume::Member;

/// A shadow copy of a set that nobody has seen yet, as a participant is shown it.
#[derive(Clone, Debug)]
pub struct Draft {
    copy: SetCopy,
    participant: String,
    desk: Arc<Desk>,
    member: Member,
}

/// What has been written to one volume's copy, and by whom.
#[derive(Debug, Default)]
pub(super) struct Desk(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    fork: Option<Arc<Fork>>,
    /// Participants that have asked for it.
    writers: Vec<String>,
    /// One of them that was left out.
    spoiler: Option<String>,
    is_closed: bool,
}

impl Draft {
    pub(super) fn new(
        copy: SetCopy,
        participant: String,
        desk: &Arc<Desk>,
        member: &Member,
    ) -> Self {
        Self { copy, participant, desk: Arc::clone(desk), member: member.clone() }
    }

    /// The copy.
    #[must_use]
    pub fn copy(&self) -> &SetCopy {
        &self.copy
    }

    /// The copy, to be read and written to until the set is finished: to replay a log, or to remove
    /// what a backup shall not have. All participants write to the same one.
    ///
    /// Whoever has asked for it takes part to the end: if that participant is left out, nobody knows
    /// what it has left half done, and the set fails.
    ///
    /// # Errors
    ///
    /// When `post_snapshot` is over, when the copy cannot be read, and as for
    /// [`fork`](crate::ShadowCopy::fork).
    pub fn writable(&self) -> Result<Arc<Fork>, Error> {
        let mut state = self.desk.0.lock();
        if state.is_closed {
            return Err(shadowvol::Error::Finished { copy: self.copy.id }.into());
        }
        if !state.writers.contains(&self.participant) {
            state.writers.push(self.participant.clone());
        }
        if let Some(fork) = &state.fork {
            return Ok(Arc::clone(fork));
        }
        let fork = Arc::new(self.member.fork(self.copy.id, &ForkOptions::default())?);
        state.fork = Some(Arc::clone(&fork));
        Ok(fork)
    }
}

impl Desk {
    /// What was written, if anybody has asked for it. From now on nobody writes.
    ///
    /// # Errors
    ///
    /// When somebody who could write was left out.
    pub(super) fn close(&self) -> Result<Option<Arc<Fork>>, Veto> {
        let mut state = self.0.lock();
        state.is_closed = true;
        let (fork, spoiler) = (state.fork.take(), state.spoiler.take());
        drop(state);
        if let Some(name) = spoiler {
            let what = "was left out while it could write to the copy";
            return Err(Veto::retryable(format!("participant `{name}` {what}")));
        }
        Ok(fork.inspect(|fork| fork.finish()))
    }

    /// A participant was left out. If it could write, nobody knows what it has left half done.
    pub(super) fn leave_out(&self, participant: &str) {
        let mut state = self.0.lock();
        if state.writers.iter().any(|writer| writer == participant) {
            state.spoiler.get_or_insert_with(|| participant.to_owned());
        }
    }
}
