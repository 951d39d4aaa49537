//! Shadow copy sets: no order of answers, deadlines and second thoughts breaks a promise, and without
//! any one of the set's rules one does.

use shadowvol::set::{SetRule, SetRules};
use shadowvol::sim::sets::{self, SetWorld, explore};

use crate::data;

/// More states than any of the worlds has.
const STATES: usize = 3_000_000;

#[test]
fn in_no_world_of_sets_is_a_promise_broken() {
    for world in sets::all() {
        assert_eq!(world.rules, SetRules::default());
        let report = explore(&world, STATES);
        data::check("sets", "name", &format!("set: {}", world.name), &report);
        println!("{}: {} states, {} steps", world.name, report.states, report.steps);
        if let Some(damage) = &report.damage {
            panic!("in {}:\n{damage}", world.name);
        }
        assert!(report.complete, "{} has more states", world.name);
        assert!(report.ends > 0, "{}", world.name);
    }
}

#[test]
fn without_any_one_rule_of_sets_a_promise_is_broken() {
    for rule in SetRule::ALL {
        let world = sets::without(rule);
        assert!(!world.rules.keeps(rule));
        assert!(sets::all().iter().any(|proven| proven.name == world.name), "{}", world.name);
        let report = explore(&world, STATES);
        data::check("sets", "name", &format!("{rule:?}"), &report);
        let damage = report.damage.unwrap_or_else(|| {
            panic!("no damage without {rule:?} in {} ({} states)", world.name, report.states)
        });
        println!("{rule:?}, in {}:\n{damage}\n", world.name);
    }
}

/// What nobody meets is not found: nobody answers twice here.
#[test]
fn a_broken_rule_of_sets_that_nobody_meets_does_no_damage() {
    let rules = SetRules::default().without(SetRule::AnswersOnce);
    let world = SetWorld { volumes: 1, repeats: 0, delays: 0, rules, ..SetWorld::new("once", 1) };
    assert!(explore(&world, STATES).is_proof());
}
