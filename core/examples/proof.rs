//! Prints what is proven: every world with its states, and every rule with the shortest story that
//! breaks a promise without it.
//!
//! `cargo run --release -p shadowvol --features sim --example proof -- [--long] [--stories] [NAME...]`
//!
//! `--long` adds the large worlds, `--stories` tells the stories, names choose worlds and rules.

use std::process::ExitCode;
use std::time::Instant;

use shadowvol::Rule;
use shadowvol::sim::{First, Limits, Report, Scenario, explore, scenarios};

const PROOF: Limits = Limits { states: 60_000_000, first: First::Deepest };
const STORY: Limits = Limits { states: 5_000_000, first: First::Nearest };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let names: Vec<&String> = arguments.iter().filter(|name| !name.starts_with("--")).collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(*part));
    let mut sound = true;

    println!(
        "{:<16} {:>6} {:>8} {:>6} {:>6} {:>9} {:>10} {:>8} {:>7}  result",
        "world", "active", "passive", "copies", "chunks", "states", "steps", "crashes", "seconds"
    );
    let large = if has("--long") { scenarios::large() } else { Vec::new() };
    for world in scenarios::all().into_iter().chain(large).filter(|world| chosen(world.name)) {
        let begun = Instant::now();
        let report = explore(&world, PROOF);
        sound &= report.is_proof();
        row(&world, &report, begun);
        if let Some(story) = &report.damage {
            println!("{story}");
        }
    }

    println!(
        "\n{:<24} {:<14} {:>9} {:>7}  damage",
        "without the rule", "in world", "states", "events"
    );
    for rule in Rule::ALL {
        let name = format!("{rule:?}");
        if !chosen(&name) {
            continue;
        }
        let world = scenarios::without(rule);
        let report = explore(&world, STORY);
        let (events, words) = match &report.damage {
            Some(story) => (story.events.len().to_string(), story.damage.as_str()),
            None => {
                ("-".into(), "NONE FOUND: the rule is not needed, or the explorer does not see")
            }
        };
        println!("{name:<24} {:<14} {:>9} {events:>7}  {words}", world.name, report.states);
        sound &= report.damage.is_some();
        if let Some(story) = report.damage.filter(|_| has("--stories")) {
            println!("\n{story}");
        }
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn row(world: &Scenario, report: &Report, begun: Instant) {
    let result = match (&report.damage, report.complete) {
        (Some(_), _) => "DAMAGE",
        (None, true) => "no damage",
        (None, false) => "NOT ALL STATES VISITED",
    };
    println!(
        "{:<16} {:>6} {:>8} {:>6} {:>6} {:>9} {:>10} {:>8} {:>7.1}  {result}",
        world.name,
        world.actives.len(),
        world.passives.len(),
        world.copies(),
        world.chunks(),
        report.states,
        report.steps,
        report.crashes,
        begun.elapsed().as_secs_f64(),
    );
}
