//! What is known of one shadow copy, and which contents it can have.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Broken, Flight, State};
use crate::sim::content::Value;
use crate::units::CopyId;

/// A shadow copy, from the moment its creation began.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Creation {
    pub(super) id: Option<CopyId>,
    pub(super) state: State,
    /// The volume as it was acknowledged when the creation began.
    pub(super) before: Vec<Value>,
    /// Writes that may be in it, in their order.
    pub(super) between: Vec<Flight>,
    /// What was read of it so far, while it was unfinished.
    pub(super) seen: Vec<Option<Value>>,
    pub(super) finish: Finish,
    /// What was amended in it before it was finished.
    pub(super) amended: Vec<Flight>,
    /// What was read of it so far, since it is finished.
    pub(super) seen_finished: Vec<Option<Value>>,
}

/// Whether a copy is finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Finish {
    /// Nobody has said so yet.
    Never,
    /// Somebody has begun to say so.
    Begun,
    /// That was lost, with all that was amended. Who has heard of it may believe it for a while.
    Lost,
    /// It was acknowledged, or the copy was taken so.
    Done,
}

impl Creation {
    /// What it holds if just these of the writes between are in it, before or since it is finished.
    pub(super) fn content(&self, choice: u32, finished: bool) -> Vec<Value> {
        let mut content = self.before.clone();
        let between = self.between.iter().enumerate();
        let chosen = between.filter(|(nth, _)| choice >> nth & 1 == 1).map(|(_, flight)| flight);
        let amended = self.amended.iter().filter(|_| finished);
        for Flight { units, value } in chosen.chain(amended) {
            content[units.clone()].fill(*value);
        }
        content
    }

    /// Whether some choice of the writes between explains all that was seen.
    pub(super) fn explain(&self) -> Result<(), Broken> {
        let agrees = |choice: u32| {
            let is_seen = |seen: &[Option<Value>], finished| {
                let mut pairs = seen.iter().zip(self.content(choice, finished));
                pairs.all(|(seen, value)| seen.is_none_or(|seen| seen == value))
            };
            is_seen(&self.seen, false) && is_seen(&self.seen_finished, true)
        };
        if (0..1 << self.between.len()).any(agrees) {
            return Ok(());
        }
        let words = |seen: &[Option<Value>]| {
            seen.iter().map(|seen| seen.map_or(-1, i32::from)).collect::<Vec<_>>()
        };
        let amended = if self.amended.is_empty() {
            String::new()
        } else {
            format!(", and unfinished as {:?}; {:?} was amended", words(&self.seen), self.amended)
        };
        Err(format!(
            "a copy reads as {:?}{amended}; at its instant the volume was {:?}{}",
            words(&self.seen_finished),
            self.before,
            if self.between.is_empty() { "" } else { ", or with writes that were under way" },
        ))
    }

    /// A recovery has found it, finished or not. If not, nothing was ever amended in it.
    pub(super) fn recover(&mut self, id: CopyId, finished: bool) -> Result<(), Broken> {
        match (self.finish, finished) {
            (Finish::Done, false) => {
                return Err(format!("copy {id} was finished, and is unfinished again"));
            }
            (Finish::Never | Finish::Lost, true) => {
                return Err(format!("copy {id} is finished, and nobody has finished it"));
            }
            (Finish::Begun | Finish::Done, true) => self.finish = Finish::Done,
            (Finish::Never, false) => self.amended.clear(),
            (Finish::Begun | Finish::Lost, false) => self.finish = Finish::Lost,
        }
        Ok(())
    }
}
