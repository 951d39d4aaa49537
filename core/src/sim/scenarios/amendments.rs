//! Worlds in which a shadow copy is amended before it is finished.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::super::content::Value;
use super::super::scenario::{Order, Scenario};
use super::{BOTH, CUT, FAILURE, FIRST, KILL, SECOND, churn, read, write};
use crate::format::superblock::OnFull;

use Order::{Compact, Create, Delete, Finish, Look, Make, Revert, Settle, TakeRole};

fn amend(copy: u32, units: Range<usize>, value: Value) -> Order {
    Order::Amend { copy, units, value }
}

pub(super) fn all() -> Vec<Scenario> {
    let mut all = races();
    all.extend(space());
    all.extend(crashes());
    all
}

fn races() -> Vec<Scenario> {
    vec![
        Scenario::new("amend", "a copy is amended while passives read it and an older one")
            .before(&[Create, write(FIRST, 2), Make])
            .active(&[&[amend(2, FIRST, 5), Finish(2), write(FIRST, 3)]])
            .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
        Scenario::new("amend-read", "a copy is finished in the middle of a read")
            .before(&[Make, write(FIRST, 2)])
            .active(&[&[amend(1, BOTH, 5), Finish(1)]])
            .passive(&[&[read(1, BOTH)]]),
        Scenario::new("amend-write", "the volume is overwritten where a copy is being amended")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1)], &[write(1..2, 2)]]),
        Scenario::new("amend-finish", "a copy is amended against its being finished")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5)], &[Finish(1)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("amend-twice", "two threads amend one chunk, and one of them is refused")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1)], &[amend(1, BOTH, 6)]]),
        Scenario { units: 3, ..Scenario::new("amend-zeros", "chunks become zeros, one is short") }
            .before(&[Make, write(FIRST, 2)])
            .active(&[&[amend(1, 2..3, 5), amend(1, FIRST, 0), Finish(1), write(2..3, 3)]])
            .passive(&[&[read(1, 1..3)]]),
        Scenario::new("amend-delete", "a copy is deleted while it is being amended")
            .before(&[Create, Make])
            .active(&[&[amend(2, FIRST, 5)], &[Delete(2), write(FIRST, 3)]])
            .passive(&[&[read(1, FIRST)]]),
        Scenario::new("amend-compact", "the journal is written anew while a copy is amended")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1)], &[Compact]])
            .passive(&[&[read(1, 0..1)]]),
        Scenario::new("amend-revert", "the volume is reverted to an amended copy, and written to")
            .before(&[Create, Make, amend(2, BOTH, 5), Finish(2), Create])
            .active(&[&[Revert(2), Settle, Settle], &[write(1..2, 3), Look { units: BOTH }]]),
        Scenario::new("amend-revert-read", "older and newer copies are read meanwhile")
            .before(&[Create, Make, amend(2, FIRST, 5), Finish(2), Create])
            .active(&[&[Revert(2), Settle, Settle]])
            .passive(&[&[read(1, FIRST), read(3, FIRST)]]),
        Scenario::new("amend-revert-early", "nobody reverts to a copy in the making")
            .before(&[Make, write(FIRST, 2)])
            .active(&[&[Revert(1)], &[amend(1, FIRST, 5), Finish(1)]])
            .passive(&[&[read(1, FIRST)]]),
    ]
}

fn space() -> Vec<Scenario> {
    let small = |name, story, on_full| Scenario { slots: 9, on_full, ..Scenario::new(name, story) };
    vec![
        Scenario {
            slots: 10,
            ..Scenario::new("amend-reuse", "it is deleted in a read, and slots are taken")
        }
        .before(&[Make, amend(1, FIRST, 5), Finish(1)])
        .and_before(churn(2, 5))
        .and_before([Create])
        .active(&[&[Delete(1)], &[write(FIRST, 3)]])
        .passive(&[&[read(1, 0..1)]]),
        small("amend-full", "there is no room for what is amended", OnFull::FailWrite)
            .before(&[Create, write(BOTH, 2), Make])
            .active(&[&[amend(2, BOTH, 5), Finish(2), Delete(1), write(BOTH, 3)]])
            .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
        small("amend-drop", "older copies go for what is amended", OnFull::DropOldest)
            .before(&[Create, write(BOTH, 2), Make])
            .active(&[&[amend(2, BOTH, 5), Finish(2), write(BOTH, 3)]])
            .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
    ]
}

fn crashes() -> Vec<Scenario> {
    vec![
        Scenario::new("cut-amend", "the power fails in any step of an amendment")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), amend(1, SECOND, 6), Finish(1), write(FIRST, 2)]])
            .recovery(&[Finish(1), write(BOTH, 7)])
            .mishaps(CUT),
        Scenario::new("cut-amend-passive", "a passive lives on through that")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1)]])
            .recovery(&[write(FIRST, 3)])
            .passive(&[&[read(1, 0..1)]])
            .mishaps(CUT),
        Scenario::new("cut-amend-compact", "the power fails when an amended copy is carried over")
            .before(&[Make, amend(1, FIRST, 5)])
            .active(&[&[Compact, Finish(1), Delete(1), write(FIRST, 2)]])
            .recovery(&[Create, write(FIRST, 7)])
            .mishaps(CUT),
        Scenario::new(
            "cut-amend-revert",
            "the power fails when the volume becomes an amended copy",
        )
        .before(&[Make, amend(1, FIRST, 5), Finish(1), Create])
        .active(&[&[Revert(1), Settle, Settle, write(FIRST, 3)]])
        .recovery(&[Settle, Settle])
        .mishaps(CUT),
        Scenario { coherent: true, ..Scenario::new("kill-amend", "the maker dies at any moment") }
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1)]])
            .recovery(&[Finish(1), write(FIRST, 3)])
            .passive(&[&[read(1, 0..1)]])
            .mishaps(KILL),
        Scenario::new("failure-amend", "any group of operations fails in an amendment")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1), write(FIRST, 2)]])
            .passive(&[&[read(1, FIRST)]])
            .mishaps(FAILURE),
        Scenario::new("role-amend", "another node takes the role while the old one amends")
            .before(&[Make])
            .active(&[&[amend(1, FIRST, 5), Finish(1)]])
            .active(&[&[TakeRole, Finish(1), write(FIRST, 4)]])
            .passive(&[&[read(1, FIRST)]]),
    ]
}
