//! The rules that a set stands on, each of which the simulator can take away.

/// A rule of sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum SetRule {
    /// No volume commits before all hold: the common instant.
    HoldAllBeforeCommit,
    /// A participant is quiet from before the first hold to after the last commit.
    FreezeBeforeHold,
    /// A hold that lasts too long is released, and the set fails.
    ReleaseByItself,
    /// A call that lasts too long is given up.
    DeadlinePerCall,
    /// A participant that has been frozen for too long is let go.
    FrozenNotForever,
    /// Whoever is left out is let go.
    AbortWhoIsLeftOut,
    /// When the set fails, whoever saw prepare is let go.
    AbortAll,
    /// A participant that freezes after it was given up is let go once more.
    UndoLateFreeze,
    /// A volume that holds after it was given up is released once more.
    UndoLateHold,
    /// A copy that is taken after the set has failed is deleted.
    UndoLateCommit,
    /// All or nothing: the copies of a set that failed are deleted.
    DeleteOnFailure,
    /// A second answer to one call counts for nothing.
    AnswersOnce,
    /// A set is application-consistent only if every participant took part.
    TruthfulOutcome,
}

impl SetRule {
    /// All rules.
    pub const ALL: [Self; 13] = [
        Self::HoldAllBeforeCommit,
        Self::FreezeBeforeHold,
        Self::ReleaseByItself,
        Self::DeadlinePerCall,
        Self::FrozenNotForever,
        Self::AbortWhoIsLeftOut,
        Self::AbortAll,
        Self::UndoLateFreeze,
        Self::UndoLateHold,
        Self::UndoLateCommit,
        Self::DeleteOnFailure,
        Self::AnswersOnce,
        Self::TruthfulOutcome,
    ];
}

/// The rules that a set keeps: all of them, unless a simulator says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SetRules {
    #[cfg(feature = "sim")]
    broken: u32,
}

impl SetRules {
    /// Whether the rule is kept.
    #[cfg(not(feature = "sim"))]
    #[must_use]
    pub const fn keeps(self, _: SetRule) -> bool {
        true
    }

    /// Whether the rule is kept.
    #[cfg(feature = "sim")]
    #[must_use]
    pub const fn keeps(self, rule: SetRule) -> bool {
        self.broken & 1 << rule as u32 == 0
    }

    /// These rules but for one.
    #[cfg(feature = "sim")]
    #[must_use]
    pub const fn without(self, rule: SetRule) -> Self {
        Self { broken: self.broken | 1 << rule as u32 }
    }
}
