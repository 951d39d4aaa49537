//! Every state of every world.

use shadowvol::sim::{explore, scenarios};

use crate::{LIMITS, data};

/// Visits every state of a world and returns how many there are.
fn prove(name: &str) -> usize {
    let world = scenarios::named(name).expect("a world of this name");
    let report = explore(&world, LIMITS);
    if let Some(story) = &report.damage {
        panic!("{name}: {}\n{story}", world.story);
    }
    assert!(report.complete, "{name}: more than {} states", LIMITS.states);
    assert!(report.ends > 0, "{name}: nobody ever comes to an end");
    println!("{name}: {} states", report.states);
    data::check("worlds", "world", name, &report);
    report.states
}

/// One test a world; each needs a good part of a second at least.
macro_rules! worlds {
    ($($test:ident = $name:literal,)*) => {
        $(
            #[test]
            fn $test() {
                assert!(prove($name) > 100);
            }
        )*

        /// No world is left out.
        #[test]
        fn every_world_has_a_test() {
            let tested = [$($name),*];
            for world in scenarios::all() {
                assert!(tested.contains(&world.name), "{} has no test", world.name);
            }
        }
    };
}

worlds! {
    overwrite = "overwrite",
    create = "create",
    delete_origin = "delete-origin",
    delete_slot = "delete-slot",
    delete_middle = "delete-middle",
    extent = "extent",
    discard = "discard",
    odd = "odd",
    compact = "compact",
    compact_twice = "compact-twice",
    compact_reuse = "compact-reuse",
    glance = "glance",
    one_node = "one-node",
    reuse = "reuse",
    group = "group",
    gap = "gap",
    halves = "halves",
    instant = "instant",
    close = "close",
    compact_writers = "compact-writers",
    holes = "holes",
    holes_odd = "holes-odd",
    holes_delete = "holes-delete",
    holes_compact = "holes-compact",
    holes_amend = "holes-amend",
    cut_holes = "cut-holes",
    ahead = "ahead",
    ahead_write = "ahead-write",
    ahead_full = "ahead-full",
    cut_ahead = "cut-ahead",
    cut_write = "cut-write",
    cut_create = "cut-create",
    cut_delete = "cut-delete",
    cut_compact = "cut-compact",
    cut_leave = "cut-leave",
    cut_recovery = "cut-recovery",
    cut_passive = "cut-passive",
    kill = "kill",
    failure = "failure",
    failure_threads = "failure-threads",
    role = "role",
    role_create = "role-create",
    role_epoch = "role-epoch",
    full_fail = "full-fail",
    full_drop = "full-drop",
    room_grows = "room-grows",
    room_grows_less = "room-grows-less",
    cut_grow = "cut-grow",
    room_shrinks = "room-shrinks",
    room_shrinking = "room-shrinking",
    revert = "revert",
    revert_write = "revert-write",
    revert_writer = "revert-writer",
    revert_look = "revert-look",
    revert_discard = "revert-discard",
    revert_delete = "revert-delete",
    revert_create = "revert-create",
    revert_compact = "revert-compact",
    revert_full = "revert-full",
    revert_drop = "revert-drop",
    cut_revert = "cut-revert",
    cut_revert_write = "cut-revert-write",
    cut_revert_flight = "cut-revert-flight",
    cut_revert_again = "cut-revert-again",
    kill_revert = "kill-revert",
    failure_revert = "failure-revert",
    role_revert = "role-revert",
    amend = "amend",
    amend_read = "amend-read",
    amend_write = "amend-write",
    amend_finish = "amend-finish",
    amend_twice = "amend-twice",
    amend_zeros = "amend-zeros",
    amend_delete = "amend-delete",
    amend_compact = "amend-compact",
    amend_revert = "amend-revert",
    amend_revert_read = "amend-revert-read",
    amend_revert_early = "amend-revert-early",
    amend_reuse = "amend-reuse",
    amend_full = "amend-full",
    amend_drop = "amend-drop",
    cut_amend = "cut-amend",
    cut_amend_passive = "cut-amend-passive",
    cut_amend_compact = "cut-amend-compact",
    cut_amend_revert = "cut-amend-revert",
    kill_amend = "kill-amend",
    failure_amend = "failure-amend",
    role_amend = "role-amend",
}
