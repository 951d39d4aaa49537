//! Every rule taken away: the explorer must find damage, or the rule is not needed, or the explorer
//! does not see.

use std::collections::BTreeSet;
use std::sync::Arc;

use shadowvol::sim::{Event, First, Limits, Scenario, World, explore, retell, scenarios};
use shadowvol::{Rule, Rules};

use crate::data;

const LIMITS: Limits = Limits { states: 1_000_000, first: First::Nearest };

#[test]
fn without_any_one_rule_a_promise_is_broken() {
    let mut stepped = BTreeSet::new();
    for rule in Rule::ALL {
        let world = scenarios::without(rule);
        assert!(!world.rules.keeps(rule));
        let report = explore(&world, LIMITS);
        data::check("rules", "rule", &format!("{rule:?}"), &report);
        let story = report.damage.unwrap_or_else(|| {
            panic!(
                "no damage without {rule:?} in the world {} ({} states)",
                world.name, report.states
            )
        });
        println!("{rule:?}: {} events, {}", story.events.len(), story.damage);
        for event in &story.events {
            assert!(STEPS.contains(&event.step) && !event.text.is_empty(), "{event:?} in {story}");
            if event.action.is_some() && event.place.is_none() {
                stepped.insert(event.step);
            }
        }
    }
    assert!(stepped.contains("W3"), "a writer that waits for its commit, in {stepped:?}");
}

/// What no wrong byte tells of: slots that leak, and readers that never come to an end.
#[test]
fn leaks_and_endless_retries_are_seen_for_what_they_are() {
    use Rule::{DecideDoubts, FollowLoaded, FreeOldJournal, GiveBackUnused, NoteNews};
    use Rule::{SweepAtRecovery, SweepDeleted, TornTwiceIsTruth};
    let leaks = [GiveBackUnused, SweepDeleted, SweepAtRecovery, FreeOldJournal];
    let retries = [TornTwiceIsTruth, DecideDoubts, NoteNews, FollowLoaded];
    for (rules, words) in [(leaks, "leaked"), (retries, "retries for ever")] {
        for rule in rules {
            let story = explore(&scenarios::without(rule), LIMITS).damage.expect("damage");
            assert!(story.damage.contains(words), "without {rule:?}: {}", story.damage);
        }
    }
}

/// The worlds that show the damage are explored with all rules, too.
#[test]
fn each_such_world_is_proven_with_the_rule() {
    let all = scenarios::all();
    for rule in Rule::ALL {
        let world = scenarios::without(rule);
        assert!(all.iter().any(|other| other.name == world.name), "{}", world.name);
        assert_ne!(world.rules, Rules::default());
    }
}

/// A story is what happened: played again, it breaks the same promise, and not before its end.
#[test]
fn a_story_can_be_played_again() {
    let world = scenarios::without(Rule::ConfirmAbsence);
    let story = explore(&world, LIMITS).damage.expect("a wrong read");
    let mut again = World::new(&Arc::new(world));
    for event in &story.events {
        let Some(action) = event.action else { continue };
        assert_eq!(again.broken(), None);
        assert_eq!(&again.tell(action), event);
        again.act(action);
    }
    assert_eq!(again.broken(), Some(&*story.damage));
}

/// In the same schedule the rule saves the read: it finds what the copy is, or is refused.
#[test]
fn with_the_rule_the_same_schedule_ends_well() {
    let mut saved = Vec::new();
    for rule in Rule::ALL {
        let world = scenarios::without(rule);
        let story = explore(&world, LIMITS).damage.expect("damage");
        let lane = story.events.last().and_then(|event| event.lane);
        if lane.is_none_or(|(node, _)| usize::from(node) < world.actives.len()) {
            continue;
        }
        let careful = scenarios::named(world.name).expect("the world");
        let retold = retell(&careful, &story).expect("sense");
        assert_eq!(retold.events[..retold.alike], story.events[..retold.alike]);
        assert!(retold.alike > 2, "{rule:?}: {retold:?}");
        data::check_kept(&format!("{rule:?}"), &retold);
        saved.push((rule, retold.found));
    }
    println!("{saved:?}");
    assert!(saved.contains(&(Rule::ConfirmAbsence, Some(vec![Some(1); 2]))));
    assert!(saved.contains(&(Rule::CheckAlive, None)), "it is gone");
}

