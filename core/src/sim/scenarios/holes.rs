//! Worlds in which a passive asks where a copy is zeros, and discards are preserved ahead.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use super::super::scenario::{Order, Scenario};
use super::{BOTH, CUT, FIRST, SECOND, read, write};

use Order::{Ahead, Compact, Create, Delete, Discard, Finish, Make};

fn zeros(copy: u32, units: Range<usize>) -> Order {
    Order::Zeros { copy, units }
}

fn discard(units: Range<usize>) -> Order {
    Discard { units }
}

fn ahead(units: Range<usize>) -> Order {
    Ahead { units }
}

pub(super) fn all() -> Vec<Scenario> {
    let mut all = questions();
    all.extend(discards());
    all
}

fn questions() -> Vec<Scenario> {
    vec![
        Scenario::new("holes", "holes are filled and made while a passive looks for them")
            .before(&[discard(FIRST), Create])
            .active(&[&[write(FIRST, 2), Create, discard(FIRST)]])
            .passive(&[&[zeros(1, FIRST), zeros(2, FIRST)]]),
        Scenario { units: 3, ..Scenario::new("holes-odd", "halves of chunks are holes") }
            .before(&[discard(1..3), Create])
            .active(&[&[write(2..3, 2), Create, discard(0..3)]])
            .passive(&[&[zeros(1, 1..3), zeros(2, 1..3)]]),
        Scenario::new("holes-delete", "the copy is deleted while a passive looks for its holes")
            .before(&[Create])
            .active(&[&[Delete(1), discard(BOTH)]])
            .passive(&[&[zeros(1, BOTH)]]),
        Scenario::new("holes-compact", "the journal moves while a passive looks for holes")
            .before(&[Create])
            .active(&[&[Compact, discard(FIRST)]])
            .passive(&[&[zeros(1, FIRST)]]),
        Scenario::new("holes-amend", "a copy is amended where it was a hole")
            .before(&[discard(BOTH), Make])
            .active(&[&[Order::Amend { copy: 1, units: SECOND, value: 5 }, Finish(1)]])
            .passive(&[&[zeros(1, BOTH)]]),
        Scenario::new("cut-holes", "the power fails while a passive looks for holes")
            .before(&[Create])
            .active(&[&[discard(FIRST)]])
            .recovery(&[write(FIRST, 3), discard(FIRST)])
            .passive(&[&[zeros(1, FIRST)]])
            .mishaps(CUT),
    ]
}

fn discards() -> Vec<Scenario> {
    vec![
        Scenario::new("ahead", "what is discarded was preserved ahead, and a copy comes between")
            .before(&[Create])
            .active(&[&[ahead(BOTH), discard(BOTH)], &[Create]])
            .passive(&[&[read(1, 1..3)]]),
        Scenario::new("ahead-write", "chunks are written while they are preserved ahead")
            .before(&[Create])
            .active(&[&[ahead(BOTH), discard(0..1)], &[write(1..3, 2)]])
            .passive(&[&[read(1, 0..1)]]),
        Scenario {
            slots: 9,
            ..Scenario::new("ahead-full", "what is zeros gives its room to what comes behind")
        }
        .before(&[Create, write(BOTH, 2), discard(FIRST), Create])
        .active(&[&[
            ahead(FIRST),
            ahead(SECOND),
            discard(BOTH),
            Create,
            ahead(BOTH),
            write(BOTH, 3),
        ]])
        .passive(&[&[read(2, BOTH)]]),
        Scenario::new("cut-ahead", "the power fails between preserving ahead and a discard")
            .before(&[Create])
            .active(&[&[ahead(BOTH), discard(BOTH)]])
            .recovery(&[discard(FIRST), Create, write(BOTH, 7)])
            .mishaps(CUT),
    ]
}
