//! Worlds in which the volume is reverted to a shadow copy.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::super::scenario::{Order, Scenario};
use super::{BOTH, CUT, FAILURE, FIRST, KILL, SECOND, TWO_CUTS, read, write};
use crate::format::superblock::OnFull;

use Order::{Compact, Create, Delete, Discard, Flush, Look, Revert, Settle, TakeRole};

fn look(units: Range<usize>) -> Order {
    Look { units }
}

pub(super) fn all() -> Vec<Scenario> {
    let mut all = races();
    all.extend(crashes());
    all
}

fn races() -> Vec<Scenario> {
    vec![
        Scenario::new(
            "revert",
            "passives read older and newer copies while the volume is reverted",
        )
        .before(&[Create, write(FIRST, 2), Create])
        .active(&[&[Revert(1), Settle, Settle]])
        .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
        Scenario::new("revert-write", "what was settled is overwritten under a passive")
            .before(&[Create, write(FIRST, 2), Create, write(SECOND, 3)])
            .active(&[&[Revert(1), write(FIRST, 4), Settle, write(1..3, 5), look(BOTH)]])
            .passive(&[&[read(2, 1..3)]]),
        Scenario::new("revert-writer", "two chunks are written while the volume is reverted")
            .before(&[Create, write(FIRST, 2)])
            .active(&[&[Revert(1), Settle, Settle], &[write(1..3, 3), look(BOTH)]]),
        Scenario::new(
            "revert-look",
            "the volume is read while it is reverted and slots are reused",
        )
        .before(&[Create, write(FIRST, 2), Create])
        .active(&[
            &[Revert(1), Settle, Settle, Delete(1), write(FIRST, 3)],
            &[look(FIRST), look(FIRST)],
        ]),
        Scenario::new(
            "revert-discard",
            "chunks are discarded while the volume is reverted to zeros",
        )
        .before(&[Discard { units: FIRST }, Create, write(FIRST, 2), Create])
        .active(&[&[Revert(1), Settle, Settle], &[Discard { units: 1..3 }, look(BOTH)]]),
        Scenario::new("revert-delete", "copies are deleted while the volume is reverted to one")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[Revert(1), Settle, Settle], &[Delete(1), Delete(2), look(FIRST)]]),
        Scenario::new("revert-create", "a copy is taken against a revert")
            .before(&[Create, write(FIRST, 2)])
            .active(&[&[Revert(1), Settle, Settle], &[Create, write(0..1, 3)]]),
        Scenario::new("revert-compact", "the journal is written anew while the volume is reverted")
            .before(&[Create, write(FIRST, 2)])
            .active(&[&[Revert(1), write(SECOND, 3), Settle, Settle], &[Compact]]),
        Scenario {
            slots: 9,
            ..Scenario::new("revert-full", "there is no room for what it undoes")
        }
        .before(&[Create, write(BOTH, 2), Create, write(FIRST, 3), Create])
        .active(&[&[Revert(1), Settle, write(BOTH, 4), Delete(3), look(BOTH), Settle, Settle]])
        .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
        Scenario {
            slots: 9,
            on_full: OnFull::DropOldest,
            ..Scenario::new("revert-drop", "copies go for want of room, but not the one it needs")
        }
        .before(&[Create, write(BOTH, 2), Create, write(FIRST, 3), Create])
        .active(&[&[Revert(1), Settle, write(BOTH, 4), look(BOTH), Settle]])
        .passive(&[&[read(3, FIRST)]]),
    ]
}

fn crashes() -> Vec<Scenario> {
    let rest = [Settle, write(SECOND, 7), Settle, look(BOTH)];
    vec![
        Scenario::new("cut-revert", "the power fails in any step of a revert")
            .before(&[Create, write(BOTH, 2), Create])
            .active(&[&[Revert(1), Settle, Settle, write(FIRST, 3)]])
            .recovery(&rest)
            .mishaps(CUT),
        Scenario::new("cut-revert-write", "the power fails under writes that settle first")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[Revert(1), write(0..1, 3), Flush, write(SECOND, 4), Flush]])
            .recovery(&rest)
            .mishaps(CUT),
        Scenario::new("cut-revert-flight", "the power fails when a write meets the revert's begin")
            .before(&[Create, write(FIRST, 2)])
            .active(&[&[Revert(1), Settle], &[write(1..3, 3)]])
            .recovery(&[Settle])
            .mishaps(CUT),
        Scenario::new("cut-revert-again", "the power fails in a revert, and again when it goes on")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[Revert(1), Settle]])
            .recovery(&[Settle, Settle])
            .mishaps(TWO_CUTS),
        Scenario {
            coherent: true,
            ..Scenario::new("kill-revert", "the process dies at any moment of a revert")
        }
        .before(&[Create, write(FIRST, 2), Create])
        .active(&[&[Revert(1), write(0..1, 3)]])
        .recovery(&[Settle])
        .passive(&[&[read(2, 0..1)]])
        .mishaps(KILL),
        Scenario::new("failure-revert", "any group of operations fails in a revert")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[Revert(1), Settle, write(BOTH, 3), Settle], &[look(FIRST)]])
            .mishaps(FAILURE),
        Scenario::new("role-revert", "another node takes the role while the old one reverts")
            .before(&[Create, write(FIRST, 2), Create])
            .active(&[&[Revert(1), Settle, write(FIRST, 3)]])
            .active(&[&[TakeRole, Settle, write(BOTH, 4), look(BOTH)]])
            .passive(&[&[read(2, FIRST)]]),
    ]
}
