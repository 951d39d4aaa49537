//! The rules that the protocol stands on, each of which the simulator can take away.
//!
//! Where the code keeps a rule it asks [`Rules::keeps`]. Without the feature `sim` the answer is
//! `true` at compile time, and nothing of this is left. With it a node can be told to break rules,
//! so that the explorer shows that each is needed, and that it would see the damage.

/// A rule of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Invariant 1: a chunk is overwritten after the commit of its record.
    CommitBeforeOverwrite,
    /// Invariant 1: a commit is a barrier, not only a write.
    BarrierBehindRecords,
    /// Invariant 2: a record is believed only if its slots have their checksums.
    SlotChecksums,
    /// Invariant 3: one commit at a time, so that no record becomes visible before an earlier one.
    OneCommitAtATime,
    /// Invariant 4: slots of a deleted copy are free when the `deleted` record is visible.
    FreeBeforeReuse,
    /// Invariant 4: the old journal's segments are free when the superblock that leaves them is.
    LeaveBeforeReuse,
    /// Invariant 5: a creation waits for the writes in flight.
    DrainBeforeCreate,
    /// A creation puts the writes before its instant behind a barrier of the origin.
    FlushBeforeCreate,
    /// Invariant 6: an absence is confirmed after the origin was read.
    ConfirmAbsence,
    /// Invariant 6: the confirmation begins when all bytes have come.
    ReadBeforeConfirm,
    /// Invariant 6: a hole of the origin is confirmed, as bytes that were read are.
    ConfirmHoles,
    /// Invariant 6: a presence is good only while the copy lives.
    CheckAlive,
    /// The journal's end is the truth only if the journal is still in force afterwards.
    SuperblockAfterTail,
    /// What a short look at the journal's end shows to be there is read as a whole.
    ReadWhatShows,
    /// Invariant 7: a passive writes nothing.
    PassivesNeverWrite,
    /// Invariant 8: the role is fenced before the journal is loaded.
    FenceBeforeLoad,
    /// Invariant 8: a fenced holder acknowledges nothing more that takes a barrier.
    FencedStops,
    /// Invariant 8: taking the role begins a new generation.
    NewGenerationWithRole,
    /// A new journal is behind a barrier before a superblock names it.
    JournalBeforeSuperblock,
    /// The two places of the superblock are written in turn.
    TwoPlacesInTurn,
    /// Invariant 9: a write that cannot preserve old bytes fails.
    FullFails,
    /// Invariant 9: a copy goes for want of room only when nothing else gives any.
    DropLast,
    /// Growth of the diff area is behind a barrier before anything lies in it.
    BarrierBehindGrowth,
    /// A revert waits for the writes in flight, as a creation does.
    DrainBeforeRevert,
    /// Invariant 1: what a revert overwrites is preserved first.
    PreserveBeforeSettle,
    /// A chunk is called settled when its bytes are behind a barrier of the origin.
    BarrierBeforeSettled,
    /// While a revert is under way, a chunk is settled before it is written.
    SettleBeforeOverwrite,
    /// While a revert is under way, a chunk is called settled when it is preserved for the first time.
    MarkBeforePreserve,
    /// The copy that the volume is being reverted to is not deleted.
    KeepRevertedTo,
    /// What was amended in a copy is behind a barrier before the copy is called finished.
    AmendBeforeFinish,
    /// A finished copy is never amended.
    FinishedForEver,
    /// A reader takes what was amended as a whole, when the copy is finished.
    AmendedAtOnce,
    /// Recovery forgets what was amended in copies that were never finished.
    ForgetUnfinished,
    /// Invariant 10: a creation lets the writers go on, however it ends.
    ReleaseAlways,
    /// Slots that were taken, and that no record came to name, go back.
    GiveBackUnused,
    /// A deletion frees the slots that no copy needs any more.
    SweepDeleted,
    /// Recovery takes none of the slots for used that no copy needs.
    SweepAtRecovery,
    /// The place of a journal that was left, or that came to nothing, goes back.
    FreeOldJournal,
    /// A superblock that is torn in the same way twice is not waited for.
    TornTwiceIsTruth,
    /// A slot that is not there yet is looked at once more, and no third time.
    DecideDoubts,
    /// A reader asks again only for what is news since it asked last.
    NoteNews,
    /// A reader follows the journal that it has loaded.
    FollowLoaded,
}

impl Rule {
    /// All rules.
    pub const ALL: [Self; 42] = [
        Self::CommitBeforeOverwrite,
        Self::BarrierBehindRecords,
        Self::SlotChecksums,
        Self::OneCommitAtATime,
        Self::FreeBeforeReuse,
        Self::LeaveBeforeReuse,
        Self::DrainBeforeCreate,
        Self::FlushBeforeCreate,
        Self::ConfirmAbsence,
        Self::ReadBeforeConfirm,
        Self::ConfirmHoles,
        Self::CheckAlive,
        Self::SuperblockAfterTail,
        Self::ReadWhatShows,
        Self::PassivesNeverWrite,
        Self::FenceBeforeLoad,
        Self::FencedStops,
        Self::NewGenerationWithRole,
        Self::JournalBeforeSuperblock,
        Self::TwoPlacesInTurn,
        Self::FullFails,
        Self::DropLast,
        Self::BarrierBehindGrowth,
        Self::DrainBeforeRevert,
        Self::PreserveBeforeSettle,
        Self::BarrierBeforeSettled,
        Self::SettleBeforeOverwrite,
        Self::MarkBeforePreserve,
        Self::KeepRevertedTo,
        Self::AmendBeforeFinish,
        Self::FinishedForEver,
        Self::AmendedAtOnce,
        Self::ForgetUnfinished,
        Self::ReleaseAlways,
        Self::GiveBackUnused,
        Self::SweepDeleted,
        Self::SweepAtRecovery,
        Self::FreeOldJournal,
        Self::TornTwiceIsTruth,
        Self::DecideDoubts,
        Self::NoteNews,
        Self::FollowLoaded,
    ];
}

/// The rules that a node keeps: all of them, unless a simulator says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rules {
    #[cfg(feature = "sim")]
    broken: u64,
}

impl Rules {
    /// Whether the rule is kept.
    #[cfg(not(feature = "sim"))]
    #[must_use]
    pub const fn keeps(self, _: Rule) -> bool {
        true
    }

    /// Whether the rule is kept.
    #[cfg(feature = "sim")]
    #[must_use]
    pub const fn keeps(self, rule: Rule) -> bool {
        self.broken & 1 << rule as u32 == 0
    }

    /// These rules but for one.
    ///
    /// ```
    /// # use shadowvol::{Rule, Rules};
    /// let rules = Rules::default().without(Rule::ConfirmAbsence);
    /// assert!(!rules.keeps(Rule::ConfirmAbsence) && rules.keeps(Rule::CheckAlive));
    /// ```
    #[cfg(feature = "sim")]
    #[must_use]
    pub const fn without(self, rule: Rule) -> Self {
        Self { broken: self.broken | 1 << rule as u32 }
    }
}
