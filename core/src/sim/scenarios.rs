//! The worlds that are explored, each with its story, and for each rule the world that shows what
//! happens without it.

mod amendments;
mod holes;
mod reverts;
mod room;

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::content::Value;
use super::scenario::{Mishaps, Order, Scenario};
use crate::rules::{Rule, Rules};

use Order::{Close, Compact, Create, Delete, Discard, Flush, TakeRole};

const CUT: Mishaps = Mishaps { cuts: 1, kills: 0, failures: 0 };
const TWO_CUTS: Mishaps = Mishaps { cuts: 2, kills: 0, failures: 0 };
const KILL: Mishaps = Mishaps { cuts: 0, kills: 1, failures: 0 };
const FAILURE: Mishaps = Mishaps { cuts: 0, kills: 0, failures: 1 };

/// The first chunk.
const FIRST: Range<usize> = 0..2;
/// The second chunk.
const SECOND: Range<usize> = 2..4;
const BOTH: Range<usize> = 0..4;

fn write(units: Range<usize>, value: Value) -> Order {
    Order::Write { units, value }
}

fn read(copy: u32, units: Range<usize>) -> Order {
    Order::Read { copy, units }
}

/// Takes the next slots, one a cycle, and gives them back: slots are given out in turn, so this
/// decides which one is next.
fn churn(first: u32, cycles: u32) -> impl Iterator<Item = Order> {
    (first..first + cycles).flat_map(|copy| [Create, write(FIRST, 9), Delete(copy)])
}

/// The worlds whose every state is visited whenever the tests run.
#[must_use]
pub fn all() -> Vec<Scenario> {
    let mut all = races();
    all.extend(journals());
    all.extend(room::all());
    all.extend(holes::all());
    all.extend(threads());
    all.extend(crashes());
    all.extend(roles());
    all.extend(reverts::all());
    all.extend(amendments::all());
    all
}

/// The world of this name.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().chain(large()).find(|scenario| scenario.name == name)
}

