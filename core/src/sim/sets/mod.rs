//! Shadow copy sets, explored: every order of answers, deadlines and second thoughts.
//!
//! A world is the set's machine as it ships, participants and volumes of which it knows only what they
//! answer, and a clock. Whoever was told something may answer at any later moment, with yes or no, once
//! or twice, or never; time may pass up to the next deadline at any moment; the requester may go away
//! at any moment. What really happens to participants and volumes is kept beside, and judged.
//!
//! ```
//! use shadowvol::set::{SetRule, SetRules};
//! use shadowvol::sim::sets::{SetWorld, explore};
//!
//! let small = SetWorld { volumes: 1, ..SetWorld::new("hang", 1) };
//! assert!(explore(&small, 100_000).is_proof());
//! let rules = SetRules::default().without(SetRule::UndoLateCommit);
//! let damage = explore(&SetWorld { rules, ..small }, 100_000).damage.expect("an orphan");
//! println!("{damage}");
//! ```

mod explore;
mod judge;
mod world;

use alloc::vec::Vec;

use crate::set::{Deadlines, Invitation, Level, Plan, SetRule, SetRules, Span, Wanted, Windows};

pub use explore::{SetReport, SetStory, explore};

/// A set to explore, and what may go wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetWorld {
    /// A short name.
    pub name: &'static str,
    /// How many volumes.
    pub volumes: usize,
    /// Who takes part.
    pub participants: Vec<Invitation>,
    /// What the requester wants.
    pub wanted: Wanted,
    /// How often somebody says no.
    pub refusals: u8,
    /// How often somebody answers a second time.
    pub repeats: u8,
    /// How often time passes up to a deadline while somebody has not answered.
    pub delays: u8,
    /// How often the requester goes away.
    pub aborts: u8,
    /// What the set keeps to.
    pub rules: SetRules,
}

impl SetWorld {
    /// A world of two volumes and so many participants, of which only the first is required, with one
    /// mishap of each kind.
    #[must_use]
    pub fn new(name: &'static str, participants: usize) -> Self {
        let invite = |nth| Invitation { deadlines: DEADLINES[nth % 2], ..invitation(nth) };
        Self {
            name,
            volumes: 2,
            participants: (0..participants).map(invite).collect(),
            wanted: Wanted::CommonInstant,
            refusals: 1,
            repeats: 1,
            delays: 2,
            aborts: 1,
            rules: SetRules::default(),
        }
    }

    fn plan(&self) -> Plan {
        Plan {
            volumes: (0..self.volumes).map(|nth| alloc::format!("volume {nth}")).collect(),
            participants: self.participants.clone(),
            wanted: self.wanted,
            windows: WINDOWS,
        }
    }
}

/// The worlds that are proven: with all rules kept, no promise is ever broken in any of them.
#[must_use]
pub fn all() -> Vec<SetWorld> {
    let calm = SetWorld { refusals: 0, repeats: 0, aborts: 0, ..SetWorld::new("", 2) };
    let mut levels = SetWorld::new("levels", 2);
    levels.participants[1].level = Level::System;
    alloc::vec![
        SetWorld { name: "refuse", refusals: 2, ..calm.clone() },
        SetWorld { name: "hang", delays: 3, ..calm.clone() },
        SetWorld { name: "twice", repeats: 2, delays: 1, ..calm.clone() },
        SetWorld { name: "abort", aborts: 1, ..calm.clone() },
        SetWorld { delays: 1, repeats: 0, ..levels },
        SetWorld { name: "alone", refusals: 2, delays: 3, ..SetWorld::new("", 0) },
        SetWorld { name: "one", refusals: 2, delays: 3, ..SetWorld::new("", 1) },
        SetWorld { name: "strict", refusals: 1, wanted: Wanted::ApplicationConsistency, ..calm },
    ]
}

/// Larger worlds, in which all kinds of mishaps come together.
#[must_use]
pub fn large() -> Vec<SetWorld> {
    let strict = Wanted::ApplicationConsistency;
    alloc::vec![
        SetWorld::new("pair", 2),
        SetWorld { name: "strict pair", wanted: strict, ..SetWorld::new("", 2) },
        SetWorld { volumes: 1, delays: 3, ..SetWorld::new("late pair", 2) },
    ]
}

/// A world in which a promise is broken without the rule.
#[must_use]
pub fn without(rule: SetRule) -> SetWorld {
    let name = match rule {
        SetRule::AnswersOnce => "twice",
        SetRule::AbortWhoIsLeftOut | SetRule::DeleteOnFailure | SetRule::TruthfulOutcome => {
            "refuse"
        }
        SetRule::AbortAll => "abort",
        _ => "hang",
    };
    let rules = SetRules::default().without(rule);
    let found = all().into_iter().find(|world| world.name == name);
    SetWorld { rules, ..found.unwrap_or_else(|| SetWorld::new(name, 2)) }
}

fn invitation(nth: usize) -> Invitation {
    if nth == 0 { Invitation::required("required") } else { Invitation::optional("optional") }
}

/// Short, so that a state comes again soon; different, so that each is the next one somewhere.
const DEADLINES: [Deadlines; 2] = [
    Deadlines {
        prepare: Span(3),
        freeze: Span(3),
        frozen: Span(9),
        thaw: Span(3),
        post_snapshot: Span(3),
        abort: Span(3),
        backup_complete: Span(3),
        shutdown: Span(3),
    },
    Deadlines {
        prepare: Span(2),
        freeze: Span(2),
        frozen: Span(4),
        thaw: Span(2),
        post_snapshot: Span(2),
        abort: Span(2),
        backup_complete: Span(2),
        shutdown: Span(2),
    },
];

const WINDOWS: Windows =
    Windows { freeze: Span(12), hold: Span(4), flush: Span(5), finish: Span(3), undo: Span(3) };