/// What a read loads of a journal that has moved was once told as a slot.
#[test]
fn a_read_that_loads_a_journal_is_told_so() {
    let story = explore(&scenarios::without(Rule::SuperblockAfterTail), LIMITS).damage;
    let world = scenarios::named("compact").expect("a world");
    let retold = retell(&world, &story.expect("damage")).expect("sense");
    let of = |step| retold.events.iter().filter(move |event| event.step == step);
    let old_bytes = |event: &Event| event.place.as_ref().is_some_and(|at| !at.units.is_empty());
    assert!(of("R4").count() > 0 && of("R4").all(old_bytes), "{:?}", retold.events);
    assert!(of("R3").count() > 6, "the journal is loaded: {:?}", retold.events);
}

/// The steps of the protocol, the requests, and the mishaps.
const STEPS: [&str; 23] = [
    "W1", "W2", "W3", "W4", "R1", "R2", "R3", "R4", "create", "amend", "finish", "delete",
    "revert", "settle", "look", "compact", "flush", "room", "role", "close", "power", "death",
    "failure",
];

/// The steps of a write and of a read are told, and so are the look-ups that nobody can tell the time
/// of.
#[test]
fn a_story_names_all_its_steps() {
    let mut told = BTreeSet::new();
    for rule in [Rule::ConfirmAbsence, Rule::BarrierBehindRecords, Rule::CheckAlive] {
        let story = explore(&scenarios::without(rule), LIMITS).damage.expect("damage");
        told.extend(story.events.iter().map(|event| event.step));
        let looks_up = |event: &&Event| matches!(event.step, "W1" | "R1");
        let first = story.events.iter().find(looks_up).expect("a look-up");
        assert_eq!(first.action, None, "it follows from the beginning: {story}");
    }
    for step in ["W1", "W2", "W3", "W4", "R1", "R2", "R3", "power", "delete"] {
        assert!(told.contains(step), "nobody tells {step} in {told:?}");
    }
}

/// A story is data, too: whoever keeps the units in an array and follows what lands sees the same
/// bytes as the passive, and so why they are wrong.
#[test]
fn a_story_can_be_drawn_from_what_lands() {
    let story = explore(&scenarios::without(Rule::ConfirmAbsence), LIMITS).damage.expect("damage");
    let mut volume = [Some(1); 4];
    let (mut preserved, mut read) = (Vec::new(), BTreeSet::new());
    for event in &story.events {
        let Some(place) = &event.place else { continue };
        assert!(place.bytes > 0 && !event.node.is_empty(), "{event:?}");
        for held in &place.units {
            match (event.step, place.origin) {
                ("W2", false) => preserved.push((held.unit, held.value)),
                ("W4", true) => volume[held.unit] = held.value,
                ("W2" | "R2", true) => {
                    assert_eq!(held.value, volume[held.unit], "{event:?}");
                    if event.step == "R2" {
                        read.insert((held.unit, held.value));
                    }
                }
                other => panic!("{other:?} touches units: {event:?}"),
            }
        }
    }
    assert_eq!(preserved, [(0, Some(1)), (1, Some(1))], "what the copy should have shown");
    assert!(read.iter().any(|&(_, value)| value == Some(2)), "{story}");
}

/// Depth first and breadth first visit the same states.
#[test]
fn the_order_of_the_search_makes_no_difference_to_a_proof() {
    let world = scenarios::named("create").expect("a world");
    let [deep, near] = [First::Deepest, First::Nearest].map(|first| {
        let report = explore(&world, Limits { first, ..LIMITS });
        (report.states, report.steps, report.ends)
    });
    assert_eq!(deep, near);
}

/// What nobody reads is not found: the explorer does not cry wolf over a broken rule alone.
#[test]
fn a_broken_rule_that_nobody_meets_does_no_damage() {
    let rules = Rules::default().without(Rule::FullFails);
    let world = Scenario { rules, ..scenarios::named("overwrite").expect("a world") };
    assert!(explore(&world, LIMITS).is_proof());
}