fn races() -> Vec<Scenario> {
    vec![
        Scenario::new("overwrite", "a chunk is overwritten while a passive reads it")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), write(FIRST, 3)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("create", "a second copy is taken while the first one is read")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Create, write(FIRST, 3)]])
            .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
        Scenario::new(
            "delete-origin",
            "the copy is deleted while its bytes are read from the origin",
        )
        .before(&[Create])
        .active(&[&[Delete(1), write(FIRST, 2)]])
        .passive(&[&[read(1, FIRST)]]),
        Scenario::new("delete-slot", "the copy is deleted while its bytes are read from a slot")
            .before(&[Create, write(FIRST, 2)])
            .active(&[&[Delete(1), Create, write(FIRST, 3)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("delete-middle", "of three copies the middle one is deleted")
            .before(&[Create, write(FIRST, 2), Create, write(FIRST, 3), Create])
            .active(&[&[Delete(2), write(FIRST, 4)]])
            .passive(&[&[read(1, FIRST), read(2, FIRST), read(3, FIRST)]]),
        Scenario::new("extent", "a write of two chunks, and reads of a part of them")
            .before(&[Create])
            .active(&[&[write(BOTH, 2), write(1..3, 3)]])
            .passive(&[&[read(1, 1..3)]]),
        Scenario::new("discard", "chunks are discarded, and zeros overwritten")
            .before(&[Create])
            .active(&[&[Discard { units: FIRST }, Create, write(FIRST, 2)]])
            .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
        Scenario { units: 3, ..Scenario::new("odd", "the last chunk is half a chunk") }
            .before(&[Create])
            .active(&[&[write(2..3, 2), Create, write(1..3, 3)]])
            .passive(&[&[read(1, 1..3), read(2, 2..3)]]),
    ]
}

fn journals() -> Vec<Scenario> {
    let twice = [Compact, write(FIRST, 2), Compact];
    vec![
        Scenario::new("compact", "the journal moves while a passive sleeps in a read")
            .before(&[Create, write(SECOND, 2)])
            .active(&[&[Compact, write(FIRST, 3)]])
            .passive(&[&[read(1, BOTH)]]),
        Scenario::new("compact-twice", "the journal moves twice, into the place it had first")
            .before(&[Create])
            .active(&[&twice])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("compact-reuse", "the old journal's place is used for old bytes")
            .before(&[Create])
            .active(&[&[Compact, write(BOTH, 2), Create, write(BOTH, 3)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario {
            never_stale: true,
            ..Scenario::new("glance", "a passive looks at a little of the journal's end first")
        }
        .before(&[Create])
        .active(&[&[Compact, write(FIRST, 2)]])
        .passive(&[&[read(1, 0..1)], &[read(1, 1..2)]]),
        Scenario::new("one-node", "two threads of a passive read while the journal moves")
            .before(&[Create])
            .active(&[&[Compact, write(FIRST, 2)]])
            .passive(&[&[read(1, 0..1)], &[read(1, 1..2)]]),
    ]
}

fn threads() -> Vec<Scenario> {
    vec![
        Scenario::new("group", "two writers share a barrier")
            .before(&[Create])
            .active(&[&[write(FIRST, 2)], &[write(SECOND, 3)]])
            .passive(&[&[read(1, BOTH)]]),
        Scenario::new(
            "gap",
            "of two records that wait, the later one must not become visible first",
        )
        .before(&[Create])
        .active(&[&[write(0..1, 2)], &[write(2..3, 3)]])
        .passive(&[&[read(1, 2..3)]]),
        Scenario::new("halves", "two writers in one chunk: the second must not pass the first")
            .before(&[Create])
            .active(&[&[write(0..1, 2)], &[write(1..2, 3)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("instant", "a copy is taken against writes in flight")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), write(FIRST, 3)], &[Create]])
            .passive(&[&[read(2, FIRST)]]),
        Scenario::new("close", "the role is given up under a writer and a creator")
            .before(&[Create])
            .active(&[&[write(FIRST, 2)], &[Create], &[Close]]),
        Scenario::new(
            "compact-writers",
            "the journal is written anew under a writer and a creator",
        )
        .before(&[Create])
        .active(&[&[write(FIRST, 2)], &[Compact], &[Create]]),
    ]
}

fn crashes() -> Vec<Scenario> {
    let after = [Create, write(BOTH, 7)];
    vec![
        Scenario::new("cut-write", "the power fails in any step of a write")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Flush, write(BOTH, 3)]])
            .recovery(&after)
            .mishaps(CUT),
        Scenario::new("cut-create", "the power fails in any step of a creation")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Create, write(FIRST, 3)]])
            .recovery(&after)
            .mishaps(CUT),
        Scenario::new("cut-delete", "the power fails in any step of a deletion, and of slot reuse")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[Delete(1), write(FIRST, 3)]])
            .recovery(&after)
            .mishaps(CUT),
        Scenario::new("cut-compact", "the power fails in any step of a compaction")
            .before(&[Create, write(FIRST, 2)])
            .active(&[&[Compact, write(SECOND, 3)]])
            .recovery(&after)
            .mishaps(CUT),
        Scenario {
            slots: 12,
            ..Scenario::new("cut-leave", "the same, and slots are taken meanwhile")
        }
        .before(&[Create])
        .and_before(churn(2, 8))
        .and_before([Create])
        .active(&[&[Compact], &[write(BOTH, 2)]])
        .mishaps(CUT),
        Scenario::new("cut-recovery", "the power fails in a write, and again in the recovery")
            .before(&[Create])
            .active(&[&[write(FIRST, 2)]])
            .recovery(&[write(SECOND, 3)])
            .mishaps(TWO_CUTS),
        Scenario::new(
            "cut-passive",
            "a passive lives on through a power cut in the middle of a read",
        )
        .before(&[Create])
        .active(&[&[write(FIRST, 2)]])
        .recovery(&[write(FIRST, 3)])
        .passive(&[&[read(1, 0..1)]])
        .mishaps(CUT),
        Scenario { coherent: true, ..Scenario::new("kill", "the process dies at any moment") }
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Create]])
            .recovery(&[write(FIRST, 3)])
            .passive(&[&[read(1, 0..1)]])
            .mishaps(KILL),
        Scenario::new("failure", "any group of operations fails")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Create, write(BOTH, 3)]])
            .passive(&[&[read(1, FIRST)]])
            .mishaps(FAILURE),
        Scenario::new("failure-threads", "any group of operations fails under two writers")
            .before(&[Create])
            .active(&[&[write(FIRST, 2)], &[Create]])
            .mishaps(FAILURE),
    ]
}

fn roles() -> Vec<Scenario> {
    vec![
        Scenario::new("role", "another node takes the role while the old one writes")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), write(SECOND, 3)]])
            .active(&[&[TakeRole, write(BOTH, 4)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("role-create", "another node takes the role while the old one takes a copy")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Create]])
            .active(&[&[TakeRole, write(BOTH, 4)]]),
        Scenario {
            reservation: false,
            ..Scenario::new("role-epoch", "storage that refuses nothing")
        }
        .before(&[Create, write(FIRST, 2)])
        .active(&[&[write(FIRST, 3), Flush, Create]])
        .active(&[&[TakeRole]]),
    ]
}

