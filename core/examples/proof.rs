//! Prints what is proven: every world with its states, and every rule with the shortest story that
//! breaks a promise without it.
//!
//! `cargo run --release -p shadowvol --features sim --example proof -- [OPTION...] [NAME...]`
//!
//! `--long` adds the large worlds, `--stories` tells the stories, `--json` prints all of it as data
//! instead, names choose worlds and rules. `make stories` keeps that data for the notebooks.

use std::process::ExitCode;
use std::time::Instant;

use serde_json::{Value, json};
use shadowvol::Rule;
use shadowvol::set::SetRule;
use shadowvol::sim::sets::{self, SetReport, SetWorld};
use shadowvol::sim::{First, Limits, Report, Retold, Scenario, explore, retell, scenarios};

const PROOF: Limits = Limits { states: 60_000_000, first: First::Deepest };
const SETS: usize = 20_000_000;
const STORY: Limits = Limits { states: 5_000_000, first: First::Nearest };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let names: Vec<&String> = arguments.iter().filter(|name| !name.starts_with("--")).collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(*part));
    let (json, stories) = (has("--json"), has("--stories"));

    let mut proven = Vec::new();
    let large = if has("--long") { scenarios::large() } else { Vec::new() };
    let worlds = scenarios::all().into_iter().chain(large).filter(|world| chosen(world.name));
    for (nth, world) in worlds.enumerate() {
        let begun = Instant::now();
        let report = explore(&world, PROOF);
        if !json {
            print_world(nth == 0, &world, &report, begun.elapsed().as_secs_f64());
        }
        proven.push((world, report));
    }

    let mut needed = Vec::new();
    let rules = Rule::ALL.into_iter().filter(|rule| chosen(&format!("{rule:?}")));
    for (nth, rule) in rules.enumerate() {
        let world = scenarios::without(rule);
        let report = explore(&world, STORY);
        if !json {
            print_rule(nth == 0, rule, &world, &report, stories);
        }
        needed.push((rule, world, report));
    }

    let large = if has("--long") { sets::large() } else { Vec::new() };
    let of_sets = sets::all().into_iter().chain(large).map(|world| (world, None));
    let without = SetRule::ALL.into_iter().map(|rule| (sets::without(rule), Some(rule)));
    let mut explored = Vec::new();
    for (world, rule) in of_sets.chain(without) {
        let name = rule.map_or_else(|| format!("set: {}", world.name), |rule| format!("{rule:?}"));
        if chosen(&name) {
            let report = sets::explore(&world, SETS);
            if !json {
                print_set(explored.is_empty(), &name, &world, &report, stories);
            }
            explored.push((name, rule.is_none(), world.name, report));
        }
    }

    if json {
        println!("{}", data(&proven, &needed, &explored));
    }
    let sets_are =
        explored.iter().all(
            |(_, whole, _, report)| {
                if *whole { report.is_proof() } else { report.damage.is_some() }
            },
        );
    let sound = sets_are
        && proven.iter().all(|(_, report)| report.is_proof())
        && needed.iter().all(|(_, _, report)| report.damage.is_some());
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_world(is_first: bool, world: &Scenario, report: &Report, seconds: f64) {
    if is_first {
        println!(
            "{:<16} {:>6} {:>8} {:>6} {:>6} {:>9} {:>10} {:>8} {:>7}  result",
            "world",
            "active",
            "passive",
            "copies",
            "chunks",
            "states",
            "steps",
            "crashes",
            "seconds"
        );
    }
    let result = match (&report.damage, report.complete) {
        (Some(_), _) => "DAMAGE",
        (None, true) => "no damage",
        (None, false) => "NOT ALL STATES VISITED",
    };
    println!(
        "{:<16} {:>6} {:>8} {:>6} {:>6} {:>9} {:>10} {:>8} {seconds:>7.1}  {result}",
        world.name,
        world.actives.len(),
        world.passives.len(),
        world.copies(),
        world.chunks(),
        report.states,
        report.steps,
        report.crashes,
    );
    if let Some(story) = &report.damage {
        println!("{story}");
    }
}

fn print_rule(is_first: bool, rule: Rule, world: &Scenario, report: &Report, stories: bool) {
    if is_first {
        println!(
            "\n{:<24} {:<14} {:>9} {:>7}  damage",
            "without the rule", "in world", "states", "events"
        );
    }
    let (events, words) = match &report.damage {
        Some(story) => (story.events.len().to_string(), story.damage.as_str()),
        None => ("-".into(), "NONE FOUND: the rule is not needed, or the explorer does not see"),
    };
    let rule = format!("{rule:?}");
    println!("{rule:<24} {:<14} {:>9} {events:>7}  {words}", world.name, report.states);
    if let Some(story) = report.damage.as_ref().filter(|_| stories) {
        println!("\n{story}");
    }
}

fn print_set(is_first: bool, name: &str, world: &SetWorld, report: &SetReport, stories: bool) {
    if is_first {
        println!(
            "\n{:<24} {:<14} {:>9} {:>9}  result",
            "set, or without the rule", "in world", "states", "steps"
        );
    }
    let words = match (&report.damage, report.complete) {
        (Some(story), _) => story.damage.as_str(),
        (None, true) => "no damage",
        (None, false) => "NOT ALL STATES VISITED",
    };
    println!("{name:<24} {:<14} {:>9} {:>9}  {words}", world.name, report.states, report.steps);
    if let Some(story) = report.damage.as_ref().filter(|_| stories) {
        println!("\n{story}");
    }
}

fn data(
    proven: &[(Scenario, Report)],
    needed: &[(Rule, Scenario, Report)],
    explored: &[(String, bool, &str, SetReport)],
) -> String {
    let worlds = proven.iter().map(|(world, report)| {
        json!({
            "world": world.name,
            "story": world.story,
            "actives": world.actives.len(),
            "passives": world.passives.len(),
            "copies": world.copies(),
            "chunks": world.chunks(),
            "report": report,
        })
    });
    let rules = needed.iter().map(|(rule, world, report)| {
        json!({
            "rule": format!("{rule:?}"),
            "world": world.name,
            "report": report,
            "kept": kept(world, report),
        })
    });
    let sets = explored.iter().map(|(name, whole, world, report)| {
        json!({ "name": name, "world": world, "all_rules": whole, "report": report })
    });
    let parts = [("worlds", lines(worlds)), ("rules", lines(rules)), ("sets", lines(sets))];
    let parts = parts.map(|(name, lines)| format!("\"{name}\": [\n{lines}\n]"));
    format!("{{\n{}\n}}", parts.join(",\n"))
}

/// One item a line, so that a change shows where it is.
fn lines(items: impl Iterator<Item = Value>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(",\n")
}

/// The schedule of a read that is wrong without a rule, with all rules.
fn kept(world: &Scenario, report: &Report) -> Option<Retold> {
    let story = report.damage.as_ref()?;
    let (node, _) = story.events.last()?.lane?;
    let is_read = usize::from(node) >= world.actives.len();
    is_read.then(|| retell(&scenarios::named(world.name)?, story).ok()).flatten()
}
