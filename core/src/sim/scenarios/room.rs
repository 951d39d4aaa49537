//! Worlds with little room: slots that are used again, a diff area that grows or does not, a journal
//! that takes more than it has to say, and what the policy says when nothing helps.

use alloc::vec;
use alloc::vec::Vec;

use super::{BOTH, CUT, FIRST, SECOND, churn, read, write};
use crate::format::superblock::OnFull;
use crate::sim::scenario::{Order, Scenario};

use Order::{Compact, Create, Delete, Discard};

/// Copies that came and went: their records make the journal long enough for [`shrinks`].
const LENGTHENED: u32 = 240;

pub(super) fn all() -> Vec<Scenario> {
    let mut all = full();
    all.extend(grows());
    all.extend(shrinks());
    all
}

fn full() -> Vec<Scenario> {
    let small = |name, story, on_full| Scenario { slots: 9, on_full, ..Scenario::new(name, story) };
    let orders = [write(BOTH, 2), Create, write(BOTH, 3), Create, write(BOTH, 4), write(BOTH, 5)];
    vec![
        Scenario {
            slots: 10,
            ..Scenario::new("reuse", "a slot is freed and used again in a read")
        }
        .before(&[Create, write(FIRST, 2)])
        .and_before(churn(2, 5))
        .and_before([Create])
        .active(&[&[Delete(1)], &[write(FIRST, 3)]])
        .passive(&[&[read(1, 0..1)]]),
        small("full-fail", "the diff area is full, and writes fail", OnFull::FailWrite)
            .before(&[Create])
            .active(&[&orders])
            .passive(&[&[read(1, FIRST)]]),
        small("full-drop", "the diff area is full, and the oldest copies go", OnFull::DropOldest)
            .before(&[Create])
            .active(&[&orders])
            .passive(&[&[read(1, FIRST), read(2, FIRST)]]),
    ]
}

/// A diff area with room for all, if need be by growth, and copies that would go without a reason.
fn ample(name: &'static str, story: &'static str) -> Scenario {
    let on_full = OnFull::DropOldest;
    Scenario { slots: 10, may_grow: 8, on_full, ample: true, ..Scenario::new(name, story) }
}

fn grows() -> Vec<Scenario> {
    let writers = |scenario: Scenario| {
        scenario
            .before(&[Create, write(BOTH, 2), Create])
            .active(&[&[write(FIRST, 3)], &[write(SECOND, 3)]])
    };
    let story = "two writers find no room at once, and the diff area grows";
    let less = "the same, on a medium that has no room for a whole step";
    vec![
        writers(Scenario { can_grow: 8, ..ample("room-grows", story) }),
        writers(Scenario { can_grow: 4, ..ample("room-grows-less", less) }),
        // All chunks but the last are zeros, whose old bytes take no slot.
        Scenario {
            units: 5,
            slots: 6,
            can_grow: 8,
            ..ample("cut-grow", "the power fails when a write uses the slots that it waited for")
        }
        .before(&[Discard { units: BOTH }, Create])
        .active(&[&[write(0..5, 2)]])
        .passive(&[&[read(1, 4..5)]])
        .mishaps(CUT),
    ]
}

/// The journal is so long that writing it anew is worth it, on a medium that cannot grow.
fn shrinks() -> Vec<Scenario> {
    let long = |name, story| {
        Scenario { slots: 30, ..ample(name, story) }
            .before(&[Create])
            .and_before((2..LENGTHENED).flat_map(|copy| [Create, Delete(copy)]))
            .and_before([write(BOTH, 2), Create])
    };
    vec![
        long("room-shrinks", "two writers find no room, and the journal is written anew")
            .active(&[&[write(FIRST, 3)], &[write(SECOND, 3)]]),
        long("room-shrinking", "a writer finds no room while the journal is written anew")
            .active(&[&[write(FIRST, 3)], &[Compact]]),
    ]
}