/// Worlds too large for every test run.
#[must_use]
pub fn large() -> Vec<Scenario> {
    vec![
        Scenario::new("large", "two passives read through writes, a creation and a deletion")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[write(FIRST, 3), Create, write(SECOND, 4), Delete(1)]])
            .passive(&[&[read(1, FIRST)]])
            .passive(&[&[read(2, 1..3)]]),
        Scenario::new("large-reads", "one of three copies goes, and the new one is read, too")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[write(FIRST, 3), Create, Delete(1), write(FIRST, 5)]])
            .passive(&[&[read(1, FIRST), read(3, FIRST)]])
            .passive(&[&[read(2, 1..3)]]),
        Scenario::new("large-cut", "the power fails anywhere, and a passive lives on")
            .before(&[Create])
            .active(&[&[write(FIRST, 2), Create, write(FIRST, 3)]])
            .recovery(&[write(FIRST, 4)])
            .passive(&[&[read(1, 0..1)]])
            .mishaps(CUT),
        Scenario::new("large-threads", "two writers, a creator and a passive")
            .before(&[Create])
            .active(&[&[write(0..1, 2)], &[write(2..3, 3)], &[Create]])
            .passive(&[&[read(1, 1..3)]]),
        Scenario::new(
            "large-kill",
            "the process dies under two writers, and the power fails later",
        )
        .before(&[Create])
        .active(&[&[write(0..1, 2)], &[write(2..3, 3)]])
        .recovery(&[write(FIRST, 4)])
        .mishaps(Mishaps { cuts: 1, kills: 1, failures: 0 }),
    ]
}

/// For each rule a world in which there is damage without it.
#[must_use]
pub fn without(rule: Rule) -> Scenario {
    let of = |name| named(name).unwrap_or_else(|| Scenario::new("none", "there is no such world"));
    let scenario = match rule {
        Rule::CommitBeforeOverwrite
        | Rule::ConfirmAbsence
        | Rule::ReadBeforeConfirm
        | Rule::NoteNews => of("overwrite"),
        Rule::ConfirmHoles => of("holes"),
        Rule::BarrierBehindRecords => of("cut-write"),
        Rule::SlotChecksums | Rule::DecideDoubts => of("cut-passive"),
        Rule::OneCommitAtATime => of("gap"),
        Rule::FreeBeforeReuse => of("reuse"),
        Rule::LeaveBeforeReuse => of("cut-leave"),
        Rule::DrainBeforeCreate => of("instant"),
        Rule::FlushBeforeCreate => of("cut-create"),
        Rule::CheckAlive => of("delete-origin"),
        Rule::SuperblockAfterTail
        | Rule::TornTwiceIsTruth
        | Rule::FreeOldJournal
        | Rule::FollowLoaded => of("compact"),
        Rule::ReadWhatShows => of("glance"),
        Rule::PassivesNeverWrite => of("overwrite"),
        Rule::FenceBeforeLoad | Rule::FencedStops => of("role-epoch"),
        Rule::NewGenerationWithRole => of("cut-passive"),
        Rule::JournalBeforeSuperblock | Rule::TwoPlacesInTurn => of("cut-compact"),
        Rule::FullFails => of("full-fail"),
        Rule::DropLast => of("room-shrinks"),
        Rule::BarrierBehindGrowth => of("cut-grow"),
        Rule::DrainBeforeRevert | Rule::SettleBeforeOverwrite | Rule::MarkBeforePreserve => {
            of("revert-writer")
        }
        Rule::PreserveBeforeSettle => of("revert"),
        Rule::BarrierBeforeSettled => of("cut-revert"),
        Rule::KeepRevertedTo => of("revert-delete"),
        Rule::AmendBeforeFinish | Rule::ForgetUnfinished => of("cut-amend"),
        Rule::FinishedForEver => of("amend-finish"),
        Rule::AmendedAtOnce => of("amend-read"),
        Rule::ReleaseAlways => of("instant"),
        Rule::GiveBackUnused => of("failure"),
        Rule::SweepDeleted => of("delete-slot"),
        Rule::SweepAtRecovery => of("cut-delete"),
    };
    Scenario { rules: Rules::default().without(rule), ..scenario }
}
